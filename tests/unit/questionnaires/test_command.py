"""`python -m questionnaires`, as a careers leader's technician would run it."""

import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from questionnaires.__main__ import main
from questionnaires.loading import DEFINITIONS
from questionnaires.translations import TRANSLATIONS
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


def test_the_translations_are_checked_with_the_definitions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", str(DEFINITIONS)]) == 0
    told = capsys.readouterr().out
    for language in ("cy", "pl", "uk", "ur"):
        assert f"{language}.yaml: complete; read through by a person: none" in told
    assert "10 checked, no faults." in told


def test_a_faulty_translation_ends_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = (TRANSLATIONS / "cy.yaml").read_text().replace('"Work": ', '"Wrok": ')
    (tmp_path / "cy.yaml").write_text(spoilt)
    assert main(["check", str(tmp_path / "cy.yaml")]) == 1
    told = capsys.readouterr().out
    assert "“Work” (access/v1, sections.world_of_work.title) is not translated." in told
    assert "Wrok" in told
    assert "2 faults" in told


def test_a_draft_is_told_what_its_translations_lack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(DEFINITIONS, tmp_path / "definitions")
    shutil.copytree(TRANSLATIONS, tmp_path / "translations")
    draft = tmp_path / "definitions" / "gcse" / "v2.yaml"
    text = (DEFINITIONS / "gcse" / "v1.yaml").read_text().replace("version: 1\n", "version: 2\n", 1)
    draft.write_text(text.replace("I cope well when plans change.", "I like it when plans change."))
    assert main(["check", str(draft)]) == 0
    assert "In ur, 1 of its texts are missing" in capsys.readouterr().out


def test_a_schools_section_is_checked_on_a_questionnaire(
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = FOLDER / "extra" / "own.yaml"
    assert main(["check", str(own), "--onto", "ks3"]) == 0
    assert "section own_careers_fair, 3 questions and notes, after ks3" in capsys.readouterr().out
    assert main(["check", str(own), "--onto", "nothing"]) == 2
    assert "There is no published questionnaire “nothing”" in capsys.readouterr().err


Preview = Callable[..., tuple[int, str, str]]


@pytest.fixture
def preview(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Preview:
    """What is typed and the arguments, to exit code, standard output and standard error."""

    def run(typed: str, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        code = main(["preview", *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_a_definition_is_walked_with_skip_back_and_a_change_of_mind(preview: Preview) -> None:
    branches = str(FOLDER / "branches.yaml")
    code, told, _ = preview("1\n1\nb\nb\n2\n9\ns\n", branches)
    assert code == 0
    assert "1 of 2 · " in told
    assert "We did not recognise that answer." in told
    assert "Path: 2 of 2 answered or skipped; 1 more are off the path and do not count." in told
    assert '"met": "no"' in told
    assert "last: Skipped" in told


def test_notes_are_told_and_not_asked_and_an_early_end_still_sums_up(preview: Preview) -> None:
    code, told, _ = preview("Something\n", str(FOLDER / "note.yaml"))
    assert code == 0
    assert "before: Something" in told
    assert "last: –" in told


def test_answers_from_a_file_show_path_and_scores_and_ask_nothing(
    preview: Preview, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.json"
    answers.write_text(
        '{"ideas_have_one": "definitely", "interests_sectors": ["sport"], '
        '"destination_intended": "not_sure", "destination_certainty": "certain", '
        '"listening_whole": "often", "listening_remember": null}'
    )
    code, told, _ = preview("", "gcse", "--language", "cy", "--answers", str(answers))
    assert code == 0
    assert "Readiness: no score" in told
    assert "listening: 100: 1, 0, 0, 1, of 2" in told
    assert "listening_remember: Wedi'i hepgor" in told
    assert "1 more are off the path" in told
    assert 'Profile: {"interests": ["sport"], "intended_destination": "not_sure"}' in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere",), "There is no file nowhere."),
        (("gcse", "--language", "fr"), "It is not offered in fr. Use one of: en, cy, pl, uk, ur."),
        (("gcse/v1", "--answers", "nowhere.json"), "cannot be read as JSON"),
    ],
)
def test_wrong_use_of_preview_is_told(
    preview: Preview, arguments: tuple[str, ...], words: str
) -> None:
    code, _, told = preview("", *arguments)
    assert code == 2
    assert words in told


def test_answers_that_are_none_of_the_questionnaires_are_told(
    preview: Preview, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.json"
    for written, words in (
        ("[]", "holds no answers"),
        ('{"nowhere": "a"}', "there is no question “nowhere” in gcse"),
        ('{"ideas_have_one": "purple"}', "“ideas_have_one”: We did not recognise that answer."),
    ):
        answers.write_text(written)
        code, _, told = preview("", "gcse", "--answers", str(answers))
        assert (code, words in told) == (2, True)


def test_a_faulty_definition_is_not_walked_but_told(preview: Preview) -> None:
    code, told, _ = preview("", str(FOLDER / "faulty" / "audience.yaml"))
    assert code == 1
    assert "Nobody is between 18 and 16." in told
