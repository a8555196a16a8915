"""Translations: whole or not offered, the same values in every language, marked if by machine."""

import shutil
from pathlib import Path

import pytest
import yaml

from questionnaires.answers import AnswerFault, describe, parse
from questionnaires.checking import published
from questionnaires.extras import with_extra_section
from questionnaires.faults import Fault
from questionnaires.loading import DEFINITIONS, Library, load_library
from questionnaires.model import ChoiceQuestion, ChoicesQuestion, Questionnaire
from questionnaires.phrases import PHRASES, blanks_of
from questionnaires.scoring import score
from questionnaires.texts import texts_of
from questionnaires.translations import (
    TRANSLATIONS,
    check_translation,
    load_translations,
    read_translation,
    translated,
)
from tests.unit.questionnaires.tiny import FOLDER, GCSE, LIBRARY, PUBLISHED, asked, tiny

TRANSLATED = ("cy", "pl", "uk", "ur")


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """The shipped definitions with their translations, to be spoilt."""
    shutil.copytree(DEFINITIONS, tmp_path / "definitions")
    shutil.copytree(TRANSLATIONS, tmp_path / "translations")
    return tmp_path


def rewrite(shelf: Path, file: str, **parts: object) -> None:
    path = shelf / "translations" / f"{file}.yaml"
    content = yaml.safe_load(path.read_text()) | parts
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))


def without(shelf: Path, language: str, english: str) -> None:
    path = shelf / "translations" / f"{language}.yaml"
    words = yaml.safe_load(path.read_text())["words"]
    del words[english]
    rewrite(shelf, language, words=words)


def library_of(shelf: Path) -> Library:
    return load_library(shelf / "definitions")


def faults_of(shelf: Path, language: str) -> list[Fault]:
    source, file = read_translation(shelf / "translations" / f"{language}.yaml")
    return check_translation(source, file, published(library_of(shelf)))


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_ships_is_complete_with_nothing_to_spare(language: str) -> None:
    source, file = read_translation(TRANSLATIONS / f"{language}.yaml")
    assert check_translation(source, file, PUBLISHED) == []


@pytest.mark.parametrize("questionnaire", PUBLISHED, ids=lambda one: one.id)
def test_every_questionnaire_is_offered_in_five_languages(questionnaire: Questionnaire) -> None:
    offered = {one.code: one for one in questionnaire.offered}
    assert tuple(offered) == ("en", *TRANSLATED)
    assert [one.direction for one in questionnaire.offered] == ["ltr"] * 4 + ["rtl"]
    assert [one.is_by_a_person for one in questionnaire.offered] == [True] + [False] * 4
    assert offered["ur"].name == "اردو"


@pytest.mark.parametrize("questionnaire", PUBLISHED, ids=lambda one: one.id)
def test_labels_differ_by_language_and_options_stay_apart(questionnaire: Questionnaire) -> None:
    for _, text in texts_of(questionnaire):
        assert set(text.root) == {"en", *TRANSLATED}
        for language in TRANSLATED:
            assert text.in_(language).strip()
            assert text.language_in(language) == language
    for question in questionnaire.questions:
        if isinstance(question, ChoiceQuestion | ChoicesQuestion):
            for language in TRANSLATED:
                labels = {option.label.in_(language) for option in question.options}
                assert len(labels) == len(question.options), (language, question.id)


def test_a_translation_changes_neither_hash_nor_values_nor_scores(shelf: Path) -> None:
    shutil.rmtree(shelf / "translations")
    plain = library_of(shelf).latest("gcse")
    assert [one.code for one in plain.offered] == ["en"]
    assert plain.sha256 == GCSE.sha256
    for question in plain.questions:
        values = asked(GCSE, question.id)
        assert getattr(question, "values", None) == getattr(values, "values", None)
    answers = {"ideas_have_one": "definitely", "listening_whole": "often"}
    assert score(plain, answers) == score(GCSE, answers)


def test_an_answer_reads_back_in_the_language_of_the_page() -> None:
    question = asked(GCSE, "interests_sectors")
    assert (
        describe(question, ("sport", "health"), "cy")
        == "Chwaraeon a ffitrwydd; Iechyd a meddygaeth"
    )
    assert "؛ " in describe(question, ("sport", "health"), "ur")
    assert describe(question, None, "pl", LIBRARY.phrases("pl")) == "Pominięto"
    assert describe(question, None, "pl") == "Skipped"


