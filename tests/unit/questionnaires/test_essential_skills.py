"""Names of the eight skills by version of the framework, and a note for each stage."""

import pytest
from pydantic import ValidationError

from questionnaires.essential_skills import Framework, framework
from questionnaires.model import ESSENTIAL_SKILLS
from tests.unit.questionnaires.tiny import LIBRARY


def test_a_key_keeps_and_a_name_goes_with_the_version() -> None:
    skills = framework()
    assert [skills.label(key, "1") for key in ("adapting", "planning")] == [
        "Staying Positive",
        "Aiming High",
    ]
    assert [skills.label(key) for key in ("adapting", "planning")] == ["Adapting", "Planning"]
    assert all(skills.label(key) for key in ESSENTIAL_SKILLS)


def test_every_stage_has_its_note() -> None:
    assert set(framework().stages) == set(LIBRARY.ids)
    assert framework().stage_note("a_schools_own") is None


def test_a_version_that_forgets_a_skill_is_refused() -> None:
    data = framework().model_dump()
    del data["versions"]["1"]["teamwork"]
    with pytest.raises(ValidationError, match="version 1 must name listening"):
        Framework.model_validate(data)
    with pytest.raises(ValidationError, match="there is no version 3"):
        Framework.model_validate(framework().model_dump() | {"current": "3"})
