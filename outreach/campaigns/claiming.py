"""Claiming: one worker takes a batch of one school's due messages under a lease.

The gate is asked in the same transaction, so that nothing is handed over on an older answer.
"""

import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, false, or_, select, text
from sqlalchemy.orm import Session, aliased

from outreach import queues
from outreach.campaigns import held_mail, outbox, paced_mail
from outreach.campaigns.audience import already_answered
from outreach.campaigns.models import Campaign, DeliveryClaim, Invitation, Link, Message
from outreach.campaigns.muting import UNSUBSCRIBED
from outreach.campaigns.outbox import Stop
from outreach.campaigns.pacing import Pacer
from outreach.campaigns.states import (
    ANSWERED,
    CAN_ANSWER,
    CampaignState,
    InvitationState,
    MessageState,
    MessageStep,
)
from outreach.database import is_one_of, school_of
from outreach.mail.addresses import domain_of
from outreach.pupils.gate import gate
from outreach.pupils.models import AddressKind, Pupil
from outreach.queues import Work
from outreach.schools.models import School

BATCH_OF = 500
LEASE = timedelta(minutes=5)
"""Many times what a batch takes. After it no intent may be written, so nothing more can leave."""
GRACE = timedelta(minutes=10)
"""After the lease, until a claim whose owner left no journal here is given up as unknown."""

COPIES_GO_TO = AddressKind.WORK
"""A copy holds answers. The address that the school gave is the student's own; a home address may
be read by the whole family."""

_DUE = (MessageState.QUEUED, MessageState.DEFERRED)

DueRow = tuple[
    UUID,
    MessageStep,
    UUID,
    UUID,
    UUID | None,
    datetime | None,
    UUID,
    InvitationState,
    str | None,
    datetime | None,
    str,
    str | None,
    bool,
]

_TAKE = text("""
    UPDATE message SET state = 'sending', claim_id = :claim_id, changed_at = :now,
        reason = NULL, words = NULL,
        address_kind = taken.kind, address_hash = taken.hash, domain = taken.domain
    FROM json_to_recordset(cast(:taken AS json))
        AS taken (id uuid, kind text, hash bytea, domain text)
    WHERE message.school_id = :school_id AND message.id = taken.id
""")


@dataclass(frozen=True)
class Claimed:
    """One message to hand over now, and to whom. Its repr shows ids only."""

    message_id: UUID
    step: MessageStep
    invitation_id: UUID
    link_id: UUID
    response_id: UUID | None
    first_name: str = field(repr=False)
    address: str = field(repr=False)
    kind: AddressKind
    hash: bytes = field(repr=False)
    has_new_link: bool
    """Whether every earlier link of the pupil ended when this one was made."""


@dataclass(frozen=True)
class Batch:
    """Messages of one campaign. Empty where all that was due had to be stopped or held."""

    claim_id: UUID
    lease_until: datetime
    school: School
    campaign: Campaign
    messages: Sequence[Claimed]
    is_full: bool = False
    """As many were due as one batch takes: there may be more."""


def claim_batch(
    session: Session,
    claim_id: UUID,
    now: datetime,
    *,
    may_mail_demo: bool,
    pacer: Pacer | None = None,
    limit: int = BATCH_OF,
) -> Batch | None:
    """Take due messages of the campaign that has waited longest; None where none is free.

    What may not be mailed (any more) is stopped with its reason, or held, in the same transaction;
    what `pacer` has no place for yet is put off.
    """
    lock_claim(session, claim_id)
    held_mail.let_probes_through(session, now)
    if pacer is not None:
        paced_mail.free_the_unlimited(session, pacer, now)
    campaign = _next_campaign(session, now)
    if campaign is None:
        return None
    due = session.execute(_due_messages(campaign, now, limit)).all()
    if not due:
        return None
    school = session.get_one(School, campaign.school_id)
    mailable = _sort_out(session, campaign, due, now)
    if school.is_demo and not may_mail_demo:
        _hold(session, mailable, now)
        mailable = []
    mailable = held_mail.keep_back(session, mailable, now)
    if pacer is not None:
        mailable = paced_mail.keep_to_pace(session, pacer, mailable, now)
    lease_until = now + LEASE
    if mailable:
        _take(session, claim_id, mailable, now)
        host = socket.gethostname()
        session.add(
            DeliveryClaim(
                school_id=school.id,
                id=claim_id,
                host=host,
                claimed_at=now,
                lease_until=lease_until,
            )
        )
        queues.note_due(session, school.id, Work.DELIVER, lease_until + GRACE)
    return Batch(claim_id, lease_until, school, campaign, mailable, is_full=len(due) == limit)


