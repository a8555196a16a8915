"""What every journey of a student begins with: a launched campaign, and a clock to turn."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from outreach.answering.models import Mode
from tests.journeys.dsl import Launched, TurnedClock, launch_for, tiny_library_and_clock


@pytest.fixture
def clock(app: Flask) -> Iterator[TurnedClock]:
    with tiny_library_and_clock(app) as turned:
        yield turned


@pytest.fixture
def mode() -> Mode:
    """How students answer in a test. Journeys of answering run in both: see `BOTH_MODES`."""
    return Mode.PAGES


@pytest.fixture
def launched(app: Flask, clock: TurnedClock, mode: Mode) -> Launched:
    """The tiny questionnaire with branches: met → helped → plan, and last."""
    return launch_for(app, clock, mode=mode)


@pytest.fixture
def launch(app: Flask, clock: TurnedClock, mode: Mode) -> Callable[..., Launched]:
    return lambda *questionnaire, **pupil: launch_for(
        app, clock, *questionnaire, mode=mode, **pupil
    )
