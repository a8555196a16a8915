"""Waits grow, stay within bounds, and differ from one another."""

from datetime import timedelta

import pytest

from outreach.campaigns.waits import pause_after, wait_after


@pytest.mark.parametrize(
    ("tries", "seconds"),
    [(1, 15), (2, 60), (3, 240), (4, 900), (5, 3600), (6, 14_400), (60, 14_400)],
)
def test_a_deferred_message_waits_longer_each_time(tries: int, seconds: int) -> None:
    wait = wait_after(tries)
    assert timedelta(seconds=seconds * 0.8) <= wait <= timedelta(seconds=seconds * 1.2)


@pytest.mark.parametrize(("failures", "seconds"), [(0, 2), (1, 4), (2, 8), (5, 60), (10_000, 60)])
def test_a_mail_server_that_is_down_is_looked_at_at_least_every_72_seconds(
    failures: int, seconds: int
) -> None:
    pause = pause_after(failures)
    assert timedelta(seconds=seconds * 0.8) <= pause <= timedelta(seconds=seconds * 1.2)


def test_waits_are_jittered() -> None:
    assert len({wait_after(3) for _ in range(20)}) > 1
