"""Mail of a held domain: kept back when claimed, let through as a probe, resumed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from outreach import audit, queues
from outreach.audit import Actor, ActorKind
from outreach.campaigns.addressed import A, by_domain
from outreach.campaigns.diagnosing import rules
from outreach.campaigns.held_models import IN_FORCE, HeldDomain, HeldState
from outreach.campaigns.models import Campaign, DeliveryEvent, Invitation, Message
from outreach.campaigns.states import MESSAGE_MOVES, CampaignState, MessageState, check_move
from outreach.database import school_of
from outreach.queues import Work

DOMAIN_HELD = "domain_held"
"""The reason of a message that waits until its domain takes mail again."""
DELIVERED = "delivered"
"""The kind of the fact that a provider says a mail was delivered."""
WORDS = "The school’s mail server turned mail away by a rule. This mail waits until it lets it in."

check_move(MESSAGE_MOVES, MessageState.QUEUED, MessageState.HELD)
check_move(MESSAGE_MOVES, MessageState.DEFERRED, MessageState.HELD)
check_move(MESSAGE_MOVES, MessageState.HELD, MessageState.QUEUED)


def lock_domain(session: Session, domain: str) -> HeldDomain:
    """The row, which is there, as it is now and until commit."""
    return session.scalars(
        select(HeldDomain)
        .where(HeldDomain.school_id == school_of(session), HeldDomain.domain == domain)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def keep_back(session: Session, due: Sequence[A], now: datetime) -> list[A]:
    """Those that may go now; the rest are held. Only at a claim: the rows are locked.

    The lock on the domain is shared: whoever resumes it meanwhile waits, and sees what was held.
    """
    addressed = by_domain(due)
    held = session.execute(
        select(HeldDomain.domain, HeldDomain.probe_id)
        .where(
            HeldDomain.school_id == school_of(session),
            HeldDomain.domain.in_(list(addressed)),
            HeldDomain.state.in_(IN_FORCE),
            HeldDomain.holds,
        )
        .order_by(HeldDomain.domain)
        .with_for_update(read=True)
    ).all()
    if not held:
        return list(due)
    back: set[UUID] = set()
    for domain, probe_id in held:
        ids = [one.message_id for one in addressed[domain] if one.message_id != probe_id]
        _hold(session, domain, now, Message.id.in_(ids))
        back.update(ids)
    return [message for message in due if message.message_id not in back]


def hold_waiting(session: Session, domain: str, now: datetime) -> None:
    """Those known to go there; the others are held when they are claimed."""
    _hold(session, domain, now, Message.domain == domain)


def let_probes_through(session: Session, now: datetime) -> None:
    """Where the wait is over: one message of the domain, or all of it when a probe was quiet."""
    due = session.scalars(
        select(HeldDomain)
        .where(
            HeldDomain.school_id == school_of(session),
            HeldDomain.state.in_(IN_FORCE),
            HeldDomain.next_probe_at <= now,
        )
        .order_by(HeldDomain.domain)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for row in due:
        if row.state is HeldState.PROBING and row.probe_id is None:
            resume(session, row, audit.SYSTEM, now)
            continue
        probe = _one_held(session, row.domain)
        if probe is not None:
            row.state, row.probe_id = HeldState.PROBING, probe
            row.probes += 1
            _queue(session, row.domain, now, Message.id == probe)
        row.next_probe_at = now + rules().probes.wait_after(row.probes)


def probe_at_earliest(session: Session) -> datetime | None:
    return session.scalar(
        select(func.min(HeldDomain.next_probe_at)).where(
            HeldDomain.school_id == school_of(session), HeldDomain.state.in_(IN_FORCE)
        )
    )


def note_taken(session: Session, domain: str, taken: Collection[UUID], now: datetime) -> None:
    """A server took mail of the domain: a run ends, and a probe may have gone through.

    Where refusals came as bounces, the server on the way takes everything: then only a probe that
    does not come back for a while tells.
    """
    here = (HeldDomain.school_id == school_of(session), HeldDomain.domain == domain)
    row = session.scalar(
        select(HeldDomain)
        .where(*here, HeldDomain.state != HeldState.RESUMED)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        return
    if row.state is HeldState.WATCHING:
        if not row.came_back:
            session.execute(delete(HeldDomain).where(*here))
            session.expunge(row)
    elif not row.holds:
        resume(session, row, audit.SYSTEM, now)
    elif row.state is HeldState.PROBING and row.probe_id in taken:
        if row.came_back:
            row.probe_id, row.next_probe_at = None, now + rules().probes.quiet
        else:
            resume(session, row, audit.SYSTEM, now)
    session.flush()


def resume(session: Session, row: HeldDomain, by: Actor, now: datetime) -> int:
    """Everything held for this domain waits to be sent again; how much that was. `row` is locked."""
    row.state, row.run, row.resumed_at = HeldState.RESUMED, 0, now
    row.resumed_by = by.id if by.kind is ActorKind.STAFF else None
    row.probe_id = row.next_probe_at = None
    session.flush()
    count = _queue(session, row.domain, now)
    queues.call_for(session, row.school_id, Work.DELIVER, now)
    audit.record(
        session,
        now,
        by,
        "domain.resumed",
        "campaign",
        row.campaign_id,
        held_domain=str(row.id),
        queued=count,
    )
    return count


def held_here(domain: str) -> ColumnElement[bool]:
    """Over Message."""
    return (
        (Message.domain == domain)
        & (Message.state == MessageState.HELD)
        & (Message.reason == DOMAIN_HELD)
    )


def has_arrived_since(session: Session, domain: str, since: datetime) -> bool:
    """A provider said so, or a student answered from the mail."""
    theirs = (Message.school_id == school_of(session)) & (Message.domain == domain)
    told = exists().where(
        theirs,
        DeliveryEvent.school_id == Message.school_id,
        DeliveryEvent.message_id == Message.id,
        DeliveryEvent.kind == DELIVERED,
        DeliveryEvent.at >= since,
    )
    answered = exists().where(
        theirs,
        Message.state == MessageState.ACCEPTED,
        Invitation.school_id == Message.school_id,
        Invitation.id == Message.invitation_id,
        Invitation.started_at >= since,
    )
    return bool(session.scalar(select(or_(told, answered))))


def _one_held(session: Session, domain: str) -> UUID | None:
    """The one that was tried before, if any: a server that turns strangers away may know it."""
    sending = select(Campaign.id).where(
        Campaign.school_id == school_of(session), Campaign.state == CampaignState.SENDING
    )
    return session.scalar(
        select(Message.id)
        .where(
            Message.school_id == school_of(session),
            held_here(domain),
            Message.campaign_id.in_(sending),
        )
        .order_by(Message.tries.desc(), Message.queued_at)
        .limit(1)
    )


def _hold(session: Session, domain: str, now: datetime, *which: ColumnElement[bool]) -> None:
    session.execute(
        update(Message)
        .where(
            Message.school_id == school_of(session),
            Message.state.in_([MessageState.QUEUED, MessageState.DEFERRED]),
            *which,
        )
        .values(
            state=MessageState.HELD,
            reason=DOMAIN_HELD,
            words=WORDS,
            domain=domain,
            changed_at=now,
        )
        .execution_options(synchronize_session=False)
    )


def _queue(session: Session, domain: str, now: datetime, *which: ColumnElement[bool]) -> int:
    again = session.execute(
        update(Message)
        .where(Message.school_id == school_of(session), held_here(domain), *which)
        .values(
            state=MessageState.QUEUED,
            reason=None,
            words=None,
            claim_id=None,
            next_attempt_at=now,
            changed_at=now,
        )
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    return len(again.all())
