"""Write-back: a submitted response becomes results and profile entries, once.

Everything a response leads to is written in the transaction that marks it written back. Two
jobs at once, a job killed at any line, or a second ring of the bell therefore have one effect.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach.answering.models import Response
from outreach.answering.saving import answers_of
from outreach.campaigns import tracking
from outreach.campaigns.models import Invitation
from outreach.campaigns.own.library import of_school
from outreach.database import school_of
from outreach.profiles.fields import Fact, facts_of, no_longer_said
from outreach.profiles.models import ProfileEntry, Result, ResultKind
from outreach.pupils.models import Pupil
from questionnaires.loading import Library
from questionnaires.scoring import Scores, score

QUESTIONNAIRE = "questionnaire"
"""The source of an entry that a student's own answers made."""

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)


class DefinitionChanged(Exception):
    """The definition installed under this version is not the one that was answered."""


def write_back(session: Session, library: Library, response_id: UUID, now: datetime) -> bool:
    """Write one submitted response back. False where it is done, or another job is at it.

    Raises where its definition is not installed, or not as it was answered: nothing is written.
    """
    response = session.scalar(
        select(Response)
        .where(_is_unwritten(session), Response.id == response_id)
        .with_for_update(skip_locked=True)
    )
    if response is None or response.submitted_at is None:
        return False
    questionnaire = of_school(session, library).get(response.questionnaire, response.version)
    if questionnaire.sha256 != response.sha256:
        raise DefinitionChanged(f"{response.questionnaire} version {response.version}")
    invitation = session.scalars(
        select(Invitation).where(
            Invitation.school_id == school_of(session), Invitation.id == response.invitation_id
        )
    ).one()
    answers = answers_of(session, response, questionnaire)
    scores = score(questionnaire, answers)
    _write_results(session, response, invitation, scores)
    _write_entries(session, response, invitation, facts_of(questionnaire, answers, scores))
    response.written_back_at = now
    session.flush()
    if response.superseded_at is None and response.replaceable_since is None:
        tracking.mark_written_back(session, invitation, now)
    return True


def _write_results(
    session: Session, response: Response, invitation: Invitation, scores: Scores
) -> None:
    rows = [
        {
            "school_id": school_of(session),
            "response_id": response.id,
            "campaign_id": invitation.campaign_id,
            "kind": kind,
            "key": key,
            **tally.as_json(),
        }
        for kind, tallies in (
            (ResultKind.BLOCK, scores.blocks),
            (ResultKind.CONSTRUCT, scores.constructs),
        )
        for key, tally in tallies.items()
    ]
    if rows:
        key = [Result.school_id, Result.response_id, Result.kind, Result.key]
        session.execute(insert(Result).on_conflict_do_nothing(index_elements=key), rows)


def _write_entries(
    session: Session, response: Response, invitation: Invitation, facts: Mapping[str, Fact]
) -> None:
    """Insert the facts, and supersede what the pupil had said before, and all of a replaced response.

    A response that was itself replaced before it came here leaves history alone.

    The pupil's row is locked first, so that two responses of one pupil take turns and each
    field keeps one current entry.
    """
    here = (Pupil.school_id == school_of(session), Pupil.id == invitation.pupil_id)
    session.execute(select(Pupil.id).where(*here).with_for_update(key_share=True))
    fields = set(facts) | no_longer_said(facts)
    said_later = _said_later(session, response, invitation.pupil_id, fields)
    if response.superseded_at is None:
        _supersede(session, response, invitation.pupil_id, fields)
    rows = [
        {
            "school_id": school_of(session),
            "pupil_id": invitation.pupil_id,
            "field": field,
            "value": value,
            "source": QUESTIONNAIRE,
            "recorded_at": response.submitted_at,
            "response_id": response.id,
            "questionnaire": response.questionnaire,
            "version": response.version,
            "superseded_at": said_later.get(field, response.superseded_at),
        }
        for field, value in facts.items()
    ]
    if rows:
        key = [ProfileEntry.school_id, ProfileEntry.response_id, ProfileEntry.field]
        session.execute(insert(ProfileEntry).on_conflict_do_nothing(index_elements=key), rows)


