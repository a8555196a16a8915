"""What became of handed-over messages, written to their rows in batches and told as events."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from outreach.campaigns import events, evidence, held_domains, outbox
from outreach.campaigns.events import Fact
from outreach.campaigns.held_mail import DOMAIN_HELD
from outreach.campaigns.models import DeliveryClaim, Message
from outreach.campaigns.states import MESSAGE_MOVES, MessageState, check_move
from outreach.campaigns.waits import GIVE_UP_AFTER, wait_after
from outreach.database import is_one_of, school_of
from outreach.mail.outcomes import Outcome, Verdict

GAVE_UP = f"Given up after {GIVE_UP_AFTER.days} days of “not now”. The mail server last said:"

_S = MessageState
_FROM_SENDING = (_S.ACCEPTED, _S.DEFERRED, _S.REFUSED, _S.HELD, _S.UNKNOWN, _S.QUEUED)
_LATE = (_S.ACCEPTED, _S.REFUSED)
"""What the true owner may still say of a message that was given up as unknown meanwhile."""

for state in _FROM_SENDING:
    check_move(MESSAGE_MOVES, _S.SENDING, state)
for state in _LATE:
    check_move(MESSAGE_MOVES, _S.UNKNOWN, state)

_RECORD = text("""
    UPDATE message SET state = told.state, reason = told.reason, words = told.words,
        status_code = told.code, tries = tries + 1, next_attempt_at = told.next_attempt_at,
        changed_at = :now
    FROM json_to_recordset(cast(:told AS json))
        AS told (id uuid, state text, reason text, words text, code text,
                 next_attempt_at timestamptz)
    WHERE message.school_id = :school_id AND message.id = told.id
      AND message.claim_id = :claim_id
      AND (message.state = 'sending'
           OR message.state = 'unknown' AND told.state = ANY (cast(:late AS text[])))
    RETURNING message.id
""")


@dataclass(frozen=True)
class _Fate:
    state: MessageState
    reason: str | None
    words: str | None
    code: str | None
    next_attempt_at: datetime
    account: str | None

    def as_row(self, message_id: UUID) -> dict[str, str | None]:
        return {
            "id": str(message_id),
            "state": self.state.value,
            "reason": self.reason,
            "words": self.words,
            "code": self.code,
            "next_attempt_at": self.next_attempt_at.isoformat(),
        }

    @property
    def is_refused(self) -> bool:
        """For good, by a server that saw the address; not given up by us."""
        return self.reason == _REASONS[_S.REFUSED]


def record_outcomes(
    session: Session, claim_id: UUID, outcomes: Mapping[UUID, Outcome], now: datetime
) -> None:
    """Move each message of this claim to its fate. Told twice, it has one effect.

    What was not sent for the server's own trouble is not recorded here: `give_back` does it.
    """
    told = {id: outcome for id, outcome in outcomes.items() if not is_unsent(outcome)}
    if not told:
        return
    waits = _deferred(session, claim_id, told)
    turned_away = held_domains.note_outcomes(session, claim_id, told, now)
    fates = {
        id: _fate(outcome, waits.get(id), turned_away.get(id), now) for id, outcome in told.items()
    }
    moved = session.scalars(
        _RECORD,
        {
            "school_id": school_of(session),
            "claim_id": claim_id,
            "now": now,
            "late": [state.value for state in _LATE],
            "told": json.dumps([fate.as_row(id) for id, fate in fates.items()]),
        },
    ).all()
    events.append_all(session, [_event(claim_id, id, fates[id], now) for id in moved])
    said = {id: (fates[id].code, fates[id].words) for id in moved if fates[id].is_refused}
    evidence.heed_refusals(session, said, now)
    if waits:
        outbox.stop_in_ended(session, now)


def is_unsent(outcome: Outcome) -> bool:
    """Nothing was said about this message: it waits again and nothing counts against it."""
    return outcome.is_server_trouble or outcome.verdict is Verdict.NOT_SENT


def give_back(session: Session, claim_id: UUID, unsent: Iterable[UUID], now: datetime) -> None:
    """Messages of this claim that never left wait again, or stop where the campaign has ended."""
    unsent = list(unsent)
    if not unsent:
        return
    session.execute(
        update(Message)
        .where(
            Message.school_id == school_of(session),
            Message.claim_id == claim_id,
            Message.state == _S.SENDING,
            is_one_of(Message.id, unsent),
        )
        .values(state=_S.QUEUED, claim_id=None, changed_at=now)
        .execution_options(synchronize_session=False)
    )
    outbox.stop_in_ended(session, now)


def give_up(session: Session, claim_id: UUID, words: str, now: datetime) -> None:
    """Whatever of this claim is still `sending`: nobody can know any more whether it left."""
    unknown = Outcome(Verdict.UNKNOWN, words=words)
    left = still_sending(session, claim_id)
    record_outcomes(session, claim_id, dict.fromkeys(left, unknown), now)


def still_sending(session: Session, claim_id: UUID) -> Sequence[UUID]:
    return session.scalars(
        select(Message.id).where(
            Message.school_id == school_of(session),
            Message.claim_id == claim_id,
            Message.state == _S.SENDING,
        )
    ).all()


def end_claim(session: Session, claim_id: UUID) -> None:
    session.execute(
        delete(DeliveryClaim).where(
            DeliveryClaim.school_id == school_of(session), DeliveryClaim.id == claim_id
        )
    )


def _deferred(
    session: Session, claim_id: UUID, told: Mapping[UUID, Outcome]
) -> dict[UUID, tuple[int, datetime]]:
    """Of the deferred ones: this try's number, and when it was queued."""
    ids = [id for id, outcome in told.items() if outcome.verdict is Verdict.DEFERRED]
    if not ids:
        return {}
    rows = session.execute(
        select(Message.id, Message.tries, Message.queued_at).where(
            Message.school_id == school_of(session),
            Message.claim_id == claim_id,
            Message.id.in_(ids),
        )
    )
    return {row.id: (row.tries + 1, row.queued_at) for row in rows}


def _fate(
    outcome: Outcome, tried: tuple[int, datetime] | None, turned_away: str | None, now: datetime
) -> _Fate:
    code = outcome.enhanced or (str(outcome.code) if outcome.code else None)
    state, words = MessageState(outcome.verdict.value), outcome.words or None
    account = outcome.account
    if turned_away == DOMAIN_HELD:
        return _Fate(_S.HELD, DOMAIN_HELD, words, code, now, account)
    if turned_away is not None:
        return _Fate(state, turned_away, words, code, now, account)
    if state is not _S.DEFERRED:
        return _Fate(state, _REASONS.get(state), words, code, now, account)
    tries, queued_at = tried or (1, now)
    if now - queued_at >= GIVE_UP_AFTER:
        return _Fate(_S.REFUSED, "gave_up", f"{GAVE_UP} {words or code}", code, now, account)
    return _Fate(state, "not_now", words, code, now + wait_after(tries), account)


_REASONS = {_S.REFUSED: "mail_server", _S.UNKNOWN: "cut_off"}


def _event(claim_id: UUID, message_id: UUID, fate: _Fate, now: datetime) -> Fact:
    """One claim hands a message over once, so (claim, message, kind) names the fact."""
    kind = (_S.REFUSED if fate.reason == DOMAIN_HELD else fate.state).value
    name = f"{claim_id}/{message_id}/{kind}"
    return Fact(message_id, "smtp", name, kind, now, fate.code, fate.words, fate.account)
