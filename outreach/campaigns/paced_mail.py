"""Mail that waits for its place: put off at the claim, freed when no limit stands, told to staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from outreach.campaigns.addressed import A
from outreach.campaigns.models import Message
from outreach.campaigns.pacing import Pacer
from outreach.campaigns.states import MessageState
from outreach.database import school_of
from outreach.mail.addresses import domain_of

PACED = "paced"
"""The reason of a message that waits for its place; its state stays what it was."""

_WAITING = (MessageState.QUEUED, MessageState.DEFERRED)

_PUT_OFF = text("""
    UPDATE message SET reason = 'paced', words = NULL, next_attempt_at = put_off.until,
        domain = put_off.domain, changed_at = :now
    FROM unnest(cast(:ids AS uuid[]), cast(:untils AS timestamptz[]), cast(:domains AS text[]))
        AS put_off (id, until, domain)
    WHERE message.school_id = :school_id AND message.id = put_off.id
      AND message.state IN ('queued', 'deferred')
""")


@dataclass(frozen=True)
class Slowed:
    """Mail of one campaign to one domain that waits for its place; `until` is an estimate."""

    domain: str
    waiting: int
    until: datetime


def keep_to_pace(session: Session, pacer: Pacer, due: Sequence[A], now: datetime) -> list[A]:
    """Those that have a place. The others, whose rows are locked, are due again when they may."""
    if not due:
        return []
    admitted = pacer.admit(due, now)
    later = [one for one in due if one.message_id in admitted.later]
    if later:
        session.execute(
            _PUT_OFF,
            {
                "school_id": school_of(session),
                "now": now,
                "ids": [one.message_id for one in later],
                "untils": [admitted.later[one.message_id] for one in later],
                "domains": [domain_of(one.address) for one in later],
            },
        )
    return admitted.now


def free_the_unlimited(session: Session, pacer: Pacer, now: datetime) -> None:
    """What was put off for a limit that nobody keeps up any more goes now."""
    domains = session.scalars(
        select(Message.domain)
        .where(
            Message.school_id == school_of(session),
            Message.reason == PACED,
            Message.next_attempt_at > now,
        )
        .distinct()
    ).all()
    free = [domain for domain in domains if domain is not None and pacer.is_unlimited(domain)]
    if free:
        session.execute(
            update(Message)
            .where(
                Message.school_id == school_of(session),
                Message.reason == PACED,
                Message.state.in_(_WAITING),
                Message.domain.in_(free),
            )
            .values(next_attempt_at=now)
            .execution_options(synchronize_session=False)
        )


def slowed(session: Session, campaign_id: UUID, pacer: Pacer, now: datetime) -> list[Slowed]:
    """By domain, the longest wait first. One statement where nothing waits."""
    rows = session.execute(
        select(Message.domain, func.count(), func.max(Message.next_attempt_at))
        .where(
            Message.school_id == school_of(session),
            Message.campaign_id == campaign_id,
            Message.reason == PACED,
            Message.state.in_(_WAITING),
        )
        .group_by(Message.domain)
    )
    found = []
    for domain, waiting, latest in rows:
        seconds = pacer.until(domain or "")
        until = latest if seconds is None else max(latest, now + timedelta(seconds=seconds))
        found.append(Slowed(domain or "", waiting, until))
    return sorted(found, key=lambda one: one.until, reverse=True)
