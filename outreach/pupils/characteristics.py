"""The one door to pupils' characteristics: who asks says what for, and gets no more than that.

The table of items and purposes is `purposes.yaml`, so that a data protection lead can read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from uuid import UUID

import yaml
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.database import school_of
from outreach.pupils.models import Item, PupilCharacteristic


class Purpose(Enum):
    CHOOSING_AUDIENCE = "choosing_audience"
    SENDING_MAIL = "sending_mail"
    GUIDING_PUPIL = "guiding_pupil"
    COMPARING_GROUPS = "comparing_groups"
    ANSWERING_ACCESS_REQUEST = "answering_access_request"


LABELS = {
    Item.SEN: "Special educational needs",
    Item.FSM: "Free school meals",
    Item.PUPIL_PREMIUM: "Pupil premium",
    Item.ETHNICITY: "Ethnicity",
    Item.FIRST_LANGUAGE: "First language",
}


class _PurposeEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    words: str
    to_students: str
    needs_it: bool = True
    items: list[Item]


class _PurposeFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    purposes: dict[Purpose, _PurposeEntry]


@dataclass(frozen=True)
class PurposeRule:
    """What may be read for a purpose, and the purpose in words.

    `needs_it`: a reason to keep the items, not only to give them out where they are kept.
    """

    words: str
    to_students: str
    needs_it: bool
    items: frozenset[Item]


def read(session: Session, pupil_id: UUID, purpose: Purpose) -> dict[Item, str]:
    """The pupil's items that the table allows for `purpose`; nothing of any other pupil."""
    permitted = purposes()[purpose].items
    if not permitted:
        return {}
    rows = session.execute(
        select(PupilCharacteristic.item, PupilCharacteristic.value).where(
            PupilCharacteristic.school_id == school_of(session),
            PupilCharacteristic.pupil_id == pupil_id,
            PupilCharacteristic.item.in_(permitted),
        )
    )
    return {row.item: row.value for row in rows}


def kept_items() -> frozenset[Item]:
    """What some purpose needs. Nothing else is stored."""
    return frozenset(item for rule in purposes().values() if rule.needs_it for item in rule.items)


def left_out(session: Session) -> dict[Item, str]:
    """Items that must not be stored for this school, each with why, for whoever brings them."""
    kept = kept_items()
    return {item: "Not kept: nothing here uses it." for item in Item if item not in kept}


@cache
def purposes() -> Mapping[Purpose, PurposeRule]:
    """The table, strictly read: a purpose left out, or an item unknown, stops us."""
    return load_purposes((Path(__file__).parent / "purposes.yaml").read_text(encoding="utf-8"))


def load_purposes(text: str) -> Mapping[Purpose, PurposeRule]:
    loaded = _PurposeFile.model_validate(yaml.safe_load(text)).purposes
    missing = sorted(purpose.value for purpose in Purpose if purpose not in loaded)
    if missing:
        message = f"purposes.yaml says nothing of {', '.join(missing)}"
        raise ValueError(message)
    return {
        purpose: PurposeRule(entry.words, entry.to_students, entry.needs_it, frozenset(entry.items))
        for purpose, entry in loaded.items()
    }
