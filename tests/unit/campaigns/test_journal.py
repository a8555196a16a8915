"""The intent journal: what a dead owner's file says, and that a living owner's is left alone."""

from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from outreach.campaigns.journal import FOLDER, Journal, clear_drafts, journals, take_over
from outreach.mail.outcomes import Outcome, Verdict
from tests.full_disk import no_room_for_files

SCHOOL, CLAIM, MESSAGE, OTHER = (uuid4() for _ in range(4))
REFUSED = Outcome(Verdict.REFUSED, 550, "5.1.1", "no such “user”\u2028 here")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal.begin(tmp_path, CLAIM, SCHOOL)


def test_what_is_written_is_read_back_from_a_dead_owner(tmp_path: Path, journal: Journal) -> None:
    journal.intend(MESSAGE)
    journal.record(MESSAGE, REFUSED)
    journal.intend(OTHER)
    journal.let_go()
    with take_over(tmp_path, CLAIM) as left:
        assert left is not None
        assert (left.school_id, left.is_whole) == (SCHOOL, True)
        assert left.intents == {MESSAGE, OTHER}
        assert left.outcomes == {MESSAGE: REFUSED}


def test_a_journal_that_could_not_be_begun_leaves_nothing(tmp_path: Path) -> None:
    open_before = psutil.Process().num_fds()
    with no_room_for_files(40), pytest.raises(OSError, match=r"only in part"):
        Journal.begin(tmp_path, CLAIM, SCHOOL)
    assert list((tmp_path / FOLDER).iterdir()) == []
    assert psutil.Process().num_fds() == open_before


def test_a_living_owners_journal_is_not_taken_over(tmp_path: Path, journal: Journal) -> None:
    with take_over(tmp_path, CLAIM) as left:
        assert left is None
    journal.finish()
    assert journals(tmp_path) == []


def test_only_one_recoverer_at_a_time_has_a_journal(tmp_path: Path, journal: Journal) -> None:
    journal.let_go()
    with take_over(tmp_path, CLAIM) as first, take_over(tmp_path, CLAIM) as second:
        assert first is not None
        assert second is None


@pytest.mark.parametrize("tail", ["intent 12", "outcome not-an-id {}", "intent"])
def test_a_line_that_was_cut_off_makes_the_journal_not_whole(
    tmp_path: Path, journal: Journal, tail: str
) -> None:
    journal.intend(MESSAGE)
    journal.let_go()
    with (tmp_path / FOLDER / str(CLAIM)).open("a") as file:
        file.write(tail)
    with take_over(tmp_path, CLAIM) as left:
        assert left is not None
        assert not left.is_whole
        assert left.intents == {MESSAGE}


def test_a_journal_without_its_first_line_is_cleared_away(tmp_path: Path, journal: Journal) -> None:
    journal.let_go()
    (tmp_path / FOLDER / str(CLAIM)).write_text("")
    with take_over(tmp_path, CLAIM) as left:
        assert left is None
    assert journals(tmp_path) == []


def test_drafts_of_dead_processes_are_cleared_and_are_no_journals(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    draft = tmp_path / FOLDER / f"{CLAIM}.draft"
    draft.touch()
    assert journals(tmp_path) == []
    clear_drafts(tmp_path, draft.stat().st_mtime - 1)
    assert draft.exists()
    clear_drafts(tmp_path, draft.stat().st_mtime + 1)
    assert not draft.exists()
