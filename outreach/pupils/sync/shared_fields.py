"""Which fields a source is asked for: no more than the school lets us use."""

from sqlalchemy.orm import Session

from outreach.pupils.characteristics import left_out
from outreach.pupils.models import Item
from outreach.pupils.sources.records import Field
from outreach.schools.purposes import DataItem, table
from outreach.schools.sharing import agreement, undecided_addresses

ITEM_OF = {
    Field.SEN: Item.SEN,
    Field.FSM: Item.FSM,
    Field.PUPIL_PREMIUM: Item.PUPIL_PREMIUM,
    Field.ETHNICITY: Item.ETHNICITY,
    Field.FIRST_LANGUAGE: Item.FIRST_LANGUAGE,
}
"""The fields that live apart, as special category data or near it."""

ADDRESSES = {Field.WORK_EMAIL: "work_email", Field.HOME_EMAIL: "home_email"}
"""The fields with a switch of the agreement."""


def fields_shared(session: Session) -> frozenset[Field]:
    """All but the items that are switched off or that nothing uses.

    A kind of address that the school has not decided about is asked for: held, it lets the school
    see whom each kind would reach before it decides. One that it switched off is not.
    """
    return frozenset(Field) - fields_left_out(session).keys()


def fields_left_out(session: Session) -> dict[Field, str]:
    """Those that must not be taken in from any source, each with why, for whoever brings them."""
    items = left_out(session)
    reasons = {one: items[item] for one, item in ITEM_OF.items() if item in items}
    current, undecided = agreement(session), undecided_addresses(session)
    for one, setting in ADDRESSES.items():
        if not getattr(current, setting) and setting not in undecided:
            reasons[one] = (
                f"Not shared: “{table().items[DataItem(setting)].label}” is switched off on the "
                "Data sharing page. What is stored of it stays as it is, and is not used."
            )
    return reasons
