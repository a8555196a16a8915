"""A school whose URN changes stays the school that it was."""

import pytest

from outreach.clock import now
from outreach.database import Sessions, transaction
from outreach.errors import Refusal
from outreach.schools.models import School
from outreach.schools.renumbering import change_urn, find_school
from tests.factories import MadeSchool, make_school


def renumber(sessions: Sessions, made: MadeSchool, urn: str) -> None:
    with transaction(sessions, made.id) as session:
        change_urn(session, session.get_one(School, made.id), urn, now())


def found(sessions: Sessions, urn: str) -> object:
    with transaction(sessions) as session:
        school = find_school(session, urn)
        return school.id if school else None


def test_the_old_urn_still_finds_the_school_and_the_new_one_too(sessions: Sessions) -> None:
    made = make_school(sessions)

    renumber(sessions, made, "654321")

    assert found(sessions, made.urn) == found(sessions, "654321") == made.id


def test_a_school_that_takes_a_former_urn_is_the_one_that_is_found(sessions: Sessions) -> None:
    first, second = make_school(sessions), make_school(sessions)
    renumber(sessions, first, "654321")

    renumber(sessions, second, first.urn)

    assert found(sessions, first.urn) == second.id
    assert found(sessions, second.urn) == second.id


@pytest.mark.parametrize("urn", ["12345", "abcdef", "0123456"])
def test_what_is_no_urn_is_refused(sessions: Sessions, urn: str) -> None:
    made = make_school(sessions)

    with pytest.raises(Refusal, match="six digits"):
        renumber(sessions, made, urn)


def test_another_schools_urn_is_refused(sessions: Sessions) -> None:
    first, second = make_school(sessions), make_school(sessions)

    with pytest.raises(Refusal, match="another school"):
        renumber(sessions, first, second.urn)
    assert found(sessions, first.urn) == first.id
