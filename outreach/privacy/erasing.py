"""Erasing pupils: the person is emptied, and what was counted stays counted.

The one place besides the roster's own changes where something of a pupil is overwritten. Mail that
a pupil objected to stays off: the address is suppressed by its keyed hash, which says nothing to
anybody, so that the next roster does not bring the mail back.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from outreach import audit
from outreach.answering.models import AnsweringSession, BirthCheckTry, Response
from outreach.answering.safeguarding.models import SafeguardingFlag
from outreach.audit import Actor
from outreach.campaigns import outbox
from outreach.campaigns.code_forgetting import forget_codes
from outreach.campaigns.models import Invitation, Link, Message
from outreach.campaigns.states import CAN_ANSWER, InvitationState
from outreach.database import enum_type, school_of
from outreach.errors import Refusal
from outreach.profiles.models import ProfileEntry
from outreach.pupils.models import (
    GroupMember,
    Pupil,
    PupilAddress,
    PupilCharacteristic,
    SupportedVersion,
    Suppression,
    SuppressionReason,
    WrongAddress,
)
from outreach.pupils.objections.models import Objection, ObjectionScope
from outreach.pupils.reach.reasons import Reason
from outreach.pupils.sync.models import SyncFault

FORENAME, SURNAME = "Deleted", "pupil"
BLOCK_OF = 500
_NO_ORM = {"synchronize_session": False}


class UnreadTexts(Refusal):
    """Something that a pupil wrote in their own words has not been read by anybody yet."""


def unread_texts(session: Session, *which: ColumnElement[bool]) -> int:
    """Texts in students' own words, of `which` invitations, that no reader has said to have read."""
    return (
        session.scalar(
            select(func.count())
            .select_from(SafeguardingFlag)
            .join(
                Response,
                (Response.school_id == SafeguardingFlag.school_id)
                & (Response.id == SafeguardingFlag.response_id),
            )
            .join(
                Invitation,
                (Invitation.school_id == Response.school_id)
                & (Invitation.id == Response.invitation_id),
            )
            .where(
                SafeguardingFlag.school_id == school_of(session),
                SafeguardingFlag.seen_at.is_(None),
                *which,
            )
        )
        or 0
    )


def erase_pupils(
    session: Session,
    pupil_ids: Sequence[UUID],
    actor: Actor,
    now: datetime,
    *,
    even_unread: bool = False,
) -> int:
    """Empty these pupils, with one audit row. Gives how many were not erased before.

    Raises UnreadTexts while something that they wrote waits to be read, unless `even_unread`.
    """
    school_id = school_of(session)
    fresh = session.scalars(
        select(Pupil.id)
        .where(Pupil.school_id == school_id, Pupil.id.in_(pupil_ids), Pupil.erased_at.is_(None))
        .with_for_update()
    ).all()
    if not fresh:
        return 0
    unread = unread_texts(session, Invitation.pupil_id.in_(fresh))
    if unread and not even_unread:
        words = (
            f"Texts in these pupils' own words that nobody has read yet: {unread}. Ask the "
            "safeguarding lead to read them under Safeguarding first, then erase."
        )
        raise UnreadTexts(words)
    _keep_objections_as_suppressions(session, fresh, now)
    _end_invitations(session, fresh, now)
    for table in (
        ProfileEntry,
        PupilAddress,
        PupilCharacteristic,
        GroupMember,
        WrongAddress,
        Objection,
        SupportedVersion,
    ):
        _delete(session, table.school_id, table.pupil_id.in_(fresh))
    # What syncs could not read may be of anybody, these pupils among them.
    session.execute(
        delete(SyncFault).where(SyncFault.school_id == school_id), execution_options=_NO_ORM
    )
    session.execute(
        update(Pupil)
        .where(Pupil.school_id == school_id, Pupil.id.in_(fresh))
        .values(
            upn=None,
            mis_id=None,
            admission_number=None,
            forename=FORENAME,
            preferred_forename=None,
            surname=SURNAME,
            date_of_birth=None,
            gender=None,
            start_date=None,
            leaving_date=None,
            missing_since=None,
            missing_reason=None,
            erased_at=now,
            changed_at=now,
        ),
        execution_options=_NO_ORM,
    )
    subject = fresh[0] if len(fresh) == 1 else None
    audit.record(
        session,
        now,
        actor,
        "pupil.erased",
        "pupil",
        subject,
        pupils=len(fresh),
        unread_texts=unread,
    )
    session.expire_all()
    return len(fresh)


def _keep_objections_as_suppressions(
    session: Session, pupil_ids: Sequence[UUID], now: datetime
) -> None:
    objected = (
        select(
            PupilAddress.school_id,
            PupilAddress.address_hash,
            literal(SuppressionReason.OBJECTED, enum_type(SuppressionReason)),
            literal("erasure"),
            literal(now),
        )
        .join(
            Objection,
            (Objection.school_id == PupilAddress.school_id)
            & (Objection.pupil_id == PupilAddress.pupil_id),
        )
        .where(
            PupilAddress.school_id == school_of(session),
            PupilAddress.pupil_id.in_(pupil_ids),
            Objection.scope == ObjectionScope.MAIL,
            Objection.lifted_at.is_(None),
        )
        .distinct()
    )
    columns = ["school_id", "address_hash", "reason", "source", "at"]
    session.execute(insert(Suppression).from_select(columns, objected).on_conflict_do_nothing())


def _end_invitations(session: Session, pupil_ids: Sequence[UUID], now: datetime) -> None:
    """Answers and results go; links end; what was counted in a campaign stays in its state."""
    school_id = school_of(session)
    theirs = select(Invitation.id).where(
        Invitation.school_id == school_id, Invitation.pupil_id.in_(pupil_ids)
    )
    links = select(Link.id).where(Link.school_id == school_id, Link.invitation_id.in_(theirs))
    _delete(session, Response.school_id, Response.invitation_id.in_(theirs))
    _delete(session, AnsweringSession.school_id, AnsweringSession.link_id.in_(links))
    _delete(session, BirthCheckTry.school_id, BirthCheckTry.link_id.in_(links))
    forget_codes(session, links)
    outbox.stop_waiting(session, Reason.ERASED.value, now, Message.invitation_id.in_(theirs))
    for statement in (
        update(Link)
        .where(
            Link.school_id == school_id,
            Link.invitation_id.in_(theirs),
            Link.revoked_at.is_(None),
        )
        .values(revoked_at=now),
        update(Message)
        .where(Message.school_id == school_id, Message.invitation_id.in_(theirs))
        .values(address_hash=None, words=None),
        update(Invitation)
        .where(
            Invitation.school_id == school_id,
            Invitation.pupil_id.in_(pupil_ids),
            Invitation.state.in_(CAN_ANSWER),
        )
        .values(state=InvitationState.STOPPED, stopped_reason=Reason.ERASED.value),
    ):
        session.execute(statement, execution_options=_NO_ORM)


def _delete(
    session: Session, owner: InstrumentedAttribute[UUID], which: ColumnElement[bool]
) -> None:
    statement = delete(owner.class_).where(owner == school_of(session), which)
    session.execute(statement, execution_options=_NO_ORM)
