"""What a revocation leads to when nobody takes it back: everything held of the pupils is deleted.

Counts of campaigns stay, and so does what says that it was done.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from outreach import audit, queues
from outreach.answering.models import Response
from outreach.database import Base, school_of, transaction
from outreach.parts import Parts
from outreach.privacy.erasing import BLOCK_OF, erase_pupils, unread_texts
from outreach.profiles.models import ProfileEntry
from outreach.pupils.models import Pupil, PupilAddress, PupilCharacteristic, RosterGroup
from outreach.pupils.objections.models import SharingWindow
from outreach.pupils.roster.models import RosterUpload
from outreach.pupils.roster.turns import wait_for_turn
from outreach.pupils.sync.connecting import forget_connection
from outreach.pupils.sync.models import RosterSync
from outreach.queues import Work
from outreach.schools.models import ChangedBy, Connection, SharingAgreement
from outreach.schools.revoking import HELD_DATA, is_revoked
from outreach.schools.sharing import Move, write_moves

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Held:
    """How much of what is held: for the school to read before it is deleted."""

    pupils: int
    addresses: int
    characteristics: int
    responses: int
    profile_entries: int
    unread_texts: int


def what_is_held(session: Session) -> Held:
    return Held(
        pupils=_count(session, Pupil, Pupil.erased_at.is_(None)),
        addresses=_count(session, PupilAddress),
        characteristics=_count(session, PupilCharacteristic),
        responses=_count(session, Response),
        profile_entries=_count(session, ProfileEntry),
        unread_texts=unread_texts(session),
    )


def delete_if_due(parts: Parts, school_id: UUID) -> None:
    """Block by block, each a transaction; killed half-way, it goes on. Undone before, it does not."""
    deleted = 0
    while block := _delete_block(parts, school_id):
        deleted += block
    with transaction(parts.sessions, school_id) as session:
        now = parts.clock()
        wait_for_turn(session)
        if _is_due(session, now) and not what_is_held(session).pupils:
            _finish(session, now)
        queues.settle_due(
            session, school_id, Work.DELETE_HELD, lambda: _agreement(session).deletes_at, now
        )
    if deleted:
        log.info("held data deleted school=%s pupils=%s", school_id, deleted)


def _delete_block(parts: Parts, school_id: UUID) -> int:
    with transaction(parts.sessions, school_id) as session:
        now = parts.clock()
        wait_for_turn(session)  # an import under way would bring in what was deleted before it
        if not _is_due(session, now):
            return 0
        block = session.scalars(
            select(Pupil.id)
            .where(Pupil.school_id == school_id, Pupil.erased_at.is_(None))
            .order_by(Pupil.id)
            .limit(BLOCK_OF)
        ).all()
        # It must happen; the page and the receipt have said how many texts nobody has read.
        return erase_pupils(session, block, audit.SYSTEM, now, even_unread=True)


def _finish(session: Session, now: datetime) -> None:
    # Objections to sharing went with the pupils, so nobody may count as told of it either.
    for table in (RosterGroup, RosterSync, RosterUpload, SharingWindow):
        session.execute(
            delete(table).where(table.school_id == school_of(session)),
            execution_options={"synchronize_session": False},
        )
    forget_connection(session)
    agreement = _agreement(session)
    before = agreement.connection
    agreement.connection, agreement.source_revoked = Connection.NOT_CONNECTED, False
    agreement.deletes_at, agreement.changed_at = None, now
    moves = [
        Move(HELD_DATA, "held", "deleted"),
        Move("connection", before.value, agreement.connection.value),
    ]
    if agreement.student_email:  # a school that comes back decides anew
        agreement.student_email = False
        moves.append(Move("student_email", "on", "off"))
    words = "The time after the revocation has passed."
    write_moves(session, now, moves, ChangedBy.SERVICE, None, words)


def _is_due(session: Session, now: datetime) -> bool:
    """With the row locked: whoever takes the revocation back waits, or comes first."""
    agreement = _agreement(session)
    is_over = agreement.deletes_at is not None and agreement.deletes_at <= now
    return is_over and is_revoked(agreement)


def _agreement(session: Session) -> SharingAgreement:
    return session.scalars(
        select(SharingAgreement)
        .where(SharingAgreement.school_id == school_of(session))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _count(session: Session, table: type[Base], *which: ColumnElement[bool]) -> int:
    own = table.__table__.c.school_id == school_of(session)
    return session.scalar(select(func.count()).select_from(table).where(own, *which)) or 0
