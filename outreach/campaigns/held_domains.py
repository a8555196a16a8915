"""Refusals by policy in a row from one recipient domain: counted, told once, the rest held.

A rule at the receiving end says nothing about the pupils behind it: nobody is suppressed for it.
Rows of `held_domain` are locked until commit, so that two workers count one after the other.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach import audit, queues
from outreach.campaigns import held_mail
from outreach.campaigns.chat.telling import tell_held
from outreach.campaigns.diagnosing import diagnose, is_for_policy, policy_reason, rules
from outreach.campaigns.held_mail import DOMAIN_HELD, has_arrived_since, hold_waiting, lock_domain
from outreach.campaigns.held_models import IN_FORCE, HeldDomain, HeldState
from outreach.campaigns.models import Message
from outreach.campaigns.states import MESSAGE_MOVES, MessageState, check_move
from outreach.database import school_of
from outreach.mail.addresses import scrub
from outreach.mail.outcomes import Outcome, Verdict
from outreach.queues import Work

log = logging.getLogger(__name__)

LONGEST_WORDS = 300

check_move(MESSAGE_MOVES, MessageState.SENDING, MessageState.HELD)


@dataclass(frozen=True)
class Refusal:
    """What one server said about one mail. `for_good`: 5.x.x, or a mail that came back."""

    campaign_id: UUID
    reason: str
    words: str | None
    for_good: bool
    came_back: bool


def note_policy(
    session: Session,
    campaign_id: UUID,
    domain: str,
    reason: str,
    words: str | None,
    now: datetime,
    *,
    came_back: bool = True,
) -> bool:
    """One mail to `domain` was turned away by a rule; whether the domain is held after it.

    `reason` is a key of the table of bounces; one that speaks of the address does nothing.
    """
    if not domain or not is_for_policy(reason):
        return False
    refusal = Refusal(campaign_id, reason, words, for_good=True, came_back=came_back)
    return _note(session, domain, refusal, 1, now)


def note_outcomes(
    session: Session, claim_id: UUID, told: Mapping[UUID, Outcome], now: datetime
) -> Mapping[UUID, str]:
    """What servers said at hand-over, in the order of `told`. By message, the reason of each that a
    rule turned away for good; where its domain is held after this, that is DOMAIN_HELD: it waits
    with the rest."""
    reasons = {
        id: reason
        for id, outcome in told.items()
        if outcome.verdict in (Verdict.REFUSED, Verdict.DEFERRED)
        and (reason := policy_reason(outcome.enhanced, f"{outcome.code} {outcome.words}"))
    }
    if not reasons and not _is_anything_counted(session):
        return {}
    turned_away = {id: why for id, why in reasons.items() if told[id].verdict is Verdict.REFUSED}
    places = _places(session, claim_id, told)
    taken: dict[str, set[UUID]] = {}
    in_a_row: dict[str, list[UUID]] = {}
    for id, outcome in told.items():
        if id not in places:
            continue
        domain = places[id].domain
        if id in reasons:
            in_a_row.setdefault(domain, []).append(id)
        elif outcome.verdict is Verdict.ACCEPTED:
            in_a_row.pop(domain, None)
            taken.setdefault(domain, set()).add(id)
    held: set[str] = set()
    for domain in sorted(
        taken.keys() | in_a_row.keys()
    ):  # one order, so that no two wait crosswise
        if domain in taken:
            held_mail.note_taken(session, domain, taken[domain], now)
        if domain in in_a_row:
            last = in_a_row[domain][-1]
            for_good = told[last].verdict is Verdict.REFUSED
            count = sum(
                (told[id].verdict is Verdict.REFUSED) == for_good for id in in_a_row[domain]
            )
            words, place = told[last].words, places[last]
            refusal = Refusal(place.campaign_id, reasons[last], words, for_good, came_back=False)
            if _note(session, domain, refusal, count, now):
                held.add(domain)
    waiting = {id for domain in held for id in in_a_row[domain]}
    return {id: DOMAIN_HELD if id in waiting else why for id, why in turned_away.items()}


@dataclass(frozen=True)
class _Place:
    domain: str
    campaign_id: UUID


def _places(session: Session, claim_id: UUID, told: Mapping[UUID, Outcome]) -> dict[UUID, _Place]:
    rows = session.execute(
        select(Message.id, Message.domain, Message.campaign_id).where(
            Message.school_id == school_of(session),
            Message.claim_id == claim_id,
            Message.id.in_(list(told)),
            Message.state == MessageState.SENDING,
            Message.domain.is_not(None),
        )
    )
    return {row.id: _Place(row.domain or "", row.campaign_id) for row in rows}


def _is_anything_counted(session: Session) -> bool:
    """Whether a mail that is taken tells anything about a domain of this school."""
    counted = select(HeldDomain.domain).where(
        HeldDomain.school_id == school_of(session),
        or_(
            HeldDomain.state.in_(IN_FORCE),
            (HeldDomain.state == HeldState.WATCHING) & ~HeldDomain.came_back,
        ),
    )
    return session.scalar(counted.limit(1)) is not None


def _note(session: Session, domain: str, refusal: Refusal, count: int, now: datetime) -> bool:
    """`count` of a kind in a row, the last of them `refusal`; whether the domain is held now."""
    row = _row_of(session, domain, refusal, now)
    # Of several at once the last to begin may come first: the run is as old as its oldest.
    row.run_began_at = min(row.run_began_at, now)
    if row.state in IN_FORCE and (row.holds or not refusal.for_good):
        if row.state is HeldState.PROBING and row.holds and refusal.for_good:
            _back_from_probing(session, row, now)
        row.run += count
        row.last_at = now
        session.flush()
        return row.holds
    if _begins_anew(session, row, refusal, now):
        row.state, row.run, row.run_began_at = HeldState.WATCHING, 0, now
    row.run += count
    row.last_at, row.campaign_id = now, refusal.campaign_id
    row.reason, row.words = refusal.reason, scrub(refusal.words or "")[:LONGEST_WORDS] or None
    row.diagnosis = diagnose(refusal.reason, refusal.words)
    row.holds, row.came_back = refusal.for_good, refusal.came_back
    needed = rules().run.refused if refusal.for_good else rules().run.not_now
    if row.run >= needed:
        _open(session, row, now)
    session.flush()
    return row.state in IN_FORCE and row.holds


def _row_of(session: Session, domain: str, refusal: Refusal, now: datetime) -> HeldDomain:
    session.flush()
    session.execute(
        insert(HeldDomain)
        .values(
            school_id=school_of(session),
            domain=domain,
            state=HeldState.WATCHING,
            run=0,
            run_began_at=now,
            last_at=now,
            campaign_id=refusal.campaign_id,
            diagnosis=diagnose(refusal.reason, refusal.words),
            reason=refusal.reason,
            holds=refusal.for_good,
            came_back=refusal.came_back,
        )
        .on_conflict_do_nothing()
    )
    return lock_domain(session, domain)


def _begins_anew(session: Session, row: HeldDomain, refusal: Refusal, now: datetime) -> bool:
    """A run is of one kind, without long gaps, and nothing arrived since it began."""
    kind = (row.holds, row.came_back)
    if row.state is not HeldState.WATCHING or kind != (refusal.for_good, refusal.came_back):
        return True
    if now - row.last_at > rules().run.within:
        return True
    return refusal.came_back and has_arrived_since(session, row.domain, row.run_began_at)


def _open(session: Session, row: HeldDomain, now: datetime) -> None:
    row.state, row.opened_at = HeldState.OPEN, now
    row.probes, row.probe_id, row.next_probe_at = 0, None, None
    row.resumed_at = row.resumed_by = None
    if row.holds:
        hold_waiting(session, row.domain, now)
        _plan_probe(session, row, now)
        tell_held(session, row.campaign_id, row.id, now)
    action = "domain.held" if row.holds else "domain.slow"
    audit.record(
        session,
        now,
        audit.SYSTEM,
        action,
        "campaign",
        row.campaign_id,
        held_domain=str(row.id),
        diagnosis=row.diagnosis,
        run=row.run,
    )
    log.warning("domain turned mail away school=%s diagnosis=%s", row.school_id, row.diagnosis)


def _back_from_probing(session: Session, row: HeldDomain, now: datetime) -> None:
    row.state, row.probe_id = HeldState.OPEN, None
    _plan_probe(session, row, now)


def _plan_probe(session: Session, row: HeldDomain, now: datetime) -> None:
    row.next_probe_at = now + rules().probes.wait_after(row.probes)
    queues.note_due(session, row.school_id, Work.DELIVER, row.next_probe_at)
