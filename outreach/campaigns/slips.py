"""Slips of paper for pupils: each with a personal code, its QR and what it is, as a PDF."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import segno
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from outreach.campaigns.audience import is_answered_elsewhere
from outreach.campaigns.code_making import Code
from outreach.campaigns.codes import write_code
from outreach.campaigns.links import link_token
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.reached import was_reached
from outreach.campaigns.states import CAN_ANSWER
from outreach.clock import london_date, long_date
from outreach.database import school_of
from outreach.documents.rendering import NoFont, render_pdf
from outreach.pupils.groups import natural_order, registration_group
from outreach.pupils.models import Pupil
from outreach.pupils.roster.whole_roster import joining_whole_roster
from outreach.signing import TokenSigner

MOST_AT_ONCE = 240
"""Slips of one PDF, in a second or two; more are several. Its data must fit `documents.rendering`."""

WITHOUT_GROUP = "No group"


class Size(Enum):
    """How many to a page of A4."""

    USUAL = "usual"
    LARGE = "large"


TO_A_PAGE = {Size.USUAL: 8, Size.LARGE: 3}


@dataclass(frozen=True, repr=False)
class SlipOf:
    """A pupil who still can answer. `group` is the registration group of today."""

    invitation_id: UUID
    pupil_id: UUID
    forename: str
    surname: str
    group: str

    @property
    def order(self) -> tuple[object, ...]:
        """By group, then by name: the same in every printing."""
        names = (self.surname.casefold(), self.forename.casefold())
        return (natural_order(self.group), self.group, *names, self.invitation_id)


@dataclass(frozen=True)
class Place:
    """What every slip of a campaign says of the school and the service."""

    school_name: str
    school_key: bytes
    public_url: str


def who_can_answer(
    session: Session,
    campaign: Campaign,
    now: datetime,
    seen: ColumnElement[bool],
    *,
    only_unreached: bool = False,
    is_in: ColumnElement[bool] | None = None,
) -> list[SlipOf]:
    """Whoever is invited, on the roster today and has neither said no nor answered, here or this
    school year in another campaign; by group.

    `only_unreached`: those to whom no mail went, or whose mail did not arrive. `is_in` is over Pupil.
    """
    today = london_date(now)
    query = _invited(session, campaign, today).where(
        Invitation.state.in_(CAN_ANSWER),
        ~is_answered_elsewhere(now),
        _is_on_roster(today),
        seen,
    )
    if only_unreached:
        query = query.where(~was_reached())
    if is_in is not None:
        query = query.where(is_in)
    with joining_whole_roster(session):
        rows = session.execute(query).all()
    return sorted((_slip_of(*row) for row in rows), key=lambda one: one.order)


def years_invited(session: Session, campaign: Campaign, seen: ColumnElement[bool]) -> list[int]:
    """School years that somebody invited is in today."""
    years = (
        select(Pupil.year)
        .join(
            Invitation,
            and_(Pupil.school_id == Invitation.school_id, Pupil.id == Invitation.pupil_id),
        )
        .where(
            Invitation.school_id == school_of(session), Invitation.campaign_id == campaign.id, seen
        )
        .distinct()
        .order_by(Pupil.year)
    )
    return list(session.scalars(years))


def slip_of_invited(
    session: Session, campaign: Campaign, invitation_id: UUID, now: datetime
) -> SlipOf | None:
    """Of anybody invited, whether they can still answer or not: it says where their slip stands."""
    query = _invited(session, campaign, london_date(now)).where(Invitation.id == invitation_id)
    row = session.execute(query).one_or_none()
    return None if row is None else _slip_of(*row)


def _invited(
    session: Session, campaign: Campaign, today: date
) -> Select[UUID, UUID, str, str, str | None]:
    return (
        select(
            Invitation.id,
            Invitation.pupil_id,
            func.coalesce(Pupil.preferred_forename, Pupil.forename),
            Pupil.surname,
            registration_group(today),
        )
        .join(Pupil, and_(Pupil.school_id == Invitation.school_id, Pupil.id == Invitation.pupil_id))
        .where(Invitation.school_id == school_of(session), Invitation.campaign_id == campaign.id)
    )


def _slip_of(
    invitation_id: UUID, pupil_id: UUID, forename: str, surname: str, group: str | None
) -> SlipOf:
    return SlipOf(invitation_id, pupil_id, forename, surname, group or WITHOUT_GROUP)


def _is_on_roster(today: date) -> ColumnElement[bool]:
    return and_(
        Pupil.erased_at.is_(None),
        Pupil.missing_since.is_(None),
        or_(Pupil.leaving_date.is_(None), Pupil.leaving_date > today),
    )


def draw_slips(
    signer: TokenSigner,
    campaign: Campaign,
    chosen: Sequence[SlipOf],
    codes: Mapping[UUID, Code],
    place: Place,
    size: Size,
) -> bytes:
    """The PDF. It asks the database nothing: it may take seconds."""
    data = _document(signer, campaign, chosen, codes, place, size)
    try:
        return render_pdf("slips.typ", data)
    except NoFont:  # a name in a script that this machine has no font for
        return render_pdf("slips.typ", data, whatever_fonts=True)


def _document(
    signer: TokenSigner,
    campaign: Campaign,
    chosen: Sequence[SlipOf],
    codes: Mapping[UUID, Code],
    place: Place,
    size: Size,
) -> dict[str, Any]:
    names = short_names(chosen)
    groups: dict[str, list[dict[str, str]]] = {}
    for one in chosen:
        code = codes[one.invitation_id]
        token = link_token(signer, place.school_key, code.link_id)
        groups.setdefault(one.group, []).append(
            {
                "name": names[one.invitation_id],
                "code": write_code(code.code),
                "qr": draw_qr(f"{place.public_url}/q/{token}"),
            }
        )
    return {
        "school": place.school_name,
        "is_large": size is Size.LARGE,
        "address": f"{place.public_url.removeprefix('https://')}/code",
        "until": long_date(campaign.closes_at) if campaign.closes_at else "",
        "groups": [{"name": name, "slips": slips} for name, slips in groups.items()],
    }


def short_names(chosen: Sequence[SlipOf]) -> dict[UUID, str]:
    """Forename and initial, as a slip left lying about should say no more; the whole surname only
    where two of a group would read the same."""

    def short(one: SlipOf) -> str:
        return f"{one.forename} {one.surname[:1]}."

    alike = Counter((one.group, short(one)) for one in chosen)
    return {
        one.invitation_id: short(one)
        if alike[one.group, short(one)] == 1
        else f"{one.forename} {one.surname}"
        for one in chosen
    }


def draw_qr(address: str) -> str:
    """SVG without size or border. Medium error correction: paper gets creased.

    One mask for all, where trying out each takes five times as long: a token looks random anyway.
    """
    drawn = segno.make_qr(address, error="m", boost_error=False, mask=3)
    return drawn.svg_inline(border=0, omitsize=True, svgclass=None, lineclass=None)
