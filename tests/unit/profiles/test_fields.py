"""Which facts a response states, and under which names."""

from outreach.profiles.fields import facts_of, no_longer_said
from outreach.profiles.wording import field_label, value_words
from questionnaires.answers import Value
from questionnaires.scoring import score
from tests.unit.questionnaires.tiny import GCSE


def facts(**answers: Value) -> dict[str, object]:
    return dict(facts_of(GCSE, answers, score(GCSE, answers)))


def test_a_skill_is_no_construct_of_career_knowledge() -> None:
    stated = facts(ideas_have_one="definitely", listening_whole="often", listening_remember="often")

    assert stated["construct.ideas"] == 100.0
    assert stated["skill.listening"] == 100.0
    assert "construct.listening" not in stated


def test_too_few_answers_state_no_score() -> None:
    stated = facts(ideas_have_one="definitely")

    assert "readiness" not in stated
    assert "skill.listening" not in stated


def test_a_skipped_question_states_nothing() -> None:
    assert "intended_destination" not in facts(destination_intended=None)


def test_certainty_ends_with_the_destination_it_was_said_of() -> None:
    assert no_longer_said({"intended_destination": "not_sure"}) == {"destination_certainty"}
    assert no_longer_said({"interests": ["sport"]}) == set()
    assert no_longer_said({"intended_destination": "a", "destination_certainty": "b"}) == set()


def test_fields_and_values_read_as_the_student_read_them() -> None:
    assert field_label("construct.pathways", GCSE) == "Knowing the choices after Year 11"
    assert value_words("interests", ["health", "sport"], GCSE) == (
        "Health and medicine",
        "Sport and fitness",
    )


def test_an_entry_whose_definition_is_gone_still_reads() -> None:
    assert field_label("construct.local_jobs", None) == "Local jobs"
    assert value_words("interests", ["health"], None) == ("Health",)
