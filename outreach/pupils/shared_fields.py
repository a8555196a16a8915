"""Which fields a source is asked for: no more than the school lets us use."""

from sqlalchemy.orm import Session

from outreach.pupils.characteristics import left_out
from outreach.pupils.models import Item
from outreach.pupils.sources.records import Field

ITEM_OF = {
    Field.SEN: Item.SEN,
    Field.FSM: Item.FSM,
    Field.PUPIL_PREMIUM: Item.PUPIL_PREMIUM,
    Field.ETHNICITY: Item.ETHNICITY,
    Field.FIRST_LANGUAGE: Item.FIRST_LANGUAGE,
}
"""The fields that live apart, as special category data or near it."""


def fields_shared(session: Session) -> frozenset[Field]:
    """All but the items that are switched off or that nothing uses."""
    skipped = left_out(session)
    return frozenset(field for field in Field if ITEM_OF.get(field) not in skipped)
