"""Delivery of one school's mail: claim, hand over, record, until its turn is over.

Unlike other verbs these commit: each claim and each set of outcomes is its own transaction.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import queues
from outreach.campaigns import claiming, outbox, recording, recovering
from outreach.campaigns.claiming import Batch
from outreach.campaigns.journal import Journal
from outreach.campaigns.letters import Letter, Makers, Unwritten, letters_for
from outreach.campaigns.links import is_past_closing
from outreach.campaigns.models import Campaign, Message
from outreach.campaigns.pacing import Limits, Pacer, pacer_of
from outreach.campaigns.pinning import NotInstalled
from outreach.campaigns.sending import LeftUnderWay, Progress, Sending, pool_for, stopping
from outreach.campaigns.states import CampaignState
from outreach.campaigns.waits import pause_after
from outreach.database import school_of, transaction
from outreach.mail.accounts import Accounts
from outreach.mail.addresses import domain_of
from outreach.mail.outcomes import Outcome
from outreach.parts import Parts
from outreach.pupils.models import AddressKind
from outreach.pupils.sync.models import SourceConnection, SourceState
from outreach.queues import Bell, Work
from outreach.schools.models import Connection, SharingAgreement

log = logging.getLogger(__name__)

TURN_SECONDS = 5.0
"""Then the bell is rung again and other schools have their turn."""

BATCH_SECONDS = 2.0
"""That a batch has at least: claimed late in a turn, most of it would be given back."""


def deliver(
    parts: Parts,
    school_id: UUID,
    makers: Makers,
    seconds: float = TURN_SECONDS,
) -> None:
    """Hand over what is due. Delivered twice, or by two workers at once, it has one effect.

    `makers` write the steps that are not invites.
    """
    recovering.recover_now_and_then(parts)
    recovering.give_up_lost(parts, school_id)
    ends_at = time.monotonic() + seconds
    trouble = None
    try:
        while time.monotonic() < ends_at and not stopping.is_set():
            progress = _deliver_batch(parts, school_id, ends_at, makers)
            if progress is None:
                break
            if progress.has_only_trouble:
                trouble = progress.trouble
                break
    except LeftUnderWay:
        return
    _settle(parts, school_id, trouble)


def _deliver_batch(
    parts: Parts, school_id: UUID, ends_at: float, makers: Makers
) -> Progress | None:
    """None where nothing was free to claim."""
    claim_id = uuid4()
    try:
        journal = Journal.begin(parts.settings.data_dir, claim_id, school_id)
    except OSError as fault:  # a full disk: the school's mail pauses, and staff are told
        return Progress(
            trouble=f"The intent journal could not be begun: {fault.strerror or fault}."
        )
    try:
        progress = _claim_and_send(parts, school_id, journal, ends_at, makers, claim_id)
    except LeftUnderWay:
        raise  # threads still write to the journal: it stays open until the process ends
    except BaseException:
        journal.let_go()  # what was committed, and what had left, is for the recoverer to find out
        raise
    journal.finish()
    return progress


def _claim_and_send(
    parts: Parts, school_id: UUID, journal: Journal, ends_at: float, makers: Makers, claim_id: UUID
) -> Progress | None:
    batch = _claim(parts, school_id, claim_id)
    if batch is None or not batch.messages:
        return None if batch is None else Progress()
    try:
        made = letters_for(parts, batch, makers)
    except NotInstalled as fault:  # this campaign's mail must wait
        _hold_campaign(parts, batch, fault.words)
        return Progress()
    batch = _without(parts, batch, made.unwritten)
    return _send(parts, batch, made.letter, journal, ends_at) if batch.messages else Progress()


def _claim(parts: Parts, school_id: UUID, claim_id: UUID) -> Batch | None:
    """Where there may be more, the bell is rung for whoever is idle: two work on one school then."""
    with transaction(parts.sessions, school_id) as session:
        batch = claiming.claim_batch(
            session,
            claim_id,
            parts.clock(),
            may_mail_demo=parts.settings.is_embedded_mail,
            pacer=pacer_for(parts),
        )
        if batch is not None and batch.is_full:
            queues.ring_after_commit(session, Bell(Work.DELIVER, school_id))
        return batch


def _pool_of(parts: Parts) -> Accounts:
    return pool_for(parts.settings.smtp_url, parts.settings.smtp_connections)


def pacer_for(parts: Parts) -> Pacer:
    """For the account that mail goes through now."""
    account = _pool_of(parts).preferred
    return pacer_of(parts.redis, account.server.place, Limits.of(parts.settings))


def _hold_campaign(parts: Parts, batch: Batch, words: str) -> None:
    """So that the school's other campaigns have their turn, and staff see why this one has none."""
    with transaction(parts.sessions, batch.school.id) as session:
        now = parts.clock()
        unsent = [message.message_id for message in batch.messages]
        recording.give_back(session, batch.claim_id, unsent, now)
        recording.end_claim(session, batch.claim_id)
        of_campaign = Message.campaign_id == batch.campaign.id
        outbox.hold(session, "definition_missing", words, now, of_campaign)
    log.error("mail held, definition not installed campaign=%s", batch.campaign.id)


