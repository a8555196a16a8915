"""`python -m questionnaires check`, as a careers leader's technician would run it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from questionnaires.__main__ import main
from questionnaires.loading import DEFINITIONS
from tests.unit.questionnaires.tiny import FOLDER


def check(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "questionnaires", "check", str(path)]
    root = DEFINITIONS.parents[1]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=60, cwd=root
    )


def test_a_good_folder_ends_with_0() -> None:
    done = check(DEFINITIONS)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no faults" in done.stdout


def test_a_faulty_file_ends_with_1_and_prints_every_fault() -> None:
    done = check(FOLDER / "faulty" / "many.yaml")
    assert done.returncode == 1
    assert "1 checked, 33 faults." in done.stdout


def test_a_missing_file_or_an_empty_folder_is_wrong_use(tmp_path: Path) -> None:
    assert check(tmp_path / "nowhere.yaml").returncode == 2
    assert check(tmp_path).returncode == 2


def test_a_changed_published_file_is_found_in_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(DEFINITIONS, tmp_path / "definitions")
    path = tmp_path / "definitions" / "gcse" / "v1.yaml"
    path.write_text(path.read_text() + "\n")
    assert main(["check", str(tmp_path / "definitions")]) == 1
    assert "This published file has changed" in capsys.readouterr().out


def test_a_draft_is_told_how_to_be_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(DEFINITIONS, tmp_path / "definitions")
    draft = tmp_path / "definitions" / "gcse" / "v2.yaml"
    text = (DEFINITIONS / "gcse" / "v1.yaml").read_text()
    draft.write_text(text.replace("version: 1\n", "version: 2\n", 1))
    assert main(["check", str(draft)]) == 0
    assert "  gcse/v2.yaml\n" in capsys.readouterr().out
