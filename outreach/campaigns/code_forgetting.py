"""Personal codes that nobody can use any more are deleted: erased pupils', and of ended campaigns."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from outreach import queues
from outreach.campaigns.code_models import CodeLookup, PersonalCode
from outreach.campaigns.models import Campaign, Invitation, Link
from outreach.database import school_of
from outreach.queues import Work

KEPT_AFTER_THE_END = timedelta(days=30)
"""So long, whoever types the code of an ended campaign is told that it has closed."""


def forget_codes(session: Session, link_ids: Select[Any]) -> None:
    """Nothing is left that a code of these links could be found or printed by."""
    theirs = select(PersonalCode.code_hash).where(
        PersonalCode.school_id == school_of(session), PersonalCode.link_id.in_(link_ids)
    )
    of_links = (PersonalCode.school_id == school_of(session), PersonalCode.link_id.in_(link_ids))
    for statement in (
        delete(CodeLookup).where(CodeLookup.code_hash.in_(theirs)),
        delete(PersonalCode).where(*of_links),
    ):
        session.execute(statement, execution_options={"synchronize_session": False})


def forget_later(session: Session, campaign: Campaign, now: datetime) -> None:
    """The campaign has ended: have its codes deleted when their time has come, if it has any."""
    if session.scalar(select(_with_codes(session).where(Campaign.id == campaign.id).exists())):
        queues.note_due(session, campaign.school_id, Work.FORGET_CODES, now + KEPT_AFTER_THE_END)


def forget_ended(session: Session, now: datetime) -> None:
    """The codes of this school's campaigns that ended long enough ago."""
    over = _with_codes(session).where(Campaign.ended_at <= now - KEPT_AFTER_THE_END)
    forget_codes(session, over)


def forget_at_earliest(session: Session) -> datetime | None:
    ended = _with_codes(session).with_only_columns(func.min(Campaign.ended_at))
    first = session.scalar(ended.where(Campaign.ended_at.is_not(None)))
    return None if first is None else first + KEPT_AFTER_THE_END


def _with_codes(session: Session) -> Select[Any]:
    """The links of personal codes, joined to their campaigns."""
    return (
        select(PersonalCode.link_id)
        .join(Link, (Link.school_id == PersonalCode.school_id) & (Link.id == PersonalCode.link_id))
        .join(
            Invitation,
            (Invitation.school_id == Link.school_id) & (Invitation.id == Link.invitation_id),
        )
        .join(
            Campaign,
            (Campaign.school_id == Link.school_id) & (Campaign.id == Invitation.campaign_id),
        )
        .where(PersonalCode.school_id == school_of(session))
    )