def _without(parts: Parts, batch: Batch, unwritten: Mapping[UUID, Unwritten]) -> Batch:
    """The batch of those that can be written; each of the others stops or waits by itself."""
    if not unwritten:
        return batch
    left = [one for one in batch.messages if one.message_id not in unwritten]
    with transaction(parts.sessions, batch.school.id) as session:
        now = parts.clock()
        recording.give_back(session, batch.claim_id, unwritten, now)
        for message_id, why in unwritten.items():
            this = Message.id == message_id
            if why.stop is not None:
                outbox.stop_waiting(session, why.stop, now, this)
            else:
                outbox.hold(session, "definition_missing", why.words or "", now, this)
        if not left:
            recording.end_claim(session, batch.claim_id)
    log.error("mails not written campaign=%s count=%d", batch.campaign.id, len(unwritten))
    return replace(batch, messages=left)


def _send(parts: Parts, batch: Batch, letter: Letter, journal: Journal, ends_at: float) -> Progress:
    unsent = {message.message_id for message in batch.messages}
    kinds = {message.kind for message in batch.messages}
    school_id = batch.school.id
    pacer = pacer_for(parts)
    domains = {one.message_id: domain_of(one.address) for one in batch.messages}

    def tell(outcomes: Mapping[UUID, Outcome]) -> bool:
        with transaction(parts.sessions, school_id) as session:
            now = parts.clock()
            recording.record_outcomes(session, batch.claim_id, outcomes, now)
            permitted = _may_go_on(session, batch.campaign.id, kinds, now)
        pacer.learn(outcomes, domains)
        unsent.difference_update(
            id for id, outcome in outcomes.items() if not recording.is_unsent(outcome)
        )
        return permitted

    def may_go_on() -> bool:
        with transaction(parts.sessions, school_id) as session:
            return _may_go_on(session, batch.campaign.id, kinds, parts.clock())

    sending = Sending(
        batch=batch,
        letter=letter,
        journal=journal,
        pool=_pool_of(parts),
        clock=parts.clock,
        tell=tell,
        may_go_on=may_go_on,
        sign=parts.dkim.sign,
        connections=parts.settings.smtp_connections,
    )
    progress = sending.run(max(ends_at - time.monotonic(), BATCH_SECONDS))
    with transaction(parts.sessions, school_id) as session:
        recording.give_back(session, batch.claim_id, unsent, parts.clock())
        recording.end_claim(session, batch.claim_id)
    pacer.give_back([one for one in batch.messages if one.message_id in unsent])
    return progress


def _may_go_on(session: Session, campaign_id: UUID, kinds: set[AddressKind], now: datetime) -> bool:
    """Whether the campaign still sends and the school still allows what this batch uses."""
    row = session.execute(
        select(Campaign, SharingAgreement, SourceConnection.state)
        .join(SharingAgreement, SharingAgreement.school_id == Campaign.school_id)
        .outerjoin(SourceConnection, SourceConnection.school_id == Campaign.school_id)
        .where(Campaign.school_id == school_of(session), Campaign.id == campaign_id)
    ).one_or_none()
    if row is None:
        return False
    campaign, agreement, integrator = row
    uses = {AddressKind.WORK: agreement.work_email, AddressKind.HOME: agreement.home_email}
    return (
        campaign.state is CampaignState.SENDING
        and not is_past_closing(campaign, now)
        and agreement.connection is Connection.AUTHORISED
        and integrator in (None, SourceState.PENDING, SourceState.AUTHORISED)
        and agreement.student_email
        and all(uses[kind] for kind in kinds)
    )


def _settle(parts: Parts, school_id: UUID, trouble: str | None) -> None:
    """When this school's mail is next due: at once, when a wait ends, or when a claim may be lost."""
    with transaction(parts.sessions, school_id) as session:
        now = parts.clock()

        def next_due() -> datetime | None:
            due = claiming.due_at_earliest(session, now)
            if trouble is not None and due is not None:
                failures = queues.failures_of(session, school_id, Work.DELIVER)
                due = max(due, now + pause_after(failures))
            lost = recovering.lost_at_earliest(session, now)
            return min((each for each in (due, lost) if each is not None), default=None)

        has_failed = trouble is not None
        due_at = queues.settle_due(
            session, school_id, Work.DELIVER, next_due, now, failed=has_failed
        )
        if due_at is not None and due_at <= now:
            queues.ring_after_commit(session, Bell(Work.DELIVER, school_id))
    if trouble is not None:
        log.warning("mail waits for the mail server school=%s: %s", school_id, trouble)
