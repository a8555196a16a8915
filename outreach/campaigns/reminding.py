"""Reminding: whoever has not answered gets one mail a step, when its school day has come.

The gate is asked here and again when the mail is claimed. What is too late asks a person first.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, literal, null, or_, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from outreach import audit, queues
from outreach.audit import SYSTEM, Actor
from outreach.campaigns import digests
from outreach.campaigns.audience import already_answered
from outreach.campaigns.finding import find_campaign
from outreach.campaigns.links import is_past_closing
from outreach.campaigns.models import ArrivedBy, Campaign, Invitation, Link, Message
from outreach.campaigns.reminder_models import CampaignReminder
from outreach.campaigns.reminder_schedule import OPEN, of_step, plan_open
from outreach.campaigns.states import (
    CAN_ANSWER,
    REMINDER_MOVES,
    CampaignState,
    MessageState,
    MessageStep,
    ReminderState,
    check_move,
)
from outreach.database import enum_type, school_of
from outreach.errors import Refusal
from outreach.pupils.gate import gate
from outreach.pupils.roster.whole_roster import joining_whole_roster
from outreach.queues import Work
from outreach.schools.terms import calendar_of

GRACE = timedelta(hours=24)
"""A reminder that is later than this does not go by itself: plans may have changed meanwhile."""
MAILED_LATELY = timedelta(hours=20)
"""Whoever had a mail of this questionnaire so short a time ago is not reminded of it."""
LOOK_AGAIN = timedelta(hours=1)
"""While a campaign is paused, or is being written, at the time of its reminder."""

_M, _R = MessageState, ReminderState
UNDER_WAY = (_M.QUEUED, _M.SENDING, _M.DEFERRED, _M.HELD)
COLUMNS = (
    *("school_id", "campaign_id", "invitation_id", "link_id", "step", "attempt", "state"),
    *("queued_at", "next_attempt_at", "changed_at"),
)
LINK_COLUMNS = ("school_id", "invitation_id", "created_at")


def remind(session: Session, now: datetime) -> int:
    """Do what is due at this school, and say how many mails that queued. Done twice, or by two
    workers at once, it has one effect: the row of a step is held, and moves once."""
    plan_open(session)
    may_begin = calendar_of(session).may_begin(now)
    by_campaign: dict[UUID, list[CampaignReminder]] = {}
    for reminder in _due(session, now):
        by_campaign.setdefault(reminder.campaign_id, []).append(reminder)
    queued = 0
    for campaign_id, reminders in by_campaign.items():
        late = [one for one in reminders if now - _due_at(one) > GRACE]
        for one in late:
            _settle(session, one, _R.ASKS, now)
        fresh = [one for one in reminders if one not in late]
        if fresh and may_begin:
            queued += _send(session, campaign_id, fresh[-1].step, SYSTEM, now)
    return queued


def reminds_at_earliest(session: Session, now: datetime) -> datetime | None:
    """When this school is to be looked at next."""
    calendar = calendar_of(session)
    rows = session.execute(
        select(CampaignReminder.due_at, Campaign.state)
        .join(Campaign, _same_campaign())
        .where(
            CampaignReminder.school_id == school_of(session),
            CampaignReminder.state == _R.PLANNED,
            CampaignReminder.due_at.is_not(None),
            Campaign.state.in_(OPEN),
            or_(Campaign.closes_at.is_(None), Campaign.closes_at > now),
        )
    )
    looks: list[datetime] = []
    for due_at, state in rows:
        if due_at is None:
            continue
        if due_at > now:
            looks.append(due_at)
        elif state is CampaignState.SENDING:
            looks.append(min(calendar.next_beginning(now), due_at + GRACE + timedelta(seconds=1)))
        else:
            looks.append(now + LOOK_AGAIN)
    return min(looks, default=None)


def send_late(
    session: Session, campaign_id: UUID, step: MessageStep, actor: Actor, now: datetime
) -> int:
    """A person says that a reminder whose time has passed goes out now. Says how many mails."""
    campaign = find_campaign(session, campaign_id)
    if campaign.state is not CampaignState.SENDING or is_past_closing(campaign, now):
        raise Refusal("Reminders go only while the campaign is open and not paused.")
    _hold_asking(session, campaign, step)
    return _send(session, campaign_id, step, actor, now)


def skip_late(
    session: Session, campaign_id: UUID, step: MessageStep, actor: Actor, now: datetime
) -> None:
    campaign = find_campaign(session, campaign_id)
    reminder = _hold_asking(session, campaign, step)
    _settle(session, reminder, _R.SKIPPED, now)
    detail = {"step": step.value}
    audit.record(
        session, now, actor, "campaign.reminder_skipped", "campaign", campaign_id, **detail
    )


def _hold_asking(session: Session, campaign: Campaign, step: MessageStep) -> CampaignReminder:
    """Refusal where it asks no more: somebody has answered, or a later one has gone."""
    reminder = session.scalar(
        select(CampaignReminder).where(*of_step(campaign, step)).with_for_update()
    )
    if reminder is None or reminder.state is not _R.ASKS:
        raise Refusal("This reminder waits for nobody’s word any more. Nothing was changed.")
    return reminder


def _due(session: Session, now: datetime) -> Sequence[CampaignReminder]:
    return session.scalars(
        select(CampaignReminder)
        .join(Campaign, _same_campaign())
        .where(
            CampaignReminder.school_id == school_of(session),
            CampaignReminder.state == _R.PLANNED,
            CampaignReminder.due_at <= now,
            Campaign.state == CampaignState.SENDING,
            or_(Campaign.closes_at.is_(None), Campaign.closes_at > now),
        )
        .order_by(CampaignReminder.campaign_id, CampaignReminder.due_at)
        .with_for_update(of=CampaignReminder, skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()


def _send(
    session: Session, campaign_id: UUID, step: MessageStep, actor: Actor, now: datetime
) -> int:
    """Queue this step and settle it. Earlier ones that have not gone are skipped: one is enough.

    The campaign's row is held for share: whoever pauses or ends it waits, and finds these mails.
    """
    campaign = session.scalars(
        select(Campaign)
        .where(Campaign.school_id == school_of(session), Campaign.id == campaign_id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    ).one()
    if campaign.state is not CampaignState.SENDING:
        return 0
    queued = queue_step(session, campaign, step, now)
    steps = {row.step: row for row in _unsettled(session, campaign)}
    for other in MessageStep:
        if other is step:
            break
        if other in steps:
            _settle(session, steps[other], _R.SKIPPED, now)
    _settle(session, steps[step], _R.SENT, now, queued=queued)
    if queued:
        queues.call_for(session, campaign.school_id, Work.DELIVER, now)
    if campaign.tells_tutors:
        digests.tell_tutors(session, campaign, now)
    detail: dict[str, str | int] = {"step": step.value, "queued": queued}
    audit.record(session, now, actor, "campaign.reminded", "campaign", campaign.id, **detail)
    return queued


def _unsettled(session: Session, campaign: Campaign) -> Sequence[CampaignReminder]:
    return session.scalars(
        select(CampaignReminder)
        .where(
            CampaignReminder.school_id == campaign.school_id,
            CampaignReminder.campaign_id == campaign.id,
            CampaignReminder.state.in_([_R.PLANNED, _R.ASKS]),
        )
        .order_by(CampaignReminder.step)
        .with_for_update()
    ).all()


def _settle(
    session: Session,
    reminder: CampaignReminder,
    state: ReminderState,
    now: datetime,
    *,
    queued: int = 0,
) -> None:
    check_move(REMINDER_MOVES, reminder.state, state)
    reminder.state, reminder.settled_at, reminder.queued = state, now, queued
    session.flush()


def queue_step(session: Session, campaign: Campaign, step: MessageStep, now: datetime) -> int:
    """One message of this step for each invitation that may have it. Queued twice, it is once."""
    with joining_whole_roster(session):
        _make_missing_links(session, campaign, now)
        rows = _to_remind(session, campaign, step, now)
        queued = session.scalars(
            insert(Message)
            .from_select(COLUMNS, rows, include_defaults=False)  # or all would have one id
            .on_conflict_do_nothing()
            .returning(Message.id)
        ).all()
    return len(queued)


def count_to_remind(session: Session, campaign: Campaign, now: datetime) -> int:
    """How many would get a reminder that went now."""
    asked = _reachable(session, campaign, now).subquery()
    with joining_whole_roster(session):
        return session.scalar(select(func.count()).select_from(asked)) or 0


def _reachable(session: Session, campaign: Campaign, now: datetime) -> Select[UUID]:
    """Invitations that have not answered, may be mailed, and have nothing under way or just had."""
    mailed = select(Message.id).where(
        Message.school_id == Invitation.school_id,
        Message.invitation_id == Invitation.id,
        Message.step != MessageStep.COPY,
        or_(
            Message.state.in_(UNDER_WAY),
            and_(
                Message.state.in_([_M.ACCEPTED, _M.UNKNOWN]),
                Message.changed_at > now - MAILED_LATELY,
            ),
        ),
    )
    allowed = gate(already_answered(campaign.id, now), at=now).subquery()
    return (
        select(Invitation.id)
        .join(allowed, allowed.c.pupil_id == Invitation.pupil_id)
        .where(
            Invitation.school_id == school_of(session),
            Invitation.campaign_id == campaign.id,
            Invitation.state.in_(CAN_ANSWER),
            Invitation.mail_stopped_at.is_(None),
            allowed.c.reason.is_(null()),
            ~mailed.exists(),
        )
    )


def _working_links(session: Session) -> Select[UUID, UUID]:
    """The newest mailed link of each invitation that still leads to the questions."""
    return (
        select(Link.invitation_id, Link.id)
        .where(
            Link.school_id == school_of(session),
            Link.revoked_at.is_(None),
            Link.arrives_by == ArrivedBy.LINK,
        )
        .ext(distinct_on(Link.invitation_id))
        .order_by(Link.invitation_id, Link.created_at.desc())
    )


def _make_missing_links(session: Session, campaign: Campaign, now: datetime) -> None:
    working = select(Link.id).where(
        Link.school_id == Invitation.school_id,
        Link.invitation_id == Invitation.id,
        Link.revoked_at.is_(None),
        Link.arrives_by == ArrivedBy.LINK,
    )
    lacking = select(Invitation.id).where(
        Invitation.school_id == school_of(session),
        Invitation.campaign_id == campaign.id,
        Invitation.state.in_(CAN_ANSWER),
        ~working.exists(),
    )
    if session.scalar(lacking.limit(1)) is None:
        return
    reachable = _reachable(session, campaign, now).where(~working.exists()).subquery()
    rows = select(literal(campaign.school_id), reachable.c.id, literal(now))
    session.execute(insert(Link).from_select(LINK_COLUMNS, rows, include_defaults=False))


def _to_remind(
    session: Session, campaign: Campaign, step: MessageStep, now: datetime
) -> Select[*tuple[Any, ...]]:
    """The rows of the new messages, in the order of COLUMNS."""
    reachable = _reachable(session, campaign, now).subquery()
    link = _working_links(session).subquery("working")
    return select(
        literal(campaign.school_id),
        literal(campaign.id),
        reachable.c.id,
        link.c.id,
        literal(step, enum_type(MessageStep)),
        literal(1),
        literal(MessageState.QUEUED, enum_type(MessageState)),
        literal(now),
        literal(now),
        literal(now),
    ).join(link, link.c.invitation_id == reachable.c.id)


def _same_campaign() -> Any:
    return and_(
        Campaign.school_id == CampaignReminder.school_id,
        Campaign.id == CampaignReminder.campaign_id,
    )


def _due_at(reminder: CampaignReminder) -> datetime:
    assert reminder.due_at is not None
    return reminder.due_at


__all__ = [
    "count_to_remind",
    "queue_step",
    "remind",
    "reminds_at_earliest",
    "send_late",
    "skip_late",
]
