"""What is taken from a form, what is refused and how, and what is kept as JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questionnaires.answers import AnswerFault, Value, describe, from_json, parse, to_json
from questionnaires.model import AskedQuestion, Note, TextQuestion
from tests.unit.questionnaires.tiny import EVERY, asked, tiny, values_for

COLOUR = asked(tiny("choice"), "colour")
FRUIT = asked(tiny("choices"), "fruit")
LINE = asked(tiny("text"), "line")
BOX = asked(tiny("text"), "box")
AGE = asked(tiny("number"), "age")
QUESTIONS = [q for one in EVERY for q in one.questions if not isinstance(q, Note)]


@pytest.mark.parametrize(
    ("question", "values", "value"),
    [
        (COLOUR, ["red"], "red"),
        (COLOUR, ["red", "red"], "red"),
        (FRUIT, ["cherry", "apple"], ("apple", "cherry")),
        (FRUIT, ["apple", "apple", "banana"], ("apple", "banana")),
        (FRUIT, ["none"], ("none",)),
        (LINE, ["  a\tb\r\nc "], "a b c"),
        (LINE, ["nul\x00 bell\x07 \ud800half"], "nul bell half"),
        (LINE, ["turned \u202eround"], "turned round"),
        (LINE, ["e\u0301te\u0301"], "été"),
        (BOX, ["one\r\ntwo\rthree"], "one\ntwo\nthree"),
        (AGE, [" 14 "], 14),
        (AGE, ["+7"], 7),
        (AGE, ["0"], 0),
    ],
)
def test_a_good_answer_is_taken(question: AskedQuestion, values: list[str], value: Value) -> None:
    assert parse(question, values) == value


@pytest.mark.parametrize(
    ("question", "values", "message"),
    [
        (COLOUR, [], "Choose one answer, or skip this question."),
        (COLOUR, [""], "Choose one answer, or skip this question."),
        (COLOUR, ["red", "blue"], "Choose one answer, or skip this question."),
        (COLOUR, ["green"], "We did not recognise that answer"),
        (COLOUR, ["red\x00"], "We did not recognise that answer"),
        (FRUIT, [], "Choose at least one answer, or skip this question."),
        (FRUIT, ["apple"], "You chose 1. Choose at least 2"),
        (FRUIT, ["apple", "banana", "cherry", "date"], "You chose 4. Choose up to 3"),
        (FRUIT, ["none", "apple"], "You chose “None of these” and something else"),
        (FRUIT, ["apple", "plum"], "We did not recognise that answer"),
        (LINE, [], "Write an answer, or skip this question."),
        (LINE, [" \x00\n "], "Write an answer, or skip this question."),
        (LINE, ["x" * 21], "Your answer is 21 characters long. Make it 20 or fewer"),
        (LINE, ["one", "two"], "Write one answer"),
        (AGE, [], "Enter a whole number from 0 to 20, or skip this question."),
        (AGE, ["21"], "Enter a whole number from 0 to 20"),
        (AGE, ["-1"], "Enter a whole number from 0 to 20"),
        (AGE, ["1.5"], "Enter a whole number from 0 to 20"),
        (AGE, ["٣"], "Enter a whole number from 0 to 20"),
        (AGE, ["9" * 5000], "Enter a whole number from 0 to 20"),
        (AGE, ["1", "2"], "Enter a whole number from 0 to 20"),
    ],
)
def test_a_refused_answer_tells_the_student_what_to_do(
    question: AskedQuestion, values: list[str], message: str
) -> None:
    with pytest.raises(AnswerFault) as fault:
        parse(question, values)
    assert fault.value.message.startswith(message)
    assert fault.value.message.endswith("or skip this question.")


@pytest.mark.parametrize(
    ("question", "stored"),
    [
        (COLOUR, "green"),
        (COLOUR, ["red"]),
        (COLOUR, 1),
        (FRUIT, "apple"),
        (FRUIT, ["cherry", "apple"]),
        (FRUIT, ["apple", 2]),
        (AGE, True),
        (AGE, "14"),
        (AGE, 14.0),
        (AGE, 99),
        (LINE, " spaced "),
        (LINE, {"text": "a"}),
    ],
)
def test_json_this_service_would_not_have_written_is_refused(
    question: AskedQuestion, stored: object
) -> None:
    with pytest.raises(AnswerFault):
        from_json(question, stored)


@given(st.data())
def test_every_answer_survives_storage(data: st.DataObject) -> None:
    question = data.draw(st.sampled_from(QUESTIONS))
    value = data.draw(values_for(question))
    assert from_json(question, json.loads(json.dumps(to_json(value)))) == value


@given(st.sampled_from([q for q in QUESTIONS if isinstance(q, TextQuestion)]), st.text())
def test_whatever_text_is_taken_can_be_stored_and_read_back(
    question: TextQuestion, written: str
) -> None:
    try:
        value = parse(question, [written])
    except AnswerFault:
        return
    assert isinstance(value, str)
    assert "\x00" not in value
    value.encode("utf-8")
    assert from_json(question, to_json(value)) == value


def test_answers_read_back_in_the_labels_the_student_saw() -> None:
    assert describe(COLOUR, "red", "en") == "Red"
    assert describe(asked(tiny("languages"), "colour"), "blue", "cy") == "Glas"
    assert describe(FRUIT, ("apple", "cherry"), "en") == "Apple; Cherry"
    assert describe(AGE, 14, "en") == "14"
    assert describe(LINE, "as written", "en") == "as written"
    assert describe(COLOUR, None, "en") == "Skipped"
    assert describe(COLOUR, "red", "pl") == "Red"
