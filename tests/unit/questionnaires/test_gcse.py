"""What the GCSE questionnaire promises beyond what all six do."""

from questionnaires.model import Note
from questionnaires.path import walk
from tests.unit.questionnaires.tiny import GCSE

ASKED = [q for q in GCSE.questions if not isinstance(q, Note)]


def test_it_is_for_the_gcse_years() -> None:
    assert GCSE.years == (10, 11)


def test_it_asks_about_each_route_after_year_11() -> None:
    assert [q.id for q in ASKED if q.construct == "pathways"] == [
        "pathway_a_levels",
        "pathway_technical",
        "pathway_apprenticeships",
    ]


def test_it_writes_the_three_profile_fields() -> None:
    fields = {q.profile_field: q.id for q in ASKED if q.profile_field}
    assert fields == {
        "interests": "interests_sectors",
        "intended_destination": "destination_intended",
        "destination_certainty": "destination_certainty",
    }


def test_how_sure_is_asked_only_of_those_who_named_a_destination() -> None:
    def is_asked(destination: str | None) -> bool:
        path = walk(GCSE, {"destination_intended": destination})
        return "destination_certainty" in [q.id for q in path.questions]

    assert is_asked("apprenticeship")
    assert not is_asked("not_sure")
    assert not is_asked(None)
