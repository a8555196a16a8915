"""Whose word an objection is: the parent's until 16, the pupil's from the birthday on."""

from datetime import date
from uuid import uuid4

import pytest

from outreach.pupils.objections.models import Instructor, ObjectionScope
from outreach.pupils.objections.rules import (
    Instruction,
    instruction_faults,
    may_lift,
    may_object,
    right_of,
    sixteenth_birthday,
)
from outreach.pupils.objections.telling import Telling, Told, where_told

PUPIL, PARENT = Instructor.PUPIL, Instructor.PARENT
MAIL, SHARING, AUTHORITY = (
    ObjectionScope.MAIL,
    ObjectionScope.POST_16_SHARING,
    ObjectionScope.LOCAL_AUTHORITY,
)
BORN = date(2011, 3, 14)
EVE, BIRTHDAY = date(2027, 3, 13), date(2027, 3, 14)


@pytest.mark.parametrize(
    ("born", "sixteen"),
    [
        (BORN, BIRTHDAY),
        (date(2012, 2, 29), date(2028, 2, 29)),
        (date(2084, 2, 29), date(2100, 3, 1)),
    ],
)
def test_an_age_is_reached_on_the_anniversary_of_the_birth(born: date, sixteen: date) -> None:
    assert sixteenth_birthday(born) == sixteen


@pytest.mark.parametrize("scope", [SHARING, AUTHORITY])
def test_about_sharing_a_parent_decides_until_the_birthday_and_the_pupil_from_it_on(
    scope: ObjectionScope,
) -> None:
    assert may_object(scope, PARENT, BORN, EVE).refusal is None
    assert may_object(scope, PUPIL, BORN, BIRTHDAY).refusal is None
    for by, day, other in ((PUPIL, EVE, "a parent"), (PARENT, BIRTHDAY, "the pupil")):
        refusal = may_object(scope, by, BORN, day).refusal
        assert refusal is not None
        assert "14 March 2027" in refusal
        assert f"Ask {other}" in refusal


def test_mail_is_any_pupils_own_to_stop_and_a_parents_until_the_birthday() -> None:
    assert may_object(MAIL, PUPIL, BORN, date(2022, 9, 5)).refusal is None
    assert may_object(MAIL, PARENT, BORN, EVE).refusal is None
    assert "14 March 2027" in (may_object(MAIL, PARENT, BORN, BIRTHDAY).refusal or "")


@pytest.mark.parametrize("by", Instructor, ids=lambda by: by.value)
def test_without_a_date_of_birth_it_is_taken_with_a_note(by: Instructor) -> None:
    verdict = may_object(SHARING, by, None, EVE)

    assert verdict.refusal is None
    assert "age could not be checked" in (verdict.note or "")


@pytest.mark.parametrize(
    ("scope", "made_by", "by", "day", "may"),
    [
        (SHARING, PARENT, PARENT, EVE, True),
        (SHARING, PARENT, PUPIL, EVE, False),
        (SHARING, PARENT, PARENT, BIRTHDAY, False),
        (SHARING, PARENT, PUPIL, BIRTHDAY, True),
        (MAIL, PARENT, PUPIL, EVE, False),
        (MAIL, PARENT, PUPIL, BIRTHDAY, True),
        (MAIL, PUPIL, PUPIL, EVE, True),
        (MAIL, PUPIL, PARENT, EVE, False),
    ],
)
def test_an_objection_is_lifted_by_whoever_has_the_right_that_day(
    scope: ObjectionScope, made_by: Instructor, by: Instructor, day: date, may: bool
) -> None:
    assert (may_lift(scope, made_by, by, BORN, day).refusal is None) is may


def test_the_right_passes_at_the_birthday_and_the_objection_stays() -> None:
    before, after = right_of(PARENT, BORN, EVE), right_of(PARENT, BORN, BIRTHDAY)

    assert not before.has_passed
    assert "passes to the pupil on 14 March 2027" in before.words
    assert after.has_passed
    assert after.words == (
        "The right is now the pupil’s (16 on 14 March 2027): ask them whether it stands"
    )
    assert not right_of(PUPIL, BORN, BIRTHDAY).has_passed
    assert not right_of(PARENT, None, BIRTHDAY).has_passed


@pytest.mark.parametrize(
    ("scope", "on", "evidence", "wrong"),
    [
        (SHARING, EVE, "Email of 3 May", set()),
        (SHARING, EVE, None, {"evidence"}),
        (MAIL, EVE, None, set()),
        (MAIL, EVE, "x" * 501, {"evidence"}),
        (SHARING, BIRTHDAY, "x" * 500, {"instructed_on"}),
        (SHARING, date(2010, 1, 1), "Letter", {"instructed_on"}),
        (SHARING, date(2026, 12, 31), "Letter", {"instructed_on"}),
    ],
)
def test_the_day_and_the_evidence_are_checked(
    scope: ObjectionScope, on: date, evidence: str | None, wrong: set[str]
) -> None:
    """Asked on the eve of the birthday, about an objection that was made on New Year's Day."""
    instruction = Instruction(PARENT, on, evidence)

    assert set(instruction_faults(scope, instruction, BORN, EVE, date(2027, 1, 1))) == wrong


def telling(told_on: date, ends_on: date, *years: int) -> Telling:
    return Telling(uuid4(), SHARING, years, told_on, ends_on)


TOLD_IN_MAY = telling(date(2026, 5, 4), date(2026, 6, 1), 10)


@pytest.mark.parametrize(
    ("year", "started_on", "today", "told"),
    [
        (10, None, date(2026, 6, 1), Told.DAYS_RUN),
        (10, None, date(2026, 6, 2), Told.DAYS_OVER),
        (11, None, date(2026, 9, 1), Told.DAYS_OVER),
        (10, None, date(2026, 9, 1), Told.NEVER),
        (11, date(2026, 5, 5), date(2026, 9, 1), Told.NEVER),
        (9, None, date(2026, 6, 2), Told.NEVER),
    ],
    ids=["last day", "day after", "moved up", "next in line", "joined later", "not told"],
)
def test_twenty_eight_days_must_be_over_for_those_who_were_told(
    year: int, started_on: date | None, today: date, told: Told
) -> None:
    assert where_told([TOLD_IN_MAY], year, started_on, today).told is told


def test_telling_a_second_time_starts_no_days_anew() -> None:
    again = telling(date(2026, 6, 10), date(2026, 7, 8), 10)

    assert where_told([again, TOLD_IN_MAY], 10, None, date(2026, 6, 12)).told is Told.DAYS_OVER
