"""What every journey of a student begins with: a launched campaign, and a clock to turn."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from tests.journeys.dsl import Launched, TurnedClock, launch_for, tiny_library_and_clock


@pytest.fixture
def clock(app: Flask) -> Iterator[TurnedClock]:
    with tiny_library_and_clock(app) as turned:
        yield turned


@pytest.fixture
def launched(app: Flask, clock: TurnedClock) -> Launched:
    """The tiny questionnaire with branches: met → helped → plan, and last."""
    return launch_for(app, clock)


@pytest.fixture
def launch(app: Flask, clock: TurnedClock) -> Callable[..., Launched]:
    return lambda *questionnaire, **pupil: launch_for(app, clock, *questionnaire, **pupil)
