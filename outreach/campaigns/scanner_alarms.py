"""Scanners of mail press buttons too: many one-clicks right after delivery raise one alarm.

Each one-click is obeyed at once, whoever made it (RFC 8058). A program at the school's mail server
may have made many of them, and then nobody asked for anything: so a person is told, and decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach import audit
from outreach.audit import Actor
from outreach.campaigns import muting, scanners
from outreach.campaigns.models import Invitation, Message
from outreach.campaigns.scanner_models import Decision, QuickStop, ScannerAlarm
from outreach.campaigns.states import MessageState
from outreach.database import school_of
from outreach.errors import NotFound

SOON_AFTER = timedelta(minutes=1)
"""No person opens a mail, and finds its button, much faster; a class of them never does."""
WITHIN = timedelta(minutes=30)
MANY = 5

_DELIVERED = (MessageState.ACCEPTED, MessageState.UNKNOWN, MessageState.SENDING)


@dataclass(frozen=True)
class OpenAlarm:
    """`scanner` is the name of the likeliest; empty where nothing showed it."""

    id: UUID
    domain: str
    scanner: str
    stops: int
    opened_at: datetime


def note_one_click(
    session: Session, invitation: Invitation, user_agent: str, client_address: str, now: datetime
) -> None:
    """It has stopped mail already. Whether it came too soon for a person, and is one of many."""
    domain = session.scalar(
        select(Message.domain)
        .where(
            Message.school_id == school_of(session),
            Message.invitation_id == invitation.id,
            Message.state.in_(_DELIVERED),
            Message.changed_at >= now - SOON_AFTER,
            Message.domain.is_not(None),
        )
        .order_by(Message.changed_at.desc())
        .limit(1)
    )
    if domain is None:
        return
    stop = {
        "campaign_id": invitation.campaign_id,
        "domain": domain,
        "scanner": scanners.guess(user_agent, client_address),
        "at": now,
        "alarm_id": None,
    }
    row = insert(QuickStop).values(
        school_id=school_of(session), invitation_id=invitation.id, **stop
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=[QuickStop.school_id, QuickStop.invitation_id], set_=stop
        )
    )
    _gather(session, invitation.campaign_id, domain, now)


def confirm_stop(session: Session, invitation: Invitation) -> None:
    """A person pressed the button of the page: theirs is nobody's to undo."""
    session.execute(
        delete(QuickStop).where(
            QuickStop.school_id == school_of(session), QuickStop.invitation_id == invitation.id
        )
    )


def open_alarms(session: Session, campaign_id: UUID) -> Sequence[OpenAlarm]:
    here = (ScannerAlarm.school_id == school_of(session), ScannerAlarm.campaign_id == campaign_id)
    rows = session.scalars(
        select(ScannerAlarm)
        .where(*here, ScannerAlarm.decision.is_(None))
        .order_by(ScannerAlarm.opened_at)
    )
    return [_shown(session, row) for row in rows]


def decide(
    session: Session, campaign_id: UUID, alarm_id: UUID, what: Decision, by: Actor, now: datetime
) -> int:
    """Undo all its one-clicks, or leave them; how many. Decided twice, the first holds (0).

    NotFound for an alarm of another campaign or school.
    """
    key = (school_of(session), alarm_id)
    alarm = session.get(ScannerAlarm, key, with_for_update=True, populate_existing=True)
    if alarm is None or alarm.campaign_id != campaign_id:
        raise NotFound("There is no such alarm about this campaign.")
    if alarm.decision is not None:
        return 0
    alarm.decision, alarm.decided_at, alarm.decided_by = what, now, by.id
    stopped = session.scalars(
        select(Invitation)
        .join(
            QuickStop,
            (QuickStop.school_id == Invitation.school_id)
            & (QuickStop.invitation_id == Invitation.id),
        )
        .where(Invitation.school_id == school_of(session), QuickStop.alarm_id == alarm_id)
    ).all()
    count = len(stopped)
    if what is Decision.UNDONE:
        count = sum(muting.mail_again(session, one, now, by) for one in stopped)
    action = f"scanner_alarm.{what.value}"
    audit.record(session, now, by, action, "campaign", campaign_id, one_clicks=count)
    return count


def _gather(session: Session, campaign_id: UUID, domain: str, now: datetime) -> None:
    """Into the open alarm, or into a new one where there are many of late."""
    of_run = (
        QuickStop.school_id == school_of(session),
        QuickStop.campaign_id == campaign_id,
        QuickStop.domain == domain,
        QuickStop.alarm_id.is_(None),
        QuickStop.at > now - WITHIN,
    )
    alarm_id = _open_alarm(session, campaign_id, domain)
    if alarm_id is None:
        count = session.scalar(select(func.count()).select_from(QuickStop).where(*of_run))
        if (count or 0) < MANY:
            return
        alarm_id = _raise(session, campaign_id, domain, now)
    session.execute(
        update(QuickStop)
        .where(*of_run)
        .values(alarm_id=alarm_id)
        .execution_options(synchronize_session=False)
    )


def _open_alarm(session: Session, campaign_id: UUID, domain: str) -> UUID | None:
    return session.scalar(
        select(ScannerAlarm.id).where(
            ScannerAlarm.school_id == school_of(session),
            ScannerAlarm.campaign_id == campaign_id,
            ScannerAlarm.domain == domain,
            ScannerAlarm.decision.is_(None),
        )
    )


def _raise(session: Session, campaign_id: UUID, domain: str, now: datetime) -> UUID | None:
    """One, though two requests find the run at once."""
    raised: UUID | None = session.scalar(
        insert(ScannerAlarm)
        .values(
            school_id=school_of(session),
            id=uuid4(),
            campaign_id=campaign_id,
            domain=domain,
            opened_at=now,
        )
        .on_conflict_do_nothing()
        .returning(ScannerAlarm.id)
    )
    if raised is None:
        return _open_alarm(session, campaign_id, domain)
    audit.record(session, now, audit.SYSTEM, "scanner_alarm.raised", "campaign", campaign_id)
    return raised


def _shown(session: Session, alarm: ScannerAlarm) -> OpenAlarm:
    of_alarm = (QuickStop.school_id == alarm.school_id, QuickStop.alarm_id == alarm.id)
    guesses = session.execute(
        select(QuickStop.scanner, func.count())
        .where(*of_alarm)
        .group_by(QuickStop.scanner)
        .order_by(func.count().desc())
    ).all()
    likeliest = next((key for key, _ in guesses if key is not None), None)
    stops = sum(count for _, count in guesses)
    name = scanners.name_of(likeliest)
    return OpenAlarm(alarm.id, alarm.domain, name, stops, alarm.opened_at)
