"""The forms of the objections register: what was typed, and what it means."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from werkzeug.datastructures import MultiDict

from outreach.pupils.objections.models import Instructor, ObjectionScope
from outreach.pupils.objections.rules import Instruction

TypedDay = tuple[str, str, str]


@dataclass(frozen=True)
class InstructionForm:
    """As typed. `instructed_on` is (day, month, year)."""

    scope: str
    instructed_by: str
    instructed_on: TypedDay
    evidence: str

    @property
    def chosen_scope(self) -> ObjectionScope | None:
        return next((one for one in ObjectionScope if one.value == self.scope), None)

    @property
    def chosen_instructor(self) -> Instructor | None:
        return next((one for one in Instructor if one.value == self.instructed_by), None)

    def faults(self) -> dict[str, str]:
        """What cannot be understood, by field; the rules of objections come after."""
        faults: dict[str, str] = {}
        if self.chosen_scope is None:
            faults["scope"] = "Choose what they object to"
        if self.chosen_instructor is None:
            faults["instructed_by"] = "Choose whose word it is"
        if day_of(self.instructed_on) is None:
            faults["instructed_on"] = day_fault(self.instructed_on)
        return faults

    def instruction(self) -> Instruction:
        """Only where there are no faults."""
        by, on = self.chosen_instructor, day_of(self.instructed_on)
        assert by is not None
        assert on is not None
        return Instruction(by, on, self.evidence or None)


@dataclass(frozen=True)
class TellingForm:
    """As typed. `told_on` is (day, month, year)."""

    scope: str
    years: tuple[str, ...]
    told_on: TypedDay

    @property
    def chosen_scope(self) -> ObjectionScope | None:
        return next((one for one in ObjectionScope if one.value == self.scope), None)

    @property
    def chosen_years(self) -> list[int]:
        return [int(year) for year in self.years if year.isdecimal() and len(year) <= 2]

    @property
    def day(self) -> date | None:
        return day_of(self.told_on)

    def faults(self) -> dict[str, str]:
        faults: dict[str, str] = {}
        if self.chosen_scope is None:
            faults["scope"] = "Choose what they were told of"
        if not self.chosen_years:
            faults["years"] = "Choose at least one year"
        if self.day is None:
            faults["told_on"] = day_fault(self.told_on)
        return faults


def usual_instruction(
    today: date,
    scope: ObjectionScope = ObjectionScope.MAIL,
    by: Instructor = Instructor.PUPIL,
) -> InstructionForm:
    """What staff most often record: a pupil says today that they want no more mail."""
    return InstructionForm(scope.value, by.value, typed(today), "")


def read_instruction(form: Mapping[str, str], today: date) -> InstructionForm:
    """A button of one press sends no fields: then it is a pupil's word about mail, of today."""
    usual = usual_instruction(today)
    has_day = any(f"instructed_on-{part}" in form for part in ("day", "month", "year"))
    return InstructionForm(
        scope=form.get("scope", usual.scope),
        instructed_by=form.get("instructed_by", usual.instructed_by),
        instructed_on=read_day(form, "instructed_on") if has_day else usual.instructed_on,
        evidence=" ".join(form.get("evidence", "").split()),
    )


def read_telling(form: MultiDict[str, str]) -> TellingForm:
    years = tuple(form.getlist("years"))
    return TellingForm(form.get("scope", ""), years, read_day(form, "told_on"))


def read_day(form: Mapping[str, str], name: str) -> TypedDay:
    day, month, year = (form.get(f"{name}-{part}", "").strip() for part in ("day", "month", "year"))
    return day, month, year


def typed(day: date) -> TypedDay:
    return str(day.day), str(day.month), str(day.year)


def day_of(parts: TypedDay) -> date | None:
    day, month, year = parts
    try:
        return date(int(year), int(month), int(day))
    except (ValueError, OverflowError):
        return None


def day_fault(parts: TypedDay) -> str:
    if not any(parts):
        return "Enter the day"
    return "The day must be a real date, for example 27 3 2027"
