"""The student's own copy in words: what is sure, what is open, and three things to do."""

import re

import pytest

from outreach.answering.speaking import all_words
from outreach.profiles.copying import STEPS, OwnCopy, copy_of, next_steps
from outreach.profiles.meaning import meanings_in
from questionnaires.loading import Library, load_library
from questionnaires.model import ChoiceQuestion, Questionnaire


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def answered(questionnaire: Questionnaire, which: str, library: Library) -> OwnCopy:
    """Every scored question answered alike: positive, between, not_positive, unsure or skipped."""
    answers: dict[str, str | None] = {}
    for question in questionnaire.questions:
        if not isinstance(question, ChoiceQuestion) or question.scoring is None:
            continue
        scoring = question.scoring
        apart = {*scoring.positive, *scoring.unsure}
        others = [value for value in question.values if value not in apart]
        first = {
            "positive": scoring.positive[:1],
            "between": others[:1],
            "not_positive": others[-1:],
            "unsure": scoring.unsure[:1],
        }.get(which, ())
        answers[question.id] = next(iter(first), None)
    return copy_of(questionnaire, library, answers, "en")


@pytest.mark.parametrize("id", ["start", "ks3", "gcse", "post16", "fe", "access"])
def test_every_questionnaire_has_three_things_to_do_however_it_is_answered(
    library: Library, id: str
) -> None:
    questionnaire = library.latest(id)
    for which in ("positive", "between", "not_positive", "unsure", "skipped"):
        own = answered(questionnaire, which, library)
        assert len(set(own.steps)) == STEPS, which
        assert bool(own.sure and own.often) is (which == "positive")
        assert not own.partly
        assert bool(own.sometimes) is (which == "between")
        assert bool(own.to_find_out) is (which in ("between", "not_positive", "unsure"))
        assert bool(own.to_practise) is (which in ("not_positive", "unsure"))


def test_what_was_said_both_ways_stands_between_and_each_says_what_it_is_about(
    library: Library,
) -> None:
    gcse = library.latest("gcse")
    scored = [q for q in gcse.questions if isinstance(q, ChoiceQuestion) and q.scoring]
    first = next(q for q in scored if sum(q.construct == o.construct for o in scored) > 1)
    second = next(q for q in scored if q.construct == first.construct and q is not first)
    assert first.scoring
    assert second.scoring
    apart = {*second.scoring.positive, *second.scoring.unsure}
    said = {
        first.id: first.scoring.positive[0],
        second.id: next(value for value in second.values if value not in apart),
    }

    for language in ("en", "cy"):
        own = copy_of(gcse, library, said, language)
        (words,) = (*own.partly, *own.sometimes)
        label = gcse.constructs[first.construct].label.in_(language)
        assert words == f"{label}: {meanings_in(language)[first.construct]}"
        assert [*own.sure, *own.to_find_out, *own.often, *own.to_practise] == []


def test_a_copy_has_no_number_and_compares_with_nobody(library: Library) -> None:
    own = answered(library.latest("gcse"), "not_positive", library)

    every = meanings_in("en").values()
    words = " ".join([*own.sure, *own.to_find_out, *own.to_practise, *own.steps, *every])
    assert not re.search(r"\d+\s*%|\d+ of \d+|rank|average|better than|others", words)


@pytest.mark.parametrize("language", [words.language for words in all_words()])
def test_every_scored_construct_has_something_to_do_in_every_language(
    library: Library, language: str
) -> None:
    written = next_steps(language)
    english = next_steps("en")
    scored = {
        question.construct
        for id in library.ids
        for question in library.latest(id).questions
        if isinstance(question, ChoiceQuestion) and question.scoring
    }

    assert scored <= written.constructs.keys() == english.constructs.keys()
    means = meanings_in(language)
    assert scored <= means.keys() == meanings_in("en").keys()
    assert language == "en" or not {*means.values()} & {*meanings_in("en").values()}
    assert len(written.keep_going) == len(english.keep_going) >= STEPS
    said = {*written.constructs.values(), *written.keep_going}
    assert len(said) == len(english.constructs) + len(english.keep_going)
    assert language == "en" or not said & {*english.constructs.values(), *english.keep_going}
