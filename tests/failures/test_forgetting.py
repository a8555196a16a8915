"""`make clean-data`: everything of ours goes, nothing of anybody else's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from outreach.running.embedded import database_for_command
from outreach.running.forgetting import NotOurs, forget
from outreach.running.places import places_of
from outreach.settings import load
from tests.failures.running_set import environ_for, query, running_parts

pytestmark = pytest.mark.failure


def test_a_running_set_is_ended_and_its_folder_and_database_are_gone(set_dir: Path) -> None:
    with running_parts(set_dir) as running:
        recorded = running.records()
        places = places_of(set_dir)
        done = subprocess.run(
            [sys.executable, "-m", "outreach.running", "--forget"],
            env=environ_for(set_dir),
            capture_output=True,
            text=True,
            check=True,
        )
        assert "Forgot everything" in done.stdout
        assert not set_dir.exists()
        assert not any(place.exists() for place in places)
        assert bool(places) == (os.geteuid() == 0)
        assert not any(record.is_alive() for record in recorded)


def test_a_folder_that_held_other_things_first_is_left_alone(tmp_path: Path) -> None:
    letter = tmp_path / "letters" / "one.txt"
    letter.parent.mkdir()
    letter.touch()
    load({"DATA_DIR": str(letter.parent)})
    with pytest.raises(NotOurs, match="nothing in it was deleted"):
        forget(letter.parent)
    assert letter.exists()


def test_a_folder_that_is_not_there_is_no_fault(tmp_path: Path) -> None:
    assert "nothing" in forget(tmp_path / "none")


def test_after_forgetting_a_start_makes_everything_new(set_dir: Path) -> None:
    first = load({"DATA_DIR": str(set_dir)})
    with database_for_command(first) as used:
        query(used.database_url, "CREATE TABLE gone ()")
    forget(set_dir)
    second = load({"DATA_DIR": str(set_dir)})
    assert second.secret_keys != first.secret_keys
    with database_for_command(second) as used:
        assert query(used.database_url, "SELECT to_regclass('gone')") == [(None,)]