def lock_claim(session: Session, claim_id: UUID) -> None:
    """Until commit. A recoverer thereby waits for a claim whose dead owner's COMMIT is under way."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:claim, 0))"), {"claim": str(claim_id)}
    )


def due_at_earliest(session: Session, now: datetime) -> datetime | None:
    """When a message of this school is next to be sent, if any is."""
    first = _first_due().label("first")
    rows = session.scalars(_sending(session, now).with_only_columns(first)).all()
    found = (*rows, held_mail.probe_at_earliest(session))
    return min((each for each in found if each is not None), default=None)


def _next_campaign(session: Session, now: datetime) -> Campaign | None:
    first = _first_due()
    waiting = _sending(session, now).where(first <= now).order_by(first).limit(1)
    return session.scalar(waiting.execution_options(populate_existing=True))


def _sending(session: Session, now: datetime) -> Select[Campaign]:
    return select(Campaign).where(
        Campaign.school_id == school_of(session),
        Campaign.state == CampaignState.SENDING,
        or_(Campaign.closes_at.is_(None), Campaign.closes_at > now),
    )


def _first_due() -> ScalarSelect[datetime]:
    """Over Campaign. Not min(): the partial index gives the first row at once."""
    return (
        select(Message.next_attempt_at)
        .where(
            Message.school_id == Campaign.school_id,
            Message.campaign_id == Campaign.id,
            Message.state.in_(_DUE),
        )
        .order_by(Message.next_attempt_at)
        .limit(1)
        .correlate(Campaign)
        .scalar_subquery()
    )


def _due_messages(campaign: Campaign, now: datetime, limit: int) -> Select[*DueRow]:
    return (
        select(
            Message.id,
            Message.step,
            Message.invitation_id,
            Message.link_id,
            Message.response_id,
            Link.revoked_at,
            Invitation.pupil_id,
            Invitation.state,
            Invitation.stopped_reason,
            Invitation.mail_stopped_at,
            Pupil.forename,
            Pupil.preferred_forename,
            _took_over().label("has_new_link"),
        )
        .join(Link, (Link.school_id == Message.school_id) & (Link.id == Message.link_id))
        .join(
            Invitation,
            (Invitation.school_id == Message.school_id) & (Invitation.id == Message.invitation_id),
        )
        .join(Pupil, (Pupil.school_id == Invitation.school_id) & (Pupil.id == Invitation.pupil_id))
        .where(
            Message.school_id == campaign.school_id,
            Message.campaign_id == campaign.id,
            Message.state.in_(_DUE),
            Message.next_attempt_at <= now,
        )
        .order_by(Message.next_attempt_at)
        .limit(limit)
        .with_for_update(of=Message, skip_locked=True)
    )


def _took_over() -> ColumnElement[bool]:
    """Over Link: another of its invitation ended at the moment that it was made."""
    earlier = aliased(Link)
    return (
        select(earlier.id)
        .where(
            earlier.school_id == Link.school_id,
            earlier.invitation_id == Link.invitation_id,
            earlier.id != Link.id,
            earlier.revoked_at == Link.created_at,
        )
        .correlate(Link)
        .exists()
    )


def _sort_out(
    session: Session, campaign: Campaign, due: Sequence[Row[*DueRow]], now: datetime
) -> list[Claimed]:
    answers = {
        step: _gate_says(session, campaign, [row for row in due if row.step is step], step, now)
        for step in {row.step for row in due}
    }
    mailable: list[Claimed] = []
    stopped: dict[str, list[UUID]] = {}
    for row in due:
        answer = answers[row.step][row.pupil_id]
        why = _own_reason(row) or (answer.reason.value if answer.reason else None)
        if why is None and row.step is MessageStep.COPY and answer.address_kind is not COPIES_GO_TO:
            why = Stop.NO_SCHOOL_ADDRESS.value
        if why is not None:
            stopped.setdefault(why, []).append(row.id)
            continue
        first_name = row.preferred_forename or row.forename
        to = (answer.address, answer.address_kind, answer.address_hash)
        which = (row.id, row.step, row.invitation_id, row.link_id, row.response_id)
        mailable.append(Claimed(*which, first_name, *to, row.has_new_link))
    for why, ids in stopped.items():
        outbox.stop_waiting(session, why, now, Message.id.in_(ids))
    return mailable


def _gate_says(
    session: Session,
    campaign: Campaign,
    due: Sequence[Row[*DueRow]],
    step: MessageStep,
    now: datetime,
) -> dict[UUID, Row[*tuple[Any, ...]]]:
    """By pupil. That they have answered stops whatever asks them to, and not their own copy."""
    has_answered = false() if step is MessageStep.COPY else already_answered(campaign.id, now)
    asked = gate(has_answered, at=now).where(is_one_of(Pupil.id, (row.pupil_id for row in due)))
    return {answer.pupil_id: answer for answer in session.execute(asked)}


def _own_reason(row: Row[*DueRow]) -> str | None:
    """What happened to the invitation or its link since the message was queued.

    A copy was asked for by the student, who had sent the answers: nothing of it matters to that.
    Whether those answers still count is seen by whoever writes it.
    """
    if row.step is MessageStep.COPY:
        return None
    if row.state in ANSWERED:
        return Stop.SUBMITTED.value
    if row.state not in CAN_ANSWER:
        return str(row.stopped_reason or Stop.CANCELLED.value)
    if row.mail_stopped_at is not None:
        return UNSUBSCRIBED
    return Stop.LINK_REVOKED.value if row.revoked_at is not None else None


def _hold(session: Session, messages: Sequence[Claimed], now: datetime) -> None:
    ids = [message.message_id for message in messages]
    words = "Demo mail never leaves this machine, and SMTP_URL names another mail server."
    outbox.hold(session, "demo", words, now, Message.id.in_(ids))


def _take(session: Session, claim_id: UUID, messages: Sequence[Claimed], now: datetime) -> None:
    session.execute(
        _TAKE,
        {
            "school_id": school_of(session),
            "claim_id": claim_id,
            "now": now,
            "taken": json.dumps(
                [
                    {
                        "id": str(message.message_id),
                        "kind": message.kind.value,
                        "hash": f"\\x{message.hash.hex()}",
                        "domain": domain_of(message.address),
                    }
                    for message in messages
                ]
            ),
        },
    )