def _supersede(session: Session, response: Response, pupil_id: UUID, fields: set[str]) -> None:
    """What was said of these fields before, and whatever a replaced response had said."""
    replaced = (
        select(Response.id)
        .join(
            Invitation,
            and_(
                Invitation.school_id == Response.school_id,
                Invitation.id == Response.invitation_id,
            ),
        )
        .where(
            Response.school_id == school_of(session),
            Invitation.pupil_id == pupil_id,
            Response.superseded_at.is_not(None),
        )
    )
    session.execute(
        update(ProfileEntry)
        .where(
            ProfileEntry.school_id == school_of(session),
            ProfileEntry.pupil_id == pupil_id,
            ProfileEntry.superseded_at.is_(None),
            ProfileEntry.response_id.is_distinct_from(response.id),
            or_(
                and_(
                    ProfileEntry.field.in_(fields),
                    ProfileEntry.recorded_at <= response.submitted_at,
                ),
                ProfileEntry.response_id.in_(replaced),
            ),
        )
        .values(superseded_at=response.submitted_at)
        .execution_options(synchronize_session=False)
    )


def _said_later(
    session: Session, response: Response, pupil_id: UUID, fields: set[str]
) -> dict[str, datetime]:
    """Fields for which the pupil has said something since, with the first time they did."""
    later = (
        select(ProfileEntry.field, func.min(ProfileEntry.recorded_at).label("at"))
        .where(
            _is_of(session, pupil_id, fields),
            ProfileEntry.recorded_at > response.submitted_at,
        )
        .group_by(ProfileEntry.field)
    )
    return {row.field: row.at for row in session.execute(later)}


def _is_of(session: Session, pupil_id: UUID, fields: set[str]) -> ColumnElement[bool]:
    return and_(
        ProfileEntry.school_id == school_of(session),
        ProfileEntry.pupil_id == pupil_id,
        ProfileEntry.field.in_(fields),
    )


def _is_unwritten(session: Session) -> ColumnElement[bool]:
    return and_(
        Response.school_id == school_of(session),
        Response.submitted_at.is_not(None),
        Response.written_back_at.is_(None),
    )


def due_responses(session: Session, now: datetime, limit: int) -> list[UUID]:
    """Submitted and not written back, those that never failed first, then the oldest."""
    due = or_(Response.write_back_after.is_(None), Response.write_back_after <= now)
    return list(
        session.scalars(
            select(Response.id)
            .where(_is_unwritten(session), due)
            .order_by(Response.write_back_failures, Response.submitted_at, Response.id)
            .limit(limit)
        )
    )


def put_off(session: Session, response_id: UUID, now: datetime) -> None:
    """After a failure: the response stays due, later and later, and is never given up."""
    response = session.scalar(
        select(Response)
        .where(_is_unwritten(session), Response.id == response_id)
        .with_for_update(skip_locked=True)
    )
    if response is None:
        return
    wait = FIRST_WAIT * 4 ** min(response.write_back_failures, 10)
    response.write_back_failures += 1
    response.write_back_after = now + min(wait, LONGEST_WAIT)


def next_due(session: Session, now: datetime) -> datetime | None:
    """When the next response is to be written back; None where nothing waits."""
    due_at = func.coalesce(Response.write_back_after, now)
    return session.scalar(select(func.min(due_at)).where(_is_unwritten(session)))


def is_any_failing(session: Session) -> bool:
    """Whether a submitted response could not be written back so far: an operator must look."""
    failing = select(Response.id).where(_is_unwritten(session), Response.write_back_failures > 0)
    return session.scalar(select(failing.exists())) or False
