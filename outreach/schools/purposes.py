"""The table of what is held of pupils and what for, from `purposes.yaml`, strictly read."""

from collections.abc import Mapping
from enum import Enum
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, model_validator


class Purpose(Enum):
    KEEPING_ROSTER = "keeping_roster"
    CHOOSING_AUDIENCE = "choosing_audience"
    SENDING_MAIL = "sending_mail"
    CHECKING_PERSON = "checking_person"
    MATCHING_RECORDS = "matching_records"
    GUIDING_PUPIL = "guiding_pupil"
    COMPARING_GROUPS = "comparing_groups"
    LOCAL_AUTHORITY = "local_authority"
    POST_16_SHARING = "post_16_sharing"
    ANSWERING_ACCESS_REQUEST = "answering_access_request"


class DataItem(Enum):
    """All that a roster can say of a pupil and is held. The special ones are `pupils.models.Item`."""

    NAME = "name"
    UPN = "upn"
    MIS_ID = "mis_id"
    ADMISSION_NUMBER = "admission_number"
    DATE_OF_BIRTH = "date_of_birth"
    GENDER = "gender"
    YEAR = "year"
    REGISTRATION_GROUP = "registration_group"
    GROUPS = "groups"
    START_DATE = "start_date"
    LEAVING_DATE = "leaving_date"
    WORK_EMAIL = "work_email"
    HOME_EMAIL = "home_email"
    SEN = "sen"
    FSM = "fsm"
    PUPIL_PREMIUM = "pupil_premium"
    ETHNICITY = "ethnicity"
    FIRST_LANGUAGE = "first_language"


class ItemKind(Enum):
    REQUIRED = "required"
    WANTED = "wanted"
    OPTIONAL = "optional"
    SPECIAL = "special"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PurposeRule(_Strict):
    """`needs_it`: a reason to keep items, not only to give them out where they are kept."""

    label: str
    words: str
    to_students: str
    needs_it: bool = True
    optional: bool = False
    when_off: str = ""

    @model_validator(mode="after")
    def _says_what_stops(self) -> "PurposeRule":
        if self.optional != bool(self.when_off):
            message = (
                f"“{self.label}”: what is optional, and nothing else, says in `when_off` what stops"
            )
            raise ValueError(message)
        return self


class ItemRule(_Strict):
    """`purposes` does not name the pupil's own copy: everything that is held is in it."""

    label: str
    to_students: str
    source: str
    kind: ItemKind
    purposes: tuple[Purpose, ...]
    values: Mapping[str, str] = {}


class Table(_Strict):
    """Which item may be used for which purpose."""

    purposes: Mapping[Purpose, PurposeRule]
    items: Mapping[DataItem, ItemRule]

    @model_validator(mode="after")
    def _is_whole(self) -> "Table":
        missing = sorted(
            [one.value for one in Purpose if one not in self.purposes]
            + [one.value for one in DataItem if one not in self.items]
        )
        if missing:
            message = f"purposes.yaml says nothing of {', '.join(missing)}"
            raise ValueError(message)
        return self

    def allows(self, item: DataItem, purpose: Purpose) -> bool:
        return purpose in self.purposes_of(item)

    def purposes_of(self, item: DataItem) -> tuple[Purpose, ...]:
        own_copy = Purpose.ANSWERING_ACCESS_REQUEST
        return (*(one for one in self.items[item].purposes if one is not own_copy), own_copy)

    def needs_of(self, item: DataItem) -> tuple[Purpose, ...]:
        """The purposes that are a reason to keep it."""
        return tuple(one for one in self.purposes_of(item) if self.purposes[one].needs_it)

    def items_for(self, purpose: Purpose) -> tuple[DataItem, ...]:
        """In the order of the enum."""
        return tuple(item for item in DataItem if self.allows(item, purpose))

    @property
    def special_items(self) -> tuple[DataItem, ...]:
        return tuple(one for one in DataItem if self.items[one].kind is ItemKind.SPECIAL)

    @property
    def optional_purposes(self) -> tuple[Purpose, ...]:
        return tuple(one for one in Purpose if self.purposes[one].optional)


@cache
def table() -> Table:
    return load_table((Path(__file__).parent / "purposes.yaml").read_text(encoding="utf-8"))


def load_table(text: str) -> Table:
    """A purpose or an item that is left out, or one that is unknown, stops us."""
    return Table.model_validate(yaml.safe_load(text))
