"""The mapping file of Wonde, as typed and checked."""

from collections.abc import Collection
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, model_validator

from outreach.pupils.sources.mapping import MappingModel, load_mapping
from outreach.pupils.sources.records import Field
from outreach.pupils.sync.models import SourceState

Paths = list[str]
"""Where a value may stand: the first that a record fills is taken."""
GroupKind = Literal["registration", "teaching", "user_defined", "left_out"]
V = TypeVar("V")


def _fold(words: dict[str, V]) -> dict[str, V]:
    return {word.casefold(): value for word, value in words.items()}


ByWord = Annotated[dict[str, V], AfterValidator(_fold)]
"""Wonde's word to ours; capitals do not matter."""


class FieldRule(MappingModel):
    called: str
    paths: Paths
    include: list[str] = []
    values: ByWord[str] = {}


class GroupRule(MappingModel):
    include: str
    name: Paths
    type: str | None = None
    kinds: ByWord[GroupKind] = {}
    otherwise: GroupKind
    starts_on: Paths = []
    ends_on: Paths = []

    @property
    def has_registration(self) -> bool:
        return "registration" in (self.otherwise, *self.kinds.values())


class Counts(MappingModel):
    path: str
    include: str
    paths: Paths


class Deletions(MappingModel):
    path: str
    query: dict[str, str]
    id: Paths
    type: str
    types: list[str]
    restored: str


class Leavers(MappingModel):
    path: str
    left_on: Paths
    include: list[str]


class SchoolRule(MappingModel):
    name: Paths
    urn: Paths
    town: Paths
    postcode: Paths


class WondeMapping(MappingModel):
    page_size: int
    fields: dict[Field, FieldRule]
    groups: list[GroupRule]
    counts: Counts
    deletions: Deletions
    leavers: Leavers
    school: SchoolRule
    lists: dict[str, SourceState]

    @model_validator(mode="after")
    def _check_fields(self) -> "WondeMapping":
        if Field.MIS_ID not in self.fields:
            raise ValueError("mis_id is missing: without an identifier no pupil can be told apart")
        if misplaced := {Field.REG_GROUP, Field.GROUPS} & set(self.fields):
            words = ", ".join(sorted(field.value for field in misplaced))
            raise ValueError(f"{words} is said under `groups`, not under `fields`")
        return self

    @property
    def called(self) -> dict[Field, str]:
        """Every field that Wonde gives, and its word for it."""
        words = {field: rule.called for field, rule in self.fields.items()}
        if any(rule.has_registration for rule in self.groups):
            words[Field.REG_GROUP] = "registration group"
        if self.groups:
            words[Field.GROUPS] = ", ".join(rule.include for rule in self.groups)
        return words

    def group_rules(self, wanted: Collection[Field]) -> list[GroupRule]:
        if Field.GROUPS in wanted:
            return self.groups
        is_form_wanted = Field.REG_GROUP in wanted
        return [rule for rule in self.groups if is_form_wanted and rule.has_registration]

    def includes(self, wanted: Collection[Field]) -> str:
        """As the query takes them: no more than these fields need."""
        needed = [
            name for field, rule in self.fields.items() if field in wanted for name in rule.include
        ]
        needed += [rule.include for rule in self.group_rules(wanted)]
        return ",".join(dict.fromkeys(needed))


def wonde_mapping() -> WondeMapping:
    return load_mapping("wonde", WondeMapping)
