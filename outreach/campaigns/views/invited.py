"""The pupils of a campaign as a list: where each stands, and what became of the mail."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, select
from sqlalchemy.orm import Session

from outreach.campaigns.audience import asked_pupils
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.reached import latest_messages
from outreach.campaigns.states import ANSWERED, CAN_ANSWER, InvitationState
from outreach.campaigns.views.by_group import WITHOUT_GROUP, of_campaign
from outreach.campaigns.views.mailed import EXPLAINED
from outreach.campaigns.wording import (
    INVITATION,
    MAY_ANSWER_AGAIN,
    MESSAGE,
    NOT_MAILED,
    Words,
    reason_words,
)
from outreach.clock import london_date
from outreach.database import school_of
from outreach.pupils.gate import diagnosis
from outreach.pupils.groups import (
    GroupName,
    is_in_any,
    registration_group,
)
from outreach.pupils.models import GroupKind, Pupil
from outreach.pupils.reach.reasons import Reason
from outreach.pupils.reach.why import Why
from outreach.pupils.roster.whole_roster import joining_whole_roster

PAGE_SIZE = 50
UNANSWERED = "unanswered"
"""Beside the states: everybody who can still answer and has not."""

FILTERS = ("state", "mail", "reason", "group")


@dataclass(frozen=True)
class Filter:
    """What the list is narrowed to; an empty string is no narrowing."""

    state: str = ""
    mail: str = ""
    reason: str = ""
    group: str = ""

    def query(self) -> dict[str, str]:
        return {name: value for name, value in vars(self).items() if value}


@dataclass(frozen=True)
class InvitedPupil:
    """`invitation_id` is None in a draft, where nobody is invited yet."""

    pupil_id: UUID
    invitation_id: UUID | None
    name: str
    group: str | None
    state: Words | None
    mail: Words | None
    why: str
    can_answer: bool
    has_answered: bool
    """And has not been let answer again."""


@dataclass(frozen=True)
class Page:
    rows: tuple[InvitedPupil, ...]
    total: int
    page: int
    pages: int


def invited_page(
    session: Session,
    campaign: Campaign,
    narrowed: Filter,
    page: int,
    now: datetime,
    seen: ColumnElement[bool],
) -> Page:
    """Those invited whom the reader may see."""
    today = london_date(now)
    latest = latest_messages(campaign.school_id, campaign.id)
    mail = func.coalesce(cast(latest.c.state, Text), NOT_MAILED)
    query = (
        select(Pupil, registration_group(today).label("group"), Invitation, mail.label("mail"))
        .add_columns(latest.c.reason, latest.c.words)
        .select_from(Invitation)
        .join(Pupil, and_(Pupil.school_id == Invitation.school_id, Pupil.id == Invitation.pupil_id))
        .outerjoin(latest, latest.c.invitation_id == Invitation.id)
        .where(*of_campaign(session, campaign), *_conditions(narrowed, mail, today), seen)
    )
    return _one_page(session, query, page, _invited)


def draft_page(
    session: Session,
    campaign: Campaign,
    reason: Reason | None,
    page: int,
    now: datetime,
    seen: ColumnElement[bool],
) -> Page:
    """Who would be asked if the draft were launched now: all of them, or those of one reason."""
    today = london_date(now)
    asked = asked_pupils(session, campaign, now).add_columns(*diagnosis()).subquery()
    query = (
        select(Pupil, registration_group(today).label("group"), asked.c.reason, asked.c.detail)
        .join(asked, asked.c.pupil_id == Pupil.id)
        .where(Pupil.school_id == school_of(session), seen)
    )
    if reason is not None:
        query = query.where(asked.c.reason == reason)
    return _one_page(session, query, page, _asked)


def _invited(pupil: Pupil, group: str | None, *rest: Any) -> InvitedPupil:
    invitation, mail, reason, words = rest
    if mail not in {state.value for state in EXPLAINED}:
        reason = words = None  # "250 taken" explains nothing
    whys = (invitation.stopped_reason, invitation.excluded_reason, reason)
    why = dict.fromkeys(reason_words(one) for one in whys if one)
    if invitation.reopened_at is not None:
        why[MAY_ANSWER_AGAIN] = None
    return InvitedPupil(
        pupil_id=pupil.id,
        invitation_id=invitation.id,
        name=pupil.full_name,
        group=group,
        state=INVITATION[invitation.state],
        mail=MESSAGE[mail],
        why=". ".join([*why, *([words] if words else [])]),
        can_answer=invitation.state in CAN_ANSWER,
        has_answered=invitation.state in ANSWERED and invitation.reopened_at is None,
    )


def _asked(
    pupil: Pupil, group: str | None, reason: Reason | None, detail: str | None
) -> InvitedPupil:
    return InvitedPupil(
        pupil_id=pupil.id,
        invitation_id=None,
        name=pupil.full_name,
        group=group,
        state=None,
        mail=None,
        why=Why.read(reason, detail).words if reason else "",
        can_answer=False,
        has_answered=False,
    )


def _one_page(
    session: Session, query: Select[Any], page: int, read: Callable[..., InvitedPupil]
) -> Page:
    found = query.with_only_columns(Pupil.id).subquery()
    ordered = query.order_by(func.lower(Pupil.surname), func.lower(Pupil.forename), Pupil.id)
    with joining_whole_roster(session):
        total = session.scalar(select(func.count()).select_from(found)) or 0
        pages = max(1, -(-total // PAGE_SIZE))
        page = min(page, pages)
        rows = session.execute(ordered.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)).all()
    return Page(tuple(read(*row) for row in rows), total, page, pages)


def _conditions(
    narrowed: Filter, mail: ColumnElement[str], today: date
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if narrowed.state == UNANSWERED:
        conditions.append(Invitation.state.in_(CAN_ANSWER))
    elif narrowed.state:
        conditions.append(Invitation.state == InvitationState(narrowed.state))
    if narrowed.mail:
        conditions.append(mail == narrowed.mail)
    if narrowed.reason:
        conditions.append(Invitation.excluded_reason == narrowed.reason)
    if narrowed.group:
        conditions.append(is_in_chosen(narrowed.group, today))
    return conditions


def is_in_chosen(key: str, today: date) -> ColumnElement[bool]:
    """A pupil in two registration groups counts in the first, as in the lines by group."""
    if key == WITHOUT_GROUP:
        return registration_group(today).is_(None)
    group = GroupName.read(key)
    if group.kind is GroupKind.REGISTRATION:
        return registration_group(today) == group.name
    return is_in_any([group], today)


def known_filter(typed: Filter) -> Filter:
    """Without states and reasons that do not exist, which an old or made-up address may name."""
    states = {UNANSWERED, *(state.value for state in InvitationState)}
    return replace(
        typed,
        state=typed.state if typed.state in states else "",
        mail=typed.mail if typed.mail in MESSAGE else "",
        reason=typed.reason if typed.reason in {one.value for one in Reason} else "",
        group=typed.group
        if typed.group in {"", WITHOUT_GROUP}
        else GroupName.read(typed.group).key,
    )