def test_a_fault_is_said_in_the_language_of_the_page() -> None:
    with pytest.raises(AnswerFault) as raised:
        parse(asked(GCSE, "interests_sectors"), ["none_yet", "sport"])
    fault = raised.value
    assert "You chose “None of these yet” and something else." in fault.message
    assert "“Dim un o'r rhain eto”" in fault.said_in("cy", LIBRARY.phrases("cy"))
    assert fault.said_in("en", LIBRARY.phrases("en")) == fault.message


def test_blanks_can_be_filled_in_every_language() -> None:
    for language in TRANSLATED:
        phrases = LIBRARY.phrases(language)
        assert set(phrases) == set(PHRASES)
        for phrase, words in phrases.items():
            assert blanks_of(words) == blanks_of(phrase)
    assert LIBRARY.phrases("fr") == {}


def test_a_text_may_read_otherwise_in_one_place() -> None:
    access = LIBRARY.latest("access")
    labels = {
        id: access.question(id).options[0].label.in_("cy")  # type: ignore[union-attr]
        for id in ("ideas_have_one", "guidance_talked")
    }
    assert labels == {"ideas_have_one": "Ydy", "guidance_talked": "Ydw"}


def test_one_missing_text_takes_the_language_away_only_where_it_is_missed(shelf: Path) -> None:
    without(shelf, "pl", "Take a year out")
    library = library_of(shelf)
    assert "pl" not in [one.code for one in library.latest("post16").offered]
    assert "pl" in [one.code for one in library.latest("gcse").offered]
    title = library.latest("post16").title
    assert title.in_("pl") == title.in_("en")
    assert title.language_in("pl") == "en"


def test_missing_and_surplus_texts_are_told_with_place_and_mend(shelf: Path) -> None:
    without(shelf, "pl", "Take a year out")
    words = yaml.safe_load((shelf / "translations" / "pl.yaml").read_text())["words"]
    rewrite(
        shelf,
        "pl",
        reviewed=["gcse/v9"],
        phrases={"Skipped": "{count}", "Nothing": "Nic"},
        words=words | {"Nobody says this.": "Nikt."},
        in_place={"gcse/v1": {"nowhere.text": "Nic"}},
    )
    told = [str(fault) for fault in faults_of(shelf, "pl")]
    for what in (
        "words: “Take a year out” (post16/v1, destination_intended.options.gap_year) is not",
        "Nobody says this.: No published questionnaire has this text.",
        "nowhere.text: There is no such text in gcse/v1.",
        "There is no published questionnaire “gcse/v9”.",
        "Skipped: Its blanks are not those of the English. Use no {…} at all, each once.",
        "Nothing: Nothing says this phrase.",
        "“Choose one answer, or skip this question.” is not translated.",
    ):
        assert [one for one in told if what in one and "pl.yaml, line " in one], (what, told)


def test_a_file_of_the_wrong_shape_is_refused_whole_and_told(shelf: Path) -> None:
    rewrite(shelf, "uk", words={"Yes": "", "No": 3}, colour="red")
    rewrite(shelf, "ur", language="cy")
    library = library_of(shelf)
    assert [one.code for one in library.latest("gcse").offered] == ["en", "cy", "pl"]
    told = "\n".join(str(fault) for fault in library.translations.faults)
    for what in (
        "Yes: It is empty.",
        "No: It should be text.",
        "colour: There is no such key here.",
        "Name the file cy.yaml.",
    ):
        assert what in told


def test_a_word_of_a_person_is_shown_for_the_questionnaire_they_read(shelf: Path) -> None:
    rewrite(shelf, "cy", reviewed=["access/v1"])
    library = library_of(shelf)
    by_a_person = {
        id: {one.code: one.is_by_a_person for one in library.latest(id).offered}["cy"]
        for id in library.ids
    }
    assert [id for id, one in by_a_person.items() if one] == ["access"]


def test_what_a_definition_says_itself_is_kept() -> None:
    languages = tiny("languages")
    assert [one.code for one in languages.offered] == ["en", "cy"]
    assert [one.code for one in translated(languages, load_translations().files).offered] == [
        "en",
        "cy",
    ]


def test_a_schools_own_section_stays_in_its_own_words() -> None:
    extended = with_extra_section(GCSE, (FOLDER / "extra" / "own.yaml").read_bytes())
    assert [one.code for one in extended.offered] == ["en", *TRANSLATED]
    text = extended.question("own_came").text
    assert text.in_("cy") == "Did you come to our careers fair?"
    assert text.language_in("cy") == "en"
