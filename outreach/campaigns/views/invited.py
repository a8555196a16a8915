"""The pupils of a campaign as a list: where each stands, and what happens next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Text, and_, cast, func, select
from sqlalchemy.orm import Session

from outreach.campaigns.audience import asked_pupils
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.next_steps import NextStep, failure
from outreach.campaigns.reached import FAILED, latest_messages
from outreach.campaigns.views.by_group import of_campaign
from outreach.campaigns.views.mailed import EXPLAINED
from outreach.campaigns.views.narrowing import Filter, conditions
from outreach.campaigns.views.standings import reminder_at, step_of, whys_of
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
from outreach.pupils.groups import registration_group
from outreach.pupils.models import Pupil
from outreach.pupils.reach.reasons import Reason
from outreach.pupils.reach.why import Why
from outreach.pupils.roster.whole_roster import joining_whole_roster

PAGE_SIZE = 50

T = TypeVar("T")


@dataclass(frozen=True)
class InvitedPupil:
    """One pupil of a launched campaign. `why` says why mail did not go, where it did not."""

    pupil_id: UUID
    invitation_id: UUID
    name: str
    group: str | None
    state: Words
    mail: Words
    why: str
    next: NextStep


@dataclass(frozen=True)
class AskedPupil:
    """One of a draft, where nobody is invited yet."""

    pupil_id: UUID
    name: str
    group: str | None
    why: str


@dataclass(frozen=True)
class Page(Generic[T]):
    rows: tuple[T, ...]
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
) -> Page[InvitedPupil]:
    """Those invited whom the reader may see."""
    rows, total, page, pages = _one_page(
        session, _invited(session, campaign, narrowed, now, seen), page
    )
    whys = whys_of(session, campaign, [row.Pupil.id for row in rows], now)
    reminder = reminder_at(session, campaign)
    read = tuple(_read(campaign, row, whys.get(row.Pupil.id), reminder) for row in rows)
    return Page(read, total, page, pages)


def draft_page(
    session: Session,
    campaign: Campaign,
    reason: Reason | None,
    page: int,
    now: datetime,
    seen: ColumnElement[bool],
) -> Page[AskedPupil]:
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
    rows, total, page, pages = _one_page(session, query, page)
    return Page(tuple(_asked(row) for row in rows), total, page, pages)


def _invited(
    session: Session,
    campaign: Campaign,
    narrowed: Filter,
    now: datetime,
    seen: ColumnElement[bool],
) -> Select[Any]:
    today = london_date(now)
    latest = latest_messages(campaign.school_id, campaign.id)
    mail = func.coalesce(cast(latest.c.state, Text), NOT_MAILED)
    wanted = conditions(narrowed, latest, mail, today)
    return (
        select(Pupil, registration_group(today).label("group"), Invitation)
        .add_columns(
            latest.c.state,
            latest.c.reason,
            latest.c.status_code,
            latest.c.words,
            latest.c.next_attempt_at,
        )
        .select_from(Invitation)
        .join(Pupil, and_(Pupil.school_id == Invitation.school_id, Pupil.id == Invitation.pupil_id))
        .outerjoin(latest, latest.c.invitation_id == Invitation.id)
        .where(*of_campaign(session, campaign), *wanted, seen)
    )


def _read(
    campaign: Campaign, row: Row[Any], why: Why | None, reminder: datetime | None
) -> InvitedPupil:
    pupil, invitation = row.Pupil, row.Invitation
    return InvitedPupil(
        pupil_id=pupil.id,
        invitation_id=invitation.id,
        name=pupil.full_name,
        group=row.group,
        state=INVITATION[invitation.state],
        mail=MESSAGE[row.state.value if row.state else NOT_MAILED],
        why=why_words(invitation, row),
        next=step_of(campaign, invitation, row if row.state else None, why, reminder),
    )


def why_words(invitation: Invitation, mail: Row[Any] | None) -> str:
    """Why it was stopped, not mailed at the launch, or not delivered; in sentences without the last
    full stop. What a refusal means comes before the mail server's own words, and is said once."""
    whys = [invitation.stopped_reason, invitation.excluded_reason if not _is_tried(mail) else None]
    said = None
    if mail is not None and mail.state in EXPLAINED:  # "250 taken" explains nothing
        said = mail.words
        if mail.state not in FAILED:
            whys.append(mail.reason)
    words = dict.fromkeys(reason_words(one) for one in whys if one)
    if mail is not None and mail.state in FAILED:
        meaning = failure(mail.status_code, mail.reason, mail.words).words
        if not (said or "").startswith(meaning):  # of what came back, they are our own words
            words[meaning.rstrip(".")] = None
    if invitation.reopened_at is not None:
        words[MAY_ANSWER_AGAIN] = None
    return ". ".join([*words, *([said] if said else [])])


def _is_tried(mail: Row[Any] | None) -> bool:
    """Whoever could not be mailed at the launch may have been mailed since."""
    return mail is not None and mail.state is not None


def _asked(row: Row[Any]) -> AskedPupil:
    why = Why.read(row.reason, row.detail).words if row.reason else ""
    return AskedPupil(row.Pupil.id, row.Pupil.full_name, row.group, why)


def _one_page(
    session: Session, query: Select[Any], page: int
) -> tuple[Sequence[Row[Any]], int, int, int]:
    """The rows, how many there are in all, and which page of how many it is."""
    found = query.with_only_columns(Pupil.id).subquery()
    ordered = query.order_by(func.lower(Pupil.surname), func.lower(Pupil.forename), Pupil.id)
    with joining_whole_roster(session):
        total = session.scalar(select(func.count()).select_from(found)) or 0
        pages = max(1, -(-total // PAGE_SIZE))
        page = min(page, pages)
        rows = session.execute(ordered.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)).all()
    return rows, total, page, pages
