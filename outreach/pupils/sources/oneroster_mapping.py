"""The mapping file of OneRoster, as typed and checked."""

from typing import Literal

from pydantic import Field as Limits

from outreach.pupils.sources.mapping import MappingModel, load_mapping
from outreach.pupils.sources.records import Field

Names = tuple[str, ...]
"""What a value may be called: the first that a record fills is taken."""


class StudentList(MappingModel):
    path: str
    filter: str | None = None


class TokenPlaces(MappingModel):
    paths: Names
    urls: dict[str, str] = {}
    scopes: Names
    lasts: int


class UpnPlaces(MappingModel):
    user_id_types: Names
    attributes: Names


class DemographicsWords(MappingModel):
    path: str
    at_once: int = Limits(ge=1, le=100)
    fields: dict[Field, str]


class OneRosterMapping(MappingModel):
    page_size: int = Limits(ge=1, le=5_000)
    sample_size: int = Limits(ge=1, le=5_000)
    base_paths: Names
    student_lists: tuple[StudentList, ...]
    token: TokenPlaces
    fields: dict[Field, Names]
    optional_fields: dict[Field, Names]
    email: Names
    email_is: Literal["work", "home", "none"]
    upn: UpnPlaces
    demographics: DemographicsWords
    genders: dict[str, str]
    years: dict[str, int]
    gone_statuses: Names
    keep_disabled: bool
    classes_of_each_pupil: bool
    homeroom_types: Names

    @property
    def email_field(self) -> Field | None:
        fields = {"work": Field.WORK_EMAIL, "home": Field.HOME_EMAIL, "none": None}
        return fields[self.email_is]


def oneroster_mapping() -> OneRosterMapping:
    """Raises MappingFault."""
    return load_mapping("oneroster", OneRosterMapping)
