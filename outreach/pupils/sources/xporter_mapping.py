"""The mapping file of Groupcall Xporter, as typed and checked."""

from collections.abc import Collection
from typing import Literal

from pydantic import field_validator

from outreach.pupils.sources.mapping import MappingModel, load_mapping
from outreach.pupils.sources.records import Field

Names = list[str]
"""What a value may be called: the first that a record fills is taken."""


class TokenWords(MappingModel):
    third_party: str
    paused: Names
    refused: Names


class DbStatusWords(MappingModel):
    names: Names
    fresh: Names


class ChangedRows(MappingModel):
    begin: str
    most_pupils: int


class TokenDetails(MappingModel):
    path: str
    scopes: Names
    optional: Names


class SchoolNames(MappingModel):
    path: str
    rows: Names
    name: Names


class Students(MappingModel):
    path: str
    rows: Names
    on_roll: dict[str, str]
    id: Names
    fields: dict[Field, Names]


class Leavers(MappingModel):
    query: dict[str, str]
    days: int
    status: Names
    left: Names


class Groups(MappingModel):
    option: str
    on_student: Names
    path: str
    rows: Names
    id: Names
    name: Names
    kind: Names
    starts: Names
    ends: Names
    kinds: dict[Literal["teaching", "user_defined"], Names]


class Rule(MappingModel):
    value: Names = []
    means: str | None = None
    where: dict[str, Names] = {}


class Join(MappingModel):
    """Data of their own at `path`, several rows a pupil perhaps."""

    path: str
    rows: Names
    by_ids: str
    person: Names
    gives: dict[Field, list[Rule]]
    skip: dict[str, Names] = {}
    first: Names = []
    starts: Names = []
    ends: Names = []

    @field_validator("by_ids")
    @classmethod
    def _has_place(cls, template: str) -> str:
        if "{ids}" not in template:
            raise ValueError("by_ids needs {ids} where the identifiers go")
        return template


class XporterMapping(MappingModel):
    page_size: int
    ids_at_once: int
    token: TokenWords
    db_status: DbStatusWords
    changed_rows: ChangedRows
    token_details: TokenDetails
    optional_fields: dict[str, Field]
    school: SchoolNames
    scopes: dict[str, list[Field]]
    students: Students
    leavers: Leavers
    groups: Groups
    joins: list[Join]

    def joins_for(self, wanted: Collection[Field]) -> list[Join]:
        return [join for join in self.joins if not join.gives.keys().isdisjoint(wanted)]

    def fields_of_scopes(self, scopes: Collection[str]) -> frozenset[Field]:
        """Scopes that open nothing we use are passed over."""
        known = {scope.casefold(): fields for scope, fields in self.scopes.items()}
        return frozenset(f for scope in scopes for f in known.get(scope.casefold(), ()))


def xporter_mapping() -> XporterMapping:
    """Raises MappingFault."""
    return load_mapping("xporter", XporterMapping)
