"""Sends a response in, once, and gives it a reference that a student can read out."""

import secrets
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session, aliased

from outreach import queues
from outreach.answering.again import supersede_earlier
from outreach.answering.models import Response
from outreach.answering.safeguarding.raising import note_sent
from outreach.answering.saving import answers_of
from outreach.campaigns import tracking
from outreach.campaigns.models import Invitation
from outreach.database import school_of
from outreach.queues import Work
from questionnaires.model import AskedQuestion, Questionnaire
from questionnaires.path import walk

REFERENCE_LETTERS = "23456789ABCDEFGHJKMNPQRTVWXY"
"""Without 0 and O, 1 and I and L, 5's twin S, 2's twin Z, and U, which is heard as V."""

REFERENCE_TRIES = 5


def first_gap(
    session: Session, response: Response, questionnaire: Questionnaire
) -> AskedQuestion | None:
    """What is still to be answered or skipped, with the response locked until the commit.

    The lock keeps an answer in another tab from changing the path between this and `submit`.
    """
    session.execute(
        select(Response.id)
        .where(Response.school_id == school_of(session), Response.id == response.id)
        .with_for_update()
    )
    return walk(questionnaire, answers_of(session, response, questionnaire)).next_to_answer


def submit(session: Session, response: Response, now: datetime, *, has_mail: bool = True) -> str:
    """Submit, and return the reference. Doing it twice has one effect and gives the same one.

    The caller has seen that nothing is missing (`first_gap`). Raises AnsweredThisYear.
    """
    invitation = session.scalars(
        select(Invitation).where(
            Invitation.school_id == school_of(session), Invitation.id == response.invitation_id
        )
    ).one()
    reference = None
    if not _is_submitted(session, response):
        supersede_earlier(session, invitation, now)
        reference = _submit_once(session, response, now)
    if reference is None:
        session.refresh(response)
        return response.reference or ""
    note_sent(session, response, now)
    tracking.mark_submitted(session, invitation, now, has_mail=has_mail)
    queues.call_for(session, school_of(session), Work.WRITE_BACK, now)
    return reference


def _submit_once(session: Session, response: Response, now: datetime) -> str | None:
    """The reference, or None where somebody else has submitted it."""
    other = aliased(Response)
    for _ in range(REFERENCE_TRIES):
        reference = make_reference()
        taken = select(other.id).where(
            other.school_id == school_of(session), other.reference == reference
        )
        done = session.execute(
            update(Response)
            .where(
                Response.school_id == school_of(session),
                Response.id == response.id,
                Response.submitted_at.is_(None),
                ~taken.exists(),
            )
            .values(submitted_at=now, reference=reference)
            .returning(Response.reference)
        ).scalar_one_or_none()
        if done is not None:
            return done
        if _is_submitted(session, response):
            return None
    message = "no free reference was found"
    raise RuntimeError(message)


def _is_submitted(session: Session, response: Response) -> bool:
    here = (Response.school_id == school_of(session), Response.id == response.id)
    return session.scalar(select(Response.submitted_at).where(*here)) is not None


def make_reference() -> str:
    """As FSQ-7K3M-92QD: 28 letters and digits in 8 places, 3.8 × 10¹¹ in all."""
    drawn = "".join(secrets.choice(REFERENCE_LETTERS) for _ in range(8))
    return f"FSQ-{drawn[:4]}-{drawn[4:]}"
