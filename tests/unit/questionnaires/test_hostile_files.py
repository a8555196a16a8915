"""A file made to break or to stall the page that checks it: refused, in steps that stay in line."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from outreach.campaigns.own.section_form import read_section_form
from questionnaires.extras import with_extra_section
from questionnaires.faults import MOST_FAULTS, DefinitionFaults, Fault
from questionnaires.loading import load_text
from tests.unit.questionnaires.tiny import GCSE

SECTION = """id: own_x
title: {en: %s}
languages: [en]
questions:
  - id: own_q
    kind: choice
    text: {en: %s}
    options:
      - {value: a, label: {en: %s}}
      - {value: b, label: {en: "B"}}
"""


def faults_of(content: str) -> tuple[Fault, ...]:
    """The same file as a section and as a whole; those of the section."""
    with pytest.raises(DefinitionFaults):
        load_text(content.encode(), "own.yaml")
    with pytest.raises(DefinitionFaults) as raised:
        with_extra_section(GCSE, content.encode(), "own.yaml")
    return raised.value.faults


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        ("id: own_x\nquestions: !!set {a}\n", "own.yaml, line 2", "marked as “set”"),
        ("id: own_x\nquestions: [!!set {a}]\n", "own.yaml, line 2", "marked as “set”"),
        ("id: !!omap [a: 1]\n", "own.yaml, line 1", "marked as “omap”"),
        ("id: !!binary aGk=\n", "own.yaml, line 1", "marked as “binary”"),
        ("id: !mine a\n", "own.yaml, line 1", "marked as “!mine”"),
        ("id: own_x\n1: 2\n", "own.yaml, line 2", "There is a key that is not text."),
        ("~: 2\n", "own.yaml, line 1", "There is a key that is not text."),
        ("title: {no: Ja}\n", "own.yaml, line 1", "There is a key that is not text."),
        ("? [a, b]\n: c\n", "own.yaml, line 1", "There is a key that is not text."),
        ("a: {<<: {b: c}}\n", "own.yaml, line 1", "There is a key that is not text."),
        ("version: " + "9" * 90_000, "own.yaml, line 1", "a number of 90000 characters"),
        (SECTION % (r'"t\0"', "q", "A"), "own.yaml, line 2", "(U+0000)"),
        (SECTION % ("t", r'"q\x01"', "A"), "own.yaml, line 7", "(U+0001)"),
        (SECTION % ("t", "q", r'"A\uFFFE"'), "own.yaml, line 9", "(U+FFFE)"),
        (SECTION % ("t", "q", r'"A\x85"'), "own.yaml, line 9", "(U+0085)"),
        ('"id\\e": a\n', "own.yaml, line 1", "(U+001B)"),
    ],
)
def test_what_no_definition_is_made_of_is_refused_with_its_line(
    content: str, where: str, what: str
) -> None:
    (fault,) = [one for one in faults_of(content) if what in one.what]
    assert fault.where == where
    assert fault.mend


def test_words_in_any_script_and_over_several_lines_stay_as_they_are() -> None:
    made = with_extra_section(GCSE, (SECTION % ('"a\\n\\tb"', "می\u200cروم", '"=A 🎈"')).encode())
    assert made.sections[-1].title.in_("en") == "a\n\tb"


def test_an_unseen_character_that_was_pasted_into_the_form_is_left_out() -> None:
    typed = read_section_form({"title": "Our\x02 fair\x00", "text-0": "Did it\x1b help?"})
    assert (typed.title, typed.questions[0].text) == ("Our fair", "Did it help?")


SHAPES: dict[str, Callable[[int], str]] = {
    "keys that do not exist": lambda n: "".join(f"k{i}: a\n" for i in range(n)),
    "keys that repeat": lambda n: "id: a\n" * n,
    "texts in unnamed languages": lambda n: "".join(
        f"  - {{id: own_q{i}, kind: note, text: {{pl: a}}}}\n" if i else SECTION % ("t", "q", "a")
        for i in range(n)
    ),
    "questions that are none": lambda n: "id: own_x\nquestions:\n" + "- 1\n" * n,
    "one language often": lambda n: (
        f"id: own_x\nlanguages: [{','.join(['en'] * n)}]\nquestions: []\n"
    ),
    "parts of one field": lambda n: (
        "id: own_x\nsections:\n- id: a\n  title: {en: A}\n  questions:\n"
        + "".join(
            f"  - {{id: q{i}, kind: choices, profile_field: interests, text: {{en: a}}, "
            "construct: a, options: [{value: a, label: {en: a}}, {value: b, label: {en: b}}]}\n"
            for i in range(n)
        )
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_twice_the_faults_take_no_more_than_twice_the_steps(shape: str) -> None:
    few, many = (SHAPES[shape](n) for n in (250, 500))
    faults_of(few)  # once before: what is made once a process is not counted
    assert steps_of(lambda: faults_of(many)) < 2.5 * steps_of(lambda: faults_of(few))


def steps_of(work: Callable[[], object]) -> int:
    """Lines of our own code that it ran: unlike seconds, the same on every machine."""
    steps = 0

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal steps
        if "questionnaires" not in frame.f_code.co_filename:
            return None
        steps += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return steps


def test_at_most_a_hundred_faults_are_told_and_how_many_are_left() -> None:
    faults = faults_of("".join(f"k{i}: a\n" for i in range(11_000)))
    assert len(faults) == MOST_FAULTS + 1
    assert faults[0].where == "own.yaml, line 1, k0"
    assert faults[-1].where == "own.yaml"
    assert "are not listed" in faults[-1].what
    strange = faults_of("".join(f"{i}: a\n" for i in range(11_000)))
    assert len(strange) == MOST_FAULTS + 1
    assert strange[-1].what == "There are more faults: 10900 are not listed."


def test_a_file_in_twenty_thousand_languages_is_told_once() -> None:
    faults = faults_of(SECTION.replace("[en]", f"[{','.join(['en'] * 20_000)}]") % ("t", "q", "A"))
    assert [one.what for one in faults] == ["It names 20000 languages; 40 is the most."]
