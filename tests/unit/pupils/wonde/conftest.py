"""The practice Wonde over a real socket, and sources that ask it."""

from collections.abc import Iterator

import pytest

from outreach.practice.server import PracticeServer, serving
from outreach.practice.wonde_school import WondeSchool
from outreach.pupils.sources.wonde import WondeSource
from tests.unit.pupils.wonde.asking import APP, Wonde, source_of


@pytest.fixture
def wonde() -> Wonde:
    return Wonde()


@pytest.fixture
def school(wonde: Wonde) -> WondeSchool:
    return wonde.school


@pytest.fixture
def server(wonde: Wonde) -> Iterator[PracticeServer]:
    with serving({"wonde": wonde}) as server:
        yield server


@pytest.fixture
def source(server: PracticeServer, wonde: Wonde) -> WondeSource:
    return source_of(server, wonde)


@pytest.fixture
def app_source(server: PracticeServer, wonde: Wonde) -> WondeSource:
    """Asked with the application's own token, which sees schools of every state."""
    return source_of(server, wonde, APP)
