"""Who a campaign asks: each pupil of its years and groups, with an address to use or a reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from outreach.campaigns.models import Campaign, CampaignQuestionnaire, Invitation
from outreach.campaigns.states import ANSWERED
from outreach.clock import academic_year_start, london_date
from outreach.database import school_of
from outreach.pupils.gate import GateSelect, gate
from outreach.pupils.groups import GroupName, is_member_on, is_one_of
from outreach.pupils.models import GroupMember, Pupil, RosterGroup
from outreach.pupils.reach.reasons import Reason
from outreach.pupils.roster.whole_roster import joining_whole_roster


@dataclass(frozen=True)
class Audience:
    """asked = mailable + the sum of excluded, always."""

    asked: int
    mailable: int
    excluded: Mapping[Reason, int]

    @classmethod
    def counted(cls, counts: Mapping[Reason | None, int]) -> "Audience":
        """From pupils by reason; None stands for those who can be mailed."""
        excluded = {reason: counts[reason] for reason in Reason if counts.get(reason)}
        mailable = counts.get(None, 0)
        return cls(mailable + sum(excluded.values()), mailable, excluded)

    @classmethod
    def thawed(cls, frozen: Mapping[str, Any]) -> "Audience":
        excluded = {Reason(name): int(count) for name, count in frozen["excluded"].items()}
        return cls(int(frozen["asked"]), int(frozen["mailable"]), excluded)

    def frozen(self) -> dict[str, Any]:
        """As the campaign's row keeps it and `campaign status` prints it."""
        excluded = {reason.value: count for reason, count in self.excluded.items()}
        return {"asked": self.asked, "mailable": self.mailable, "excluded": excluded}


NOBODY = Audience(0, 0, {})


def work_out(session: Session, campaign: Campaign, now: datetime) -> Audience:
    """As it would be if the campaign were launched now."""
    asked = asked_pupils(session, campaign, now).subquery()
    counted = select(asked.c.reason, func.count()).group_by(asked.c.reason)
    with joining_whole_roster(session):
        rows = session.execute(counted).all()
    return Audience.counted({row.reason: row[1] for row in rows})


def asked_pupils(session: Session, campaign: Campaign, now: datetime) -> GateSelect:
    """The gate over every pupil asked for, those who have left or are missing among them.

    Nobody can be asked of whom nothing is held any more.
    """
    groups = [GroupName.read(key) for key in campaign.groups]
    members = (
        select(GroupMember.pupil_id)
        .join(RosterGroup, is_member_on(london_date(now)))
        .where(GroupMember.school_id == school_of(session), is_one_of(groups))
    )
    is_asked = or_(Pupil.year.in_(campaign.years), Pupil.id.in_(members))
    asked = gate(already_answered(campaign.id, now), at=now)
    return asked.where(Pupil.erased_at.is_(None), is_asked)


def already_answered(campaign_id: UUID, now: datetime) -> ColumnElement[bool]:
    """Over Pupil: has sent one of a family that this campaign gives since 1 September, and was not
    let answer again."""
    given = select(CampaignQuestionnaire.family).where(
        CampaignQuestionnaire.campaign_id == campaign_id  # of one school: asked once, not per pupil
    )
    return (
        select(Invitation.id)
        .where(
            Invitation.school_id == Pupil.school_id,
            Invitation.pupil_id == Pupil.id,
            Invitation.family.in_(given),
            is_answered_since(academic_year_start(now)),
        )
        .correlate(Pupil)
        .exists()
    )


def is_answered_since(moment: datetime, of: type[Invitation] = Invitation) -> ColumnElement[bool]:
    """Over Invitation: sent in since then, and not open again."""
    return and_(of.state.in_(ANSWERED), of.submitted_at >= moment, of.reopened_at.is_(None))


def is_answered_elsewhere(now: datetime) -> ColumnElement[bool]:
    """Over Invitation: its pupil has answered another of its family this school year, and was not
    let answer again. Then no link of this one leads to the questions."""
    other = aliased(Invitation)
    return (
        select(other.id)
        .where(
            other.school_id == Invitation.school_id,
            other.pupil_id == Invitation.pupil_id,
            other.id != Invitation.id,
            other.family == Invitation.family,
            is_answered_since(academic_year_start(now), other),
        )
        .correlate(Invitation)
        .exists()
    )
