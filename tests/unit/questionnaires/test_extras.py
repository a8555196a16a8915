"""A school's own section: added at the end, checked like all, never in a score."""

import hashlib
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from questionnaires.answers import Value
from questionnaires.extras import with_extra_section
from questionnaires.faults import DefinitionFaults
from questionnaires.loading import load_text
from questionnaires.model import Block
from questionnaires.path import walk
from questionnaires.scoring import profile_facts, score
from tests.unit.questionnaires.tiny import FOLDER, GCSE, PUBLISHED, answers_to, asked, tiny

OWN = (FOLDER / "extra" / "own.yaml").read_bytes()
EXTENDED = with_extra_section(GCSE, OWN)


def faults_of(content: bytes) -> list[str]:
    with pytest.raises(DefinitionFaults) as raised:
        with_extra_section(GCSE, content, "own.yaml")
    return [str(fault) for fault in raised.value.faults]


def changed(**parts: object) -> bytes:
    return yaml.safe_dump(yaml.safe_load(OWN) | parts, sort_keys=False).encode()


def test_it_comes_last_and_leaves_the_questionnaire_itself_as_it_was() -> None:
    assert EXTENDED.sections[:-1] == GCSE.sections
    assert EXTENDED.sections[-1].id == "own_careers_fair"
    assert (EXTENDED.id, EXTENDED.version) == (GCSE.id, GCSE.version)
    assert "own_came" not in [question.id for question in GCSE.questions]


def test_its_hash_is_that_of_both_hashes() -> None:
    own = hashlib.sha256(OWN).hexdigest()
    both = hashlib.sha256(f"{GCSE.sha256}\n{own}\n".encode()).hexdigest()
    assert (EXTENDED.sha256, EXTENDED.extra_sha256) == (both, own)
    assert GCSE.extra_sha256 is None


def test_its_questions_follow_their_conditions() -> None:
    last = [q.id for q in walk(EXTENDED, {"own_came": "came"}).questions][-3:]
    assert last == ["own_came", "own_useful", "own_thanks"]
    assert "own_useful" not in [q.id for q in walk(EXTENDED, {}).questions]


def test_a_condition_may_look_at_a_question_of_the_questionnaire() -> None:
    questions = yaml.safe_load(OWN)["questions"]
    questions[0]["show_if"] = {"question": "ideas_have_one", "is": "definitely"}
    extended = with_extra_section(GCSE, changed(questions=questions))
    assert "own_came" in [q.id for q in walk(extended, {"ideas_have_one": "definitely"}).asked]
    questions[0]["show_if"] = {"question": "ideas_have_one", "is": "nonsense"}
    (fault,) = faults_of(changed(questions=questions))
    assert "“nonsense” is not an answer to “ideas_have_one”" in fault


def test_its_questions_stand_in_a_block_of_their_own() -> None:
    question = asked(EXTENDED, "own_came")
    assert (question.construct, question.block) == ("own_questions", Block.OWN)


PAIRS = [(one, with_extra_section(one, OWN)) for one in PUBLISHED]


@settings(max_examples=50)
@given(st.data())
def test_no_answer_to_it_changes_a_score_or_a_profile(data: st.DataObject) -> None:
    base, extended = data.draw(st.sampled_from(PAIRS))
    answers = data.draw(answers_to(base))
    more: dict[str, Value] = {**answers, "own_came": "came", "own_useful": "very"}
    assert score(extended, more) == score(base, answers)
    assert profile_facts(extended, more) == profile_facts(base, answers)


@pytest.mark.parametrize(
    ("question", "what"),
    [
        ({"id": "came"}, "“came” does not begin with own_"),
        ({"construct": "ideas"}, "measures nothing that other schools ask"),
        ({"profile_field": "interests"}, "writes nothing into the profile"),
        ({"scoring": {"positive": ["came"]}}, "is never scored"),
        ({"gatsby": [3]}, "Benchmarks are set"),
        ({"kind": "text", "options": None}, "There is no such key here."),
        ({"colour": "red"}, "colour: There is no such key here."),
        ({"text": {"cy": "Ddaethoch chi?"}}, "which the questionnaire does not name"),
        ({"options": []}, "fewer than two options"),
    ],
)
def test_what_it_may_not_do_is_told_with_its_line(question: dict[str, object], what: str) -> None:
    questions = yaml.safe_load(OWN)["questions"]
    questions = [{**questions[0], **question}, questions[2]]
    faults = faults_of(changed(questions=questions))
    assert any(what in fault and "own.yaml, line " in fault for fault in faults), faults


def test_its_limits_are_told() -> None:
    many = [
        {"id": f"own_{n}", "kind": "choice", "text": {"en": "Again?"}, "scale": "own_useful"}
        for n in range(11)
    ]
    assert "It asks 11 questions; 10 is the most." in faults_of(changed(questions=many))[0]
    options = [{"value": f"v{n}", "label": {"en": f"Label {n}"}} for n in range(13)]
    long = [{"id": "own_a", "kind": "choice", "text": {"en": "?"}, "options": options}]
    assert "It has 13 options; 12 is the most." in faults_of(changed(questions=long))[0]


def test_free_text_has_to_be_switched_on_and_then_shows() -> None:
    text = [{"id": "own_words", "kind": "text", "text": {"en": "Anything else?"}}]
    (fault,) = faults_of(changed(questions=text))
    assert "free text, which this questionnaire does not switch on" in fault
    assert with_extra_section(GCSE, changed(questions=text, open_text=True)).open_text
    assert not EXTENDED.open_text


def test_a_questionnaire_in_two_languages_wants_a_section_in_both() -> None:
    with pytest.raises(DefinitionFaults, match="The questionnaire is in “cy” too"):
        with_extra_section(tiny("languages"), changed(languages=["en"]))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"questions: 3",
        b"id: own_a\ntitle: {en: A}\nlanguages: [EN]\nquestions: [3, {kind: note}]",
        b"id: own_a\nscales: [1]\nquestions: []",
        b"a: &a [1]\nb: [*a, *a]",
        b"\xff\xfe",
        b"id: 2026-99-99",
    ],
)
def test_what_is_no_section_at_all_is_still_told_plainly(content: bytes) -> None:
    assert all("own.yaml" in fault for fault in faults_of(content))


def test_only_one_section_can_be_added() -> None:
    with pytest.raises(ValueError, match="already"):
        with_extra_section(EXTENDED, OWN)


def test_an_upload_is_checked_like_a_file_on_disk() -> None:
    path: Path = FOLDER / "choice.yaml"
    assert load_text(path.read_bytes()).id == "choice"
    with pytest.raises(DefinitionFaults) as raised:
        load_text((FOLDER / "faulty" / "many.yaml").read_bytes(), "Your file")
    assert len(raised.value.faults) == 33
    assert all(fault.where.startswith("Your file, line ") for fault in raised.value.faults)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "line 2: It refers to another part"),
        (b"[" * 100_000 + b"]" * 100_000, "nested more deeply"),
        (b"id: 2026-99-99\n", "It is not YAML"),
        (b"x" * 1_000_001, "a definition is at most 1000000"),
    ],
)
def test_an_upload_that_would_burden_the_service_is_refused(content: bytes, what: str) -> None:
    with pytest.raises(DefinitionFaults, match=what):
        load_text(content)
