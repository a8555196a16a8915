"""The words of each mail that asks: placeholders that are checked, and nothing that is markup."""

import pytest

from outreach.campaigns.letter_words import (
    BadWords,
    Piece,
    StepWords,
    check_words,
    fill_body,
    fill_subject,
    usual_words,
)
from outreach.campaigns.states import ASKING, MessageStep

VALUES = {
    "first_name": "Sam",
    "link": "https://q.example/q/1",
    "closes_on": None,
    "school": "Hill & Dale",
    "questionnaire": "Future Skills",
    "minutes": "10",
}


@pytest.mark.parametrize("step", ASKING, ids=lambda step: step.value)
def test_the_usual_words_pass_the_check_for_a_schools_own(step: MessageStep) -> None:
    assert check_words(usual_words(step)) == usual_words(step)


def test_each_mail_is_shorter_than_the_one_before_and_no_two_are_alike() -> None:
    said = [usual_words(step) for step in ASKING]
    lengths = [len(words.body.split()) for words in said]

    assert lengths == sorted(lengths, reverse=True)
    assert len(set(lengths)) == len(lengths)
    assert len({words.subject for words in said}) == len(ASKING)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("Hello", "Put {link} where"),
        ("One\n\nTwo {nickname} {link}", "Line 3, character 5: “{nickname}” is not known"),
        ("{link} {{ config }}", "Here, character 8: “{” is not known"),
        ("{link} and {first_name", "Here, character 12: “{first_name” is not known"),
        ("{link} or https://ads.example", "a web address cannot be put in"),
        ("{link} or WWW.ads.example", "a web address cannot be put in"),
        ("{link}" + "x" * 2000, "2006 characters long; 2000 at most"),
        ("{link} \u202egnp.exe", "a mark that cannot be shown"),
        ("", "Write something here"),
    ],
)
def test_words_that_cannot_be_used_are_refused_with_their_place(body: str, told: str) -> None:
    with pytest.raises(BadWords) as refused:
        check_words(StepWords("Hello", body))

    assert told in refused.value.faults["body"]


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("See {link}", "{link} cannot stand in the subject"),
        ("{closes_on}!", "{closes_on} cannot stand in the subject"),
        ("", "Write something here"),
        ("x" * 101, "100 at most"),
    ],
)
def test_a_subject_is_checked_too(subject: str, told: str) -> None:
    with pytest.raises(BadWords) as refused:
        check_words(StepWords(subject, "{link}"))

    assert told in refused.value.faults["subject"]


def test_a_line_end_in_the_subject_becomes_a_space() -> None:
    assert check_words(StepWords("One\r\nBcc: two", "{link}")).subject == "One Bcc: two"


def test_paragraphs_hold_words_the_link_and_line_ends() -> None:
    body = check_words(
        StepWords("x", "Dear {first_name},\r\nit is {link}!\n\n\n\nUntil {closes_on}.\n\n{link}")
    ).body

    assert fill_body(body, VALUES) == [
        (
            Piece("words", "Dear Sam,"),
            Piece("break"),
            Piece("words", "it is "),
            Piece("link"),
            Piece("words", "!"),
        ),
        (Piece("link"),),
    ]


def test_a_value_is_never_read_as_a_placeholder() -> None:
    tricky = VALUES | {"first_name": "{school}", "school": "{first_name}"}

    assert fill_subject("{first_name} {school}", tricky) == "{school} {first_name}"
