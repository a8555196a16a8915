"""Counts of an audience: they add up, and survive being frozen."""

from outreach.campaigns.audience import Audience
from outreach.pupils.reach.reasons import Reason


def test_asked_is_mailable_and_excluded_together() -> None:
    audience = Audience.counted({None: 7, Reason.NO_ADDRESS: 2, Reason.OBJECTED: 1})
    assert (audience.asked, audience.mailable) == (10, 7)
    assert list(audience.excluded) == [Reason.OBJECTED, Reason.NO_ADDRESS]


def test_a_frozen_audience_thaws_to_the_same() -> None:
    audience = Audience.counted({None: 7, Reason.NO_ADDRESS: 2})
    assert Audience.thawed(audience.frozen()) == audience
    assert audience.frozen() == {"asked": 9, "mailable": 7, "excluded": {"no_address": 2}}
