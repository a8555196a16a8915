"""The form of a new campaign: what was typed, what is wrong with it, and what it means."""

from dataclasses import dataclass
from datetime import date, datetime

from werkzeug.datastructures import MultiDict

from outreach.campaigns.creating import LONGEST_NAME
from outreach.campaigns.pinning import BY_STAGE
from outreach.campaigns.views.choosing import GROUP_FIELDS, Choices, suggested_closing
from outreach.clock import london_date
from outreach.pupils.groups import GroupName

LONGEST_OPEN_YEARS = 2
"""A closing date further ahead than this is a slip of the finger."""


@dataclass(frozen=True)
class NewCampaign:
    """As typed. `closes_on` is (day, month, year); nothing in all three means no closing date."""

    name: str
    questionnaire: str
    years: tuple[str, ...]
    groups: tuple[str, ...]
    closes_on: tuple[str, str, str]

    @property
    def chosen_years(self) -> list[int]:
        return [int(year) for year in self.years]

    @property
    def closing_date(self) -> date | None:
        """Raises ValueError for a day that does not exist."""
        if not any(self.closes_on):
            return None
        day, month, year = self.closes_on
        return date(int(year), int(month), int(day))


def empty_form(choices: Choices, now: datetime) -> NewCampaign:
    first = choices.questionnaires[0][0] if choices.questionnaires else ""
    usual = first if first == BY_STAGE or len(choices.questionnaires) == 1 else ""
    return NewCampaign("", usual, (), (), suggested_closing(now))


def read_form(form: MultiDict[str, str]) -> NewCampaign:
    return NewCampaign(
        name=" ".join(form.get("name", "").split()),
        questionnaire=form.get("questionnaire", ""),
        years=tuple(form.getlist("years")),
        groups=tuple(
            GroupName.read(key).key for field in GROUP_FIELDS for key in form.getlist(field)
        ),
        closes_on=tuple(  # type: ignore[arg-type]  # three names, three values
            form.get(f"closes_on-{part}", "").strip() for part in ("day", "month", "year")
        ),
    )


def check_form(typed: NewCampaign, choices: Choices, now: datetime) -> dict[str, str]:
    """Field to what is wrong, in the order of the page. Empty where all is well."""
    errors: dict[str, str] = {}
    if not typed.name:
        errors["name"] = "Enter a name for the campaign, for example Year 10, autumn term"
    elif len(typed.name) > LONGEST_NAME:
        errors["name"] = f"Use {LONGEST_NAME} characters or fewer for the name"
    if typed.questionnaire not in {value for value, _, _ in choices.questionnaires}:
        errors["questionnaire"] = "Choose a questionnaire"
    if not (typed.years or typed.groups):
        errors["years"] = "Choose at least one year or one group"
    elif not set(typed.years) <= {value for value, _, _ in choices.years}:
        errors["years"] = "Choose years from the list: the roster has changed"
    elif not set(typed.groups) <= choices.group_keys:
        errors["groups"] = "Choose groups from the list: the roster has changed"
    if fault := _closing_fault(typed, london_date(now)):
        errors["closes_on"] = fault
    return errors


def _closing_fault(typed: NewCampaign, today: date) -> str | None:
    names = ("day", "month", "year")
    missing = [name for name, value in zip(names, typed.closes_on, strict=True) if not value]
    if missing and len(missing) < len(names):
        return f"The closing date needs a {' and a '.join(missing)}, or leave all three empty"
    try:
        closes_on = typed.closing_date
    except (ValueError, OverflowError):
        return "The closing date must be a real date, for example 27 3 2027"
    if closes_on is None:
        return None
    if closes_on < today:
        return "The closing date must be today or later"
    if closes_on.year - today.year > LONGEST_OPEN_YEARS:
        return f"The closing date must be within {LONGEST_OPEN_YEARS} years"
    return None
