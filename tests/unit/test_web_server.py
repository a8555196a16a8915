"""Where the web server listens."""

from pathlib import Path

import pytest

from outreach.running.web import bind_addresses
from outreach.settings import load
from tests.unit.test_settings import PUBLIC


@pytest.mark.parametrize(
    ("given", "addresses"),
    [
        ({}, ["127.0.0.1:8000"]),
        ({"PUBLIC_URL": "http://localhost:8001", "PORT": "8001"}, ["127.0.0.1:8001"]),
        ({"PUBLIC_URL": "https://[::1]"}, ["[::1]:8000"]),
        (PUBLIC, ["0.0.0.0:8000"]),
    ],
)
def test_a_loopback_public_url_is_served_on_loopback_alone(
    tmp_path: Path, given: dict[str, str], addresses: list[str]
) -> None:
    assert bind_addresses(load({"DATA_DIR": str(tmp_path / "data"), **given})) == addresses
