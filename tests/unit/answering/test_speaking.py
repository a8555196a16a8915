"""What the answering pages say: whole in every language, or not used at all."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from markupsafe import Markup

from outreach.answering.showing import symbols
from outreach.answering.speaking import (
    FILES,
    Words,
    faults_of,
    is_unread,
    language_for,
    read_file,
    words_in,
)
from questionnaires.loading import load_library
from questionnaires.symbols import Symbol

ROOT = Path(__file__).parents[3]
LANGUAGES = sorted(path.stem for path in FILES.glob("*.yaml"))


def test_the_pages_speak_english_and_four_more() -> None:
    assert LANGUAGES == ["cy", "en", "pl", "uk", "ur"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_file_is_whole_and_named_by_its_language(language: str) -> None:
    file = read_file(language)

    assert file["language"] == language
    assert words_in(language).language == language
    assert language == "en" or faults_of(file, read_file("en")) == []


def test_a_file_with_a_gap_or_a_wrong_blank_is_told_of() -> None:
    english = {"words": {"a": "A", "b": "{name}", "c": "C"}}

    faults = faults_of({"months": ["I"], "words": {"b": "{nom}", "c": " ", "d": "D"}}, english)

    assert len(faults) == 6
    assert any("“a” is missing" in fault for fault in faults)


def test_every_word_that_a_template_says_is_there_and_every_word_is_said() -> None:
    rooms = ("templates/answering", "templates/layouts", "outreach/answering", "outreach/profiles")
    sources = [path for room in rooms for path in (ROOT / room).glob("*.[hp]*")]
    text = "\n".join(path.read_text() for path in sources)
    known = words_in("en").keys

    said = set(re.findall(r"""say\(\s*["']([a-z_]+)["']""", text))
    assert said <= known
    unsaid = {key for key in known if not re.search(rf"""["']{key}["']""", text)}
    assert {key for key in unsaid if not key.startswith("progress_")} == set()


def test_a_moment_names_its_month_in_every_language() -> None:
    moment = datetime(2027, 1, 25, 14, 30, tzinfo=UTC)

    assert {language: words_in(language).moment(moment) for language in LANGUAGES} == {
        "cy": "25 Ionawr 2027, 14:30",
        "en": "25 January 2027 at 2:30pm",
        "pl": "25 stycznia 2027, 14:30",
        "uk": "25 січня 2027, 14:30",
        "ur": "25 جنوری 2027، 14:30",
    }


def test_what_fills_a_blank_is_escaped_and_the_words_are_too() -> None:
    say = Words({"language": "en", "reviewed": True, "words": {"a": "<b> {name} & {link}"}})

    assert say("a", name="<i>", link=Markup("<u>")) == "&lt;b&gt; &lt;i&gt; &amp; <u>"


def test_a_language_without_a_file_is_answered_in_english() -> None:
    assert words_in("xx").language == "en"


def test_only_offered_languages_are_given_and_those_of_a_machine_are_marked() -> None:
    gcse = load_library().latest("gcse")

    assert [language_for(gcse, wanted) for wanted in ("pl", "xx", None)] == ["pl", "en", "en"]
    assert [is_unread(gcse, language) for language in ("en", "pl")] == [False, True]


def test_every_symbol_that_a_definition_may_name_is_drawn() -> None:
    assert set(symbols()) == {symbol.value for symbol in Symbol}
    assert all(re.fullmatch(r"[MmLlHhVvCcSsAaZz0-9 .,-]+", line) for line in symbols().values())
