"""The estimate of how long the mail still takes."""

from datetime import timedelta

import pytest

from outreach.campaigns.time_left import estimate, in_words

MINUTE = timedelta(minutes=1)


def test_what_waits_takes_as_long_as_the_last_minute_says() -> None:
    assert estimate(waiting=600, gone=200, measured=MINUTE) == 3 * MINUTE


def test_a_first_moment_says_nothing() -> None:
    assert estimate(waiting=600, gone=50, measured=timedelta(seconds=1)) is None


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(seconds=20), "less than a minute"),
        (timedelta(seconds=70), "about a minute"),
        (timedelta(minutes=12, seconds=10), "about 12 minutes"),
        (timedelta(hours=3, minutes=10), "about 3 hours"),
        (timedelta(days=2, hours=3), "about 2 days"),
    ],
)
def test_it_is_said_coarsely(left: timedelta, words: str) -> None:
    assert in_words(left) == words
