"""A library of published files that never change, and every fault of a file told at once."""

import hashlib
import shutil
from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from questionnaires.loading import (
    DEFINITIONS,
    DefinitionFaults,
    Fault,
    UnknownQuestionnaire,
    load_file,
    load_library,
)
from questionnaires.scoring import score
from tests.unit.questionnaires.tiny import FOLDER, tiny


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A library of one published questionnaire, as `sha256sum` would lock it."""
    (tmp_path / "choice").mkdir()
    shutil.copy(FOLDER / "choice.yaml", tmp_path / "choice" / "v1.yaml")
    lock(tmp_path, "choice/v1.yaml")
    return tmp_path


def lock(shelf: Path, *names: str) -> None:
    lines = [f"{hashlib.sha256((shelf / n).read_bytes()).hexdigest()}  {n}\n" for n in names]
    (shelf / "published.lock").write_text("".join(lines))


def add_second_version(shelf: Path) -> None:
    text = (shelf / "choice" / "v1.yaml").read_text().replace("version: 1", "version: 2")
    (shelf / "choice" / "v2.yaml").write_text(text)


def faults_of(path: Path) -> str:
    load = load_library if path.is_dir() else load_file
    with pytest.raises(DefinitionFaults) as raised:
        load(path)
    assert raised.value.faults
    return str(raised.value)


def test_a_published_file_loads_with_the_hash_of_its_bytes(shelf: Path) -> None:
    library = load_library(shelf)
    questionnaire = library.get("choice", 1)
    content = (shelf / "choice" / "v1.yaml").read_bytes()
    assert questionnaire.sha256 == hashlib.sha256(content).hexdigest()
    assert library.ids == ("choice",)


def test_one_changed_letter_in_a_published_file_is_told_with_its_mend(shelf: Path) -> None:
    path = shelf / "choice" / "v1.yaml"
    path.write_text(path.read_text().replace("Which colour?", "Which colours?"))
    told = faults_of(shelf)
    assert str(path) in told
    assert "This published file has changed" in told
    assert "Put the file back as it was, and make the change in v2.yaml" in told


def test_a_draft_is_not_in_the_library_until_the_lock_names_it(shelf: Path) -> None:
    add_second_version(shelf)
    assert load_library(shelf).latest("choice").version == 1
    lock(shelf, "choice/v1.yaml", "choice/v2.yaml")
    assert load_library(shelf).latest("choice").version == 2
    assert load_library(shelf).versions("choice") == (1, 2)
    assert load_library(shelf).get("choice", 1).version == 1


def test_a_published_file_may_not_vanish_nor_be_another_in_disguise(shelf: Path) -> None:
    path = shelf / "choice" / "v1.yaml"
    shutil.copy(FOLDER / "number.yaml", path)
    lock(shelf, "choice/v1.yaml")
    assert "It holds “number” version 1." in faults_of(shelf)
    path.unlink()
    assert "cannot be read" in faults_of(shelf)


@pytest.mark.parametrize(
    "line", ["nonsense", "0" * 64 + "  ../other/v1.yaml", "0" * 64 + " choice/v1.yaml"]
)
def test_a_lock_line_that_cannot_be_read_is_named_by_its_number(shelf: Path, line: str) -> None:
    with (shelf / "published.lock").open("a") as file:
        file.write(f"\n# a comment\n{line}\n")
    assert "published.lock, line 4: The line cannot be read." in faults_of(shelf)


def test_a_folder_without_a_lock_says_how_to_make_one(shelf: Path) -> None:
    (shelf / "published.lock").unlink()
    assert "sha256sum" in faults_of(shelf)


def test_unknown_questionnaires_are_told_with_those_there_are(shelf: Path) -> None:
    library = load_library(shelf)
    with pytest.raises(UnknownQuestionnaire, match="There are: choice"):
        library.latest("nowhere")
    with pytest.raises(UnknownQuestionnaire, match="It has: 1"):
        library.get("choice", 7)


def test_the_definitions_that_ship_are_as_they_were_published() -> None:
    drafts = {str(path.relative_to(DEFINITIONS)) for path in DEFINITIONS.rglob("*.yaml")}
    library = load_library()
    published = {f"{id}/v{v}.yaml" for id in library.ids for v in library.versions(id)}
    assert published == drafts


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (1, "intro: It is missing."),
        (3, "version: It should be a whole number."),
        (4, "colour: There is no such key here."),
        (5, "title: The text in “cy” is missing or empty."),
        (7, "years: The years must be named once each"),
        (11, "juggling: “juggling” is not one of the essential skills."),
        (11, "label: The text in “cy” is missing or empty."),
        (15, "option 1, value: It should be text. Put it in quotes"),
        (21, "positive: “c” is not the value of any option."),
        (21, "positive: Every clear answer is positive"),
        (24, "fr: There is a text in “fr”, which the questionnaire does not name."),
        (26, "question “q1”, text: The text in “cy” is missing"),
        (26, "question “q1”, construct: There is no construct “nope”."),
        (26, "question “q1”, scale: There is no scale “nope”."),
        (27, "question “q2”: There is no such kind of question."),
        (28, "question “q3”, kind: It asks for free text"),
        (29, "question “q3”, id: There is a question “q3” already."),
        (29, "question “q3”, min: Nothing lies between 3 and 1."),
        (30, "question “q4”, show_if, question: It looks at “q5”, which does not come before"),
        (31, "question “q5”, text, en: “en” is written twice"),
        (32, "question “q6”, show_if, question: There is no question “nowhere”."),
        (33, "question “q7”, show_if, is: “zz” is not an answer to “q5”."),
        (34, "show_if, at_least: “at_least” cannot be asked of “q5”, which is of kind choice."),
        (35, "question “q9”, show_if: A condition needs exactly one of"),
        (36, "question “q10”, profile_field: “interests” is written by a question of kind choices"),
        (36, "question “q10”, kind: It asks for free text"),
        (41, "question “q11”, max: Only 2 options can be chosen together"),
        (42, "question “q11”, exclusive: “zz” is not the value of any option."),
        (45, "option “a”, value: The value “a” is used by an option above."),
        (45, "option “a”, label: Another option above reads the same."),
        (46, "section “one”, title: It is missing."),
        (46, "section “one”, id: There is a section “one” already."),
        (47, "section “one”, questions: No question of this section takes an answer."),
    ],
)
def test_every_fault_of_a_file_is_told_at_once_with_its_line(line: int, what: str) -> None:
    told = faults_of(FOLDER / "faulty" / "many.yaml").splitlines()
    assert len(told) == 33
    assert [one for one in told if f"many.yaml, line {line}," in one and what in one]


def test_faults_of_audience_symbols_and_fields_in_parts_are_told_with_their_lines() -> None:
    told = faults_of(FOLDER / "faulty" / "audience.yaml").splitlines()
    expected = [
        (8, "settings: The settings must be named once each"),
        (9, "oldest: Nobody is between 18 and 16."),
        (9, "oldest_with_plan: 16 with a plan is no later than 16 without."),
        (25, "symbol: The symbol “heart” is used by an option above."),
        (26, "symbol: Other options beside it have a symbol"),
        (32, "exclusive: It names another exclusive option"),
        (33, "options: “health” can be chosen in an earlier question"),
    ]
    assert len(told) == len(expected)
    for line, (number, what) in zip(told, expected, strict=True):
        assert f"audience.yaml, line {number}," in line
        assert what in line


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "It holds no mapping."),
        ("- a\n- b\n", "It holds no mapping."),
        ("id: [a\n", "line 2: It is not YAML"),
        ("id: !!python/object/apply:os.getcwd []\n", "a kind of value that no definition has"),
        ("sections: 3\n", "sections: It should be a list."),
        ("sections: [3]\nscales: [1]\nlanguages: {a: b}\n", "scales: It should be a mapping."),
        ("constructs: {Bad Key: 1}\n", "This is not a key or a language code."),
        ("sections: [{id: a, questions: [7, {id: [], kind: note}]}]\n", "question 1"),
    ],
)
def test_a_file_that_is_no_definition_at_all_is_still_told_plainly(
    tmp_path: Path, content: str, what: str
) -> None:
    path = tmp_path / "v1.yaml"
    path.write_text(content)
    assert what in faults_of(path)


WRECKAGE = [None, 3, -1, True, "", "a", "Not A Key", "agree", [], {}, ["a"], {"en": "a"}, [[]]]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_file_wrecked_anywhere_is_refused_with_its_faults_or_is_still_good(
    tmp_path: Path, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(["scoring", "branches", "choices", "number"]))
    content = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    for _ in range(data.draw(st.integers(1, 3))):
        wreck(content, data)
    path = tmp_path / "v1.yaml"
    path.write_text(yaml.safe_dump(content))
    faults = faults_or_scores(path)
    assert faults
    assert all(f.where.startswith(str(path)) and f.what and f.mend for f in faults if f)


def faults_or_scores(path: Path) -> list[Fault | None]:
    """The faults of a file; None alone where it loads and can be scored."""
    try:
        score(load_file(path), {})
    except DefinitionFaults as found:
        return list(found.faults)
    return [None]


def wreck(content: object, data: st.DataObject) -> None:
    """Put something that does not belong there in the place of one value, or take it away."""
    part = content
    while isinstance(part, dict | list) and part:
        keys = list(part) if isinstance(part, dict) else list(range(len(part)))
        key = data.draw(st.sampled_from(keys))
        inner = part[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            if data.draw(st.booleans()):
                del part[key]
            else:
                part[key] = deepcopy(data.draw(st.sampled_from(WRECKAGE)))
            return
        part = inner


def test_a_file_not_in_utf_8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "v1.yaml"
    path.write_bytes("title: {en: Café}".encode("latin-1"))
    assert "saved as UTF-8" in faults_of(path)


def test_a_scale_is_put_into_its_questions() -> None:
    scoring = tiny("scoring")
    idea, worried = scoring.question("idea_1"), scoring.question("worried")
    assert idea.kind == worried.kind == "choice"
    assert idea.values == ("agree", "disagree", "not_sure")
    assert idea.scoring != worried.scoring
    assert (idea.construct, idea.block, idea.gatsby) == ("ideas", "career_knowledge", (3,))
    assert scoring.section_of("team_1").id == "second"
