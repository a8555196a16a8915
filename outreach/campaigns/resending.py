"""A person sends mail again that reached nobody or may not have: a new attempt of each."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, null, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach import audit, queues
from outreach.audit import Actor
from outreach.campaigns.audience import already_answered
from outreach.campaigns.finding import find_campaign
from outreach.campaigns.models import Campaign, Invitation, Link, Message
from outreach.campaigns.reached import latest_messages
from outreach.campaigns.states import CAN_ANSWER, CampaignState, MessageState, MessageStep
from outreach.database import enum_type, school_of
from outreach.errors import Refusal
from outreach.pupils.gate import gate
from outreach.pupils.models import Pupil
from outreach.pupils.roster.whole_roster import joining_whole_roster
from outreach.queues import Work

RESENDABLE = (MessageState.UNKNOWN, MessageState.REFUSED, MessageState.BOUNCED)
COLUMNS = (
    *("school_id", "campaign_id", "invitation_id", "link_id", "step", "attempt", "state"),
    *("queued_at", "next_attempt_at", "changed_at"),
)


def resend(
    session: Session,
    campaign_id: UUID,
    states: Collection[MessageState],
    actor: Actor,
    now: datetime,
    *,
    with_unmailed: bool = False,
    only: Collection[UUID] | None = None,
) -> int:
    """Queue a new attempt, with the same link, for each invitation whose last mail is in `states`.

    `with_unmailed`: a first mail, too, for those who could not be mailed before. `only` these
    invitations, where it is given. Asked twice, it queues once: the new attempt is then the last.
    Whoever may not be mailed now, has answered or does not want to is left out.
    """
    if not set(states) <= set(RESENDABLE):
        raise Refusal("Only mail that is unknown, refused or bounced can be sent again.")
    campaign = find_campaign(session, campaign_id)
    if campaign.state not in (CampaignState.SENDING, CampaignState.PAUSED):
        words = f"This campaign is {campaign.state.value}."
        raise Refusal(f"{words} Mail is sent again only while a campaign is sending or paused.")
    which = true() if only is None else Invitation.id.in_(only)
    again = _again(campaign, states, now, which)
    with joining_whole_roster(session):
        queued = _insert(session, _rows(campaign, again, now))
        if with_unmailed:
            queued += _mail_first(session, campaign, now, which)
    if queued:
        queues.call_for(session, campaign.school_id, Work.DELIVER, now)
        detail: dict[str, str | int] = {"state": ",".join(one.value for one in states)}
        detail |= {"queued": queued} | ({} if only is None else {"chosen": len(only)})
        audit.record(session, now, actor, "campaign.resent", "campaign", campaign.id, **detail)
    return queued


def count_resendable(
    session: Session,
    campaign: Campaign,
    states: Collection[MessageState],
    now: datetime,
    *,
    with_unmailed: bool = False,
    only: Collection[UUID] | None = None,
) -> int:
    """How many mails `resend` would queue if it were asked now."""
    which = true() if only is None else Invitation.id.in_(only)
    queries = [_again(campaign, states, now, which)]
    if with_unmailed:
        queries.append(_unmailed(campaign, now, which))
    with joining_whole_roster(session):
        counts = [
            session.scalar(select(func.count()).select_from(one.subquery())) for one in queries
        ]
    return sum(count or 0 for count in counts)


def _insert(session: Session, rows: Select[*tuple[Any, ...]]) -> int:
    given = insert(Message).from_select(COLUMNS, rows, include_defaults=False)  # each its own id
    written = given.on_conflict_do_nothing()
    return len(session.scalars(written.returning(Message.id)).all())


def _mail_first(
    session: Session, campaign: Campaign, now: datetime, which: ColumnElement[bool]
) -> int:
    """A link and an invite for each invitation that never had one; they are locked, so that a second
    press waits and then finds them written."""
    unmailed = _unmailed(campaign, now, which).with_for_update(of=Invitation)
    ids = session.scalars(unmailed).all()
    if not ids:
        return 0
    here = school_of(session)
    rows = [{"school_id": here, "invitation_id": id, "created_at": now} for id in ids]
    links = session.execute(insert(Link).returning(Link.id), rows).scalars().all()
    made = select(
        Link.id.label("link_id"),
        Link.invitation_id,
        literal(MessageStep.INVITE, enum_type(MessageStep)).label("step"),
        literal(0).label("attempt"),
    ).where(Link.school_id == here, Link.id.in_(links))
    return _insert(session, _rows(campaign, made, now))


def _rows(
    campaign: Campaign, again: Select[*tuple[Any, ...]], now: datetime
) -> Select[*tuple[Any, ...]]:
    """The rows of the new attempts, in the order of COLUMNS."""
    before = again.subquery("before").c
    return select(
        literal(campaign.school_id),
        literal(campaign.id),
        before.invitation_id,
        before.link_id,
        before.step,
        before.attempt + 1,
        literal(MessageState.QUEUED, enum_type(MessageState)),
        literal(now),
        literal(now),
        literal(now),
    )


def _again(
    campaign: Campaign,
    states: Collection[MessageState],
    now: datetime,
    which: ColumnElement[bool],
) -> Select[*tuple[Any, ...]]:
    latest = latest_messages(campaign.school_id, campaign.id)
    failed = (
        select(Invitation.pupil_id)
        .join(latest, latest.c.invitation_id == Invitation.id)
        .where(*_can_be_asked(campaign), latest.c.state.in_(states), which)
    )
    return (
        select(latest.c.invitation_id, latest.c.link_id, latest.c.step, latest.c.attempt)
        .select_from(Invitation)
        .join(latest, latest.c.invitation_id == Invitation.id)
        .join(Link, (Link.school_id == Invitation.school_id) & (Link.id == latest.c.link_id))
        .where(
            *_can_be_asked(campaign),
            latest.c.state.in_(states),
            Link.revoked_at.is_(None),
            _may_be_mailed(campaign, now, failed),
            which,
        )
    )


def _unmailed(
    campaign: Campaign, now: datetime, which: ColumnElement[bool]
) -> Select[*tuple[Any, ...]]:
    has_mail = select(Message.id).where(
        Message.school_id == Invitation.school_id,
        Message.invitation_id == Invitation.id,
        Message.step != MessageStep.COPY,
    )
    conditions = (*_can_be_asked(campaign), ~has_mail.correlate(Invitation).exists(), which)
    theirs = select(Invitation.pupil_id).where(*conditions)
    return select(Invitation.id).where(*conditions, _may_be_mailed(campaign, now, theirs))


def _can_be_asked(campaign: Campaign) -> tuple[ColumnElement[bool], ...]:
    return (
        Invitation.school_id == campaign.school_id,
        Invitation.campaign_id == campaign.id,
        Invitation.state.in_(CAN_ANSWER),
        Invitation.mail_stopped_at.is_(None),
    )


def _may_be_mailed(campaign: Campaign, now: datetime, pupils: Select[UUID]) -> ColumnElement[bool]:
    """Over Invitation. The gate is asked about those pupils alone."""
    asked = gate(already_answered(campaign.id, now), at=now).where(Pupil.id.in_(pupils))
    allowed = asked.subquery("allowed")
    return Invitation.pupil_id.in_(select(allowed.c.pupil_id).where(allowed.c.reason.is_(null())))
