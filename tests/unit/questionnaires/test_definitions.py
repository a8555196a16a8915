"""What the six questionnaires promise: whom they are for, what they cover, how they read."""

import re

import pytest

from questionnaires.audience import ChosenBy, Setting, in_words
from questionnaires.model import (
    ESSENTIAL_SKILLS,
    Block,
    ChoiceQuestion,
    ChoicesQuestion,
    Note,
    ProfileField,
    Questionnaire,
)
from questionnaires.path import walk
from questionnaires.scoring import profile_facts
from questionnaires.timing import minutes_to_answer
from tests.unit.questionnaires.reading import long_texts_of, prose_of, reading_age, words_of
from tests.unit.questionnaires.tiny import LIBRARY

SHORT = {"start": 24, "access": 24}
"""At most so many questions; the others at most 32."""
OLDEST_READER = {"start": 10, "access": 10}
"""Highest reading age in years; the others at most 12."""
ITEMS_A_SKILL = {"start": 1, "access": 1}
CAREER_KNOWLEDGE = {
    "ideas",
    "pathways",
    "information",
    "guidance",
    "employer_skills",
    "encounters",
    "workplaces",
    "subject_links",
    "recruitment",
    "decisions",
    "local_jobs",
}


@pytest.fixture(params=["start", "ks3", "gcse", "post16", "access", "fe"])
def questionnaire(request: pytest.FixtureRequest) -> Questionnaire:
    return LIBRARY.latest(request.param)


def test_there_are_six() -> None:
    assert set(LIBRARY.ids) == {"start", "ks3", "gcse", "post16", "access", "fe"}


def test_it_can_be_finished_in_one_sitting(questionnaire: Questionnaire) -> None:
    asked = [q for q in questionnaire.questions if not isinstance(q, Note)]
    assert 20 <= len(asked) <= SHORT.get(questionnaire.id, 32)
    assert minutes_to_answer(questionnaire) <= 10


def test_it_covers_every_construct_under_the_key_that_every_stage_uses(
    questionnaire: Questionnaire,
) -> None:
    asked = walk(questionnaire, {}).asked
    assert {q.construct for q in asked if q.block is Block.CAREER_KNOWLEDGE} == CAREER_KNOWLEDGE
    assert set(questionnaire.constructs) == {
        *CAREER_KNOWLEDGE,
        "interests",
        "destination",
        *ESSENTIAL_SKILLS,
    }
    for skill in ESSENTIAL_SKILLS:
        items = [q for q in asked if q.construct == skill]
        assert len(items) == ITEMS_A_SKILL.get(questionnaire.id, 2)
    assert all(q.gatsby for q in asked if q.block is not Block.ESSENTIAL_SKILLS)


def test_blocks_agree_over_all_stages() -> None:
    blocks = {
        (key, construct.block)
        for id in LIBRARY.ids
        for key, construct in LIBRARY.latest(id).constructs.items()
    }
    assert len(blocks) == len({key for key, _ in blocks})


def test_it_states_interests_and_an_intended_destination(questionnaire: Questionnaire) -> None:
    fields = {q.profile_field for q in questionnaire.questions if not isinstance(q, Note)}
    fields.discard(None)
    is_short = questionnaire.id in SHORT
    assert fields == set(ProfileField) - (
        {ProfileField.DESTINATION_CERTAINTY} if is_short else set()
    )


def test_every_scored_question_lets_a_student_say_not_sure(questionnaire: Questionnaire) -> None:
    scored = [q for q in questionnaire.questions if isinstance(q, ChoiceQuestion) and q.scoring]
    assert all(q.scoring and q.scoring.unsure == ("not_sure",) for q in scored)
    for field in ("intended_destination",):
        (question,) = [
            q
            for q in questionnaire.questions
            if isinstance(q, ChoiceQuestion) and q.profile_field == field
        ]
        assert question.values[-1] == "not_sure"


def test_none_asks_for_free_text(questionnaire: Questionnaire) -> None:
    assert not questionnaire.open_text


def test_its_reading_age_is_that_of_its_readers(questionnaire: Questionnaire) -> None:
    highest = OLDEST_READER.get(questionnaire.id, 12)
    assert reading_age(words_of(questionnaire)) <= highest
    assert reading_age(prose_of(questionnaire)) <= highest
    for text in long_texts_of(questionnaire):
        assert reading_age([text]) <= highest, text


def test_its_sentences_are_short(questionnaire: Questionnaire) -> None:
    longest = 15 if questionnaire.id in OLDEST_READER else 17
    for text in words_of(questionnaire):
        for sentence in re.split(r"(?<=[.?!])\s", text):
            limit = longest if "How often is each" not in sentence else 17
            assert len(sentence.split()) <= limit, sentence


def test_the_supported_version_has_few_options_each_with_a_symbol() -> None:
    for question in LIBRARY.latest("access").questions:
        assert isinstance(question, ChoiceQuestion | ChoicesQuestion)
        unsure = {"not_sure", "none_yet"}
        assert len([v for v in question.values if v not in unsure]) <= 3
        assert question.values[-1] in unsure
        assert all(option.symbol for option in question.options)


def test_the_supported_version_is_never_chosen_by_a_year() -> None:
    assert LIBRARY.latest("access").audience.chosen_by is ChosenBy.STAFF
    by_year = {year: LIBRARY.for_year(year) for year in range(7, 15)}
    ids = {year: one.id for year, one in by_year.items() if one is not None}
    assert ids == {
        7: "start",
        8: "ks3",
        9: "ks3",
        10: "gcse",
        11: "gcse",
        12: "post16",
        13: "post16",
        14: "post16",
    }


def test_a_college_gives_its_own_version() -> None:
    for setting in (Setting.COLLEGE, Setting.TRAINING_PROVIDER):
        chosen = LIBRARY.for_year(12, setting)
        assert chosen is not None
        assert chosen.id == "fe"
    assert LIBRARY.for_year(9, Setting.COLLEGE) is None


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("start", "Year 7"),
        ("gcse", "Years 10 and 11"),
        ("post16", "Years 12, 13 and 14"),
        (
            "fe",
            "ages 16 to 18 (to 25 with an education, health and care plan), "
            "in colleges and training providers",
        ),
        (
            "access",
            "any year, in schools, colleges and training providers, chosen by staff pupil by pupil",
        ),
    ],
)
def test_who_it_is_for_reads_well(id: str, words: str) -> None:
    one = LIBRARY.latest(id)
    assert in_words(one.years, one.audience) == words


def test_interests_asked_in_parts_become_one_list() -> None:
    access = LIBRARY.latest("access")

    def interests(**said: tuple[str, ...] | None) -> object:
        return profile_facts(access, said).get("interests")

    nothing = ("none_yet",)
    assert interests(interests_people=("caring",), interests_hands=nothing) == ["caring"]
    assert interests(
        interests_people=("caring", "health"), interests_hands=None, interests_more=("computing",)
    ) == ["caring", "health", "computing"]
    assert interests(interests_people=nothing, interests_hands=nothing) == ["none_yet"]
    assert interests(interests_people=None) is None
