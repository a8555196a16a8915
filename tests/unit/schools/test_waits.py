"""How long mail to staff waits between tries."""

from datetime import timedelta

from outreach.schools.account_mail import LONGEST_WAIT, wait_before


def test_waits_grow_and_then_stay() -> None:
    waits = [wait_before(attempt) for attempt in range(2, 12)]

    assert waits[0] < timedelta(seconds=30)
    assert waits[3] > waits[0] * 4
    assert all(wait <= LONGEST_WAIT * 1.2 for wait in waits)
    assert wait_before(500) <= LONGEST_WAIT * 1.2
