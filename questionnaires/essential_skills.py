"""What the eight essential skills are called in each version of the framework, and each stage's level."""

from functools import cache
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from questionnaires.model import ESSENTIAL_SKILLS, Key
from questionnaires.source import Source


class Framework(BaseModel):
    """`essential_skills.yaml`, as checked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    link: str
    current: str
    versions: dict[str, dict[Key, str]]
    stages: dict[Key, str]

    @model_validator(mode="after")
    def _names_every_skill_in_every_version(self) -> Self:
        for version, labels in self.versions.items():
            if tuple(labels) != ESSENTIAL_SKILLS:
                raise ValueError(f"version {version} must name {', '.join(ESSENTIAL_SKILLS)}")
        if self.current not in self.versions:
            raise ValueError(f"there is no version {self.current}")
        return self

    def label(self, skill: str, version: str | None = None) -> str:
        """Its name in that version, or in the current one. KeyError for an unknown skill."""
        return self.versions[version or self.current][skill]

    def stage_note(self, questionnaire_id: str) -> str | None:
        """How the skill items of that questionnaire are pitched; None for one that is not ours."""
        return self.stages.get(questionnaire_id)


@cache
def framework() -> Framework:
    path = Path(__file__).parent / "essential_skills.yaml"
    return Framework.model_validate(Source.of_file(path).data)
