"""Telling tutors how many of their groups have not answered: a mail of counts, and a way to the list.

A tutor is a viewer who was limited to groups. Names stand behind their sign-in and nowhere else.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.campaigns.finding import find_campaign
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.states import CAN_ANSWER
from outreach.clock import long_date
from outreach.database import school_of
from outreach.errors import NotFound, Refusal
from outreach.mail.composing import Mail
from outreach.parts import Parts
from outreach.pupils.groups import GroupName
from outreach.pupils.models import Pupil
from outreach.pupils.viewing import groups_seen, may_see
from outreach.schools.account_mail import queue_account_mail
from outreach.schools.composing import mail_to_staff
from outreach.schools.models import Account, AccountMail, AccountMailKind, Role, School, StaffMember


@dataclass(frozen=True)
class GroupCounts:
    """Of the pupils that one tutor may see, in one campaign."""

    asked: int
    missing: int


def tell_tutors(session: Session, campaign: Campaign, now: datetime) -> int:
    """Queue a digest for each tutor who has somebody to chase, and say how many that is."""
    told = 0
    for tutor in _tutors(session):
        if counts_for(session, campaign.id, tutor, now).missing:
            queue_account_mail(
                session,
                tutor.account_id,
                AccountMailKind.DIGEST,
                now,
                school_id=campaign.school_id,
                campaign_id=campaign.id,
            )
            told += 1
    return told


def counts_for(
    session: Session, campaign_id: UUID, tutor: StaffMember, now: datetime
) -> GroupCounts:
    is_missing = Invitation.state.in_(CAN_ANSWER)
    row = session.execute(
        select(func.count(), func.count().filter(is_missing))
        .select_from(Invitation)
        .join(Pupil, (Pupil.school_id == Invitation.school_id) & (Pupil.id == Invitation.pupil_id))
        .where(
            Invitation.school_id == school_of(session),
            Invitation.campaign_id == campaign_id,
            may_see(session, tutor.id, tutor.role, now),
        )
    ).one()
    return GroupCounts(*row)


def compose_digest(session: Session, parts: Parts, account_mail: AccountMail) -> Mail:
    """Of the school that the session has entered, with the counts as they are by now.

    Refusal where there is nobody to chase any more, or the person is no tutor of groups now.
    """
    if account_mail.campaign_id is None:
        raise NotFound("This digest names no campaign.")
    campaign = find_campaign(session, account_mail.campaign_id)
    tutor = next(
        (one for one in _tutors(session) if one.account_id == account_mail.account_id), None
    )
    if tutor is None:
        raise Refusal("This person is no viewer of some groups any more, so no digest was made.")
    if campaign.ended_at is not None:
        raise Refusal("The campaign ended before this digest was made.")
    now = parts.clock()
    counts = counts_for(session, campaign.id, tutor, now)
    if not counts.missing:
        raise Refusal("Everybody in these groups had answered when this digest was to be made.")
    words = {
        "name": tutor.name,
        "school": session.get_one(School, school_of(session)).name,
        "campaign": campaign.name,
        "groups": [GroupName.of(group).words for group in groups_seen(session, tutor.id)],
        "asked": counts.asked,
        "missing": counts.missing,
        "closes_on": long_date(campaign.closes_at) if campaign.closes_at else None,
        "link": f"{parts.settings.public_url}/staff/campaigns/{campaign.id}/pupils?state=unanswered",
    }
    address = session.get_one(Account, tutor.account_id).email
    return mail_to_staff(parts, account_mail, "digest", address, words, now)


def _tutors(session: Session) -> list[StaffMember]:
    return list(
        session.scalars(
            select(StaffMember)
            .where(
                StaffMember.school_id == school_of(session),
                StaffMember.role == Role.VIEWER,
                StaffMember.is_limited,
                StaffMember.ended_at.is_(None),
            )
            .order_by(StaffMember.id)
        )
    )
