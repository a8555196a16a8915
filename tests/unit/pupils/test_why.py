"""Every reason, as far as it is known, has words, somebody who can mend it, and what to do."""

import pytest

from outreach.pupils.models import MissingReason, SuppressionReason
from outreach.pupils.reach.reasons import WRONG_PERSON, Mender, Reason
from outreach.pupils.reach.why import KNOWN, WHYS, Detail, Why


@pytest.mark.parametrize("why", WHYS, ids=lambda why: why.key)
def test_every_why_says_what_is_wrong_who_mends_it_and_how(why: Why) -> None:
    assert why.words
    assert len(why.short) <= 20
    assert isinstance(why.mender, Mender)
    assert why.to_do.endswith(".")
    assert KNOWN[why.key] == why


@pytest.mark.parametrize("reason", SuppressionReason)
def test_whatever_suppressed_an_address_is_told_apart(reason: SuppressionReason) -> None:
    assert Why.read(Reason.SUPPRESSED, reason.value).detail is Detail(reason.value)


@pytest.mark.parametrize("reason", MissingReason)
def test_however_a_pupil_went_missing_is_told_apart(reason: MissingReason) -> None:
    assert Why.read(Reason.MISSING_FROM_SYNC, reason.value).detail is Detail(reason.value)


def test_a_detail_of_another_reason_says_nothing() -> None:
    assert Why.read(Reason.LEFT_SCHOOL, "bounced") == Why(Reason.LEFT_SCHOOL)
    assert Why.read(Reason.SUPPRESSED, None) == Why(Reason.SUPPRESSED)


def test_bounced_mail_is_the_it_teams_and_a_wrong_person_the_mis_offices() -> None:
    assert Why(Reason.SUPPRESSED, Detail.BOUNCED).mender is Mender.IT_TEAM
    assert Why(Reason.SUPPRESSED, Detail.WRONG_PERSON).mender is Mender.MIS_OFFICE
    assert Why(Reason.SUPPRESSED, Detail.WRONG_PERSON).words == WRONG_PERSON
    assert Why(Reason.SUPPRESSED, Detail.COMPLAINT).mender is Mender.STUDENT
