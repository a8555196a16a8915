"""Which fields a source is asked for: no more than the school lets us use."""

from sqlalchemy.orm import Session

from outreach.pupils.characteristics import left_out
from outreach.pupils.models import Item
from outreach.pupils.sources.records import Field
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
    skipped = left_out(session)
    current, undecided = agreement(session), undecided_addresses(session)
    return frozenset(
        one
        for one in Field
        if ITEM_OF.get(one) not in skipped
        and (
            one not in ADDRESSES or getattr(current, ADDRESSES[one]) or ADDRESSES[one] in undecided
        )
    )
