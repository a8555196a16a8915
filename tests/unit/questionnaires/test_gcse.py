"""The GCSE questionnaire keeps what was promised of it: what it covers, its length, its words."""

import re

from questionnaires.model import ESSENTIAL_SKILLS, Block, ChoiceQuestion, Note
from questionnaires.path import walk
from tests.unit.questionnaires.tiny import GCSE

ASKED = [q for q in GCSE.questions if not isinstance(q, Note)]
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


def test_it_is_for_the_gcse_years_and_short_enough_for_one_sitting() -> None:
    assert GCSE.years == (10, 11)
    assert 24 <= len(walk(GCSE, {}).asked) <= len(ASKED) <= 32


def test_it_covers_every_construct() -> None:
    by_block = {block: {q.construct for q in ASKED if q.block is block} for block in Block}
    assert by_block[Block.CAREER_KNOWLEDGE] == CAREER_KNOWLEDGE
    assert by_block[Block.ESSENTIAL_SKILLS] == set(ESSENTIAL_SKILLS)
    assert {q.construct for q in ASKED} == set(GCSE.constructs)
    assert all(q.gatsby for q in ASKED if q.block is not Block.ESSENTIAL_SKILLS)


def test_each_essential_skill_has_two_self_ratings() -> None:
    for skill in ESSENTIAL_SKILLS:
        assert len([q for q in ASKED if q.construct == skill]) == 2


def test_it_writes_the_three_profile_fields() -> None:
    fields = {q.profile_field: q.id for q in ASKED if q.profile_field}
    assert fields == {
        "interests": "interests_sectors",
        "intended_destination": "destination_intended",
        "destination_certainty": "destination_certainty",
    }


def test_every_scored_question_lets_a_student_say_not_sure() -> None:
    scored = [q for q in ASKED if isinstance(q, ChoiceQuestion) and q.scoring]
    assert all(q.scoring and q.scoring.unsure for q in scored)


def test_how_sure_is_asked_only_of_those_who_named_a_destination() -> None:
    def is_asked(destination: str | None) -> bool:
        path = walk(GCSE, {"destination_intended": destination})
        return "destination_certainty" in [q.id for q in path.questions]

    assert is_asked("apprenticeship")
    assert not is_asked("not_sure")
    assert not is_asked(None)


def test_its_sentences_are_short() -> None:
    texts = [text for q in ASKED for text in (q.text, q.hint) if text is not None]
    for text in [*texts, GCSE.intro]:
        for sentence in re.split(r"(?<=[.?!])\s", text.in_("en")):
            assert len(sentence.split()) <= 17, sentence
