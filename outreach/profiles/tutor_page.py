"""What a tutor (viewer) sees of one pupil: who it is, and whether they were mailed and answered.

Nothing else of the pupil reaches the page: no identifier, address, answer, score or reason.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from outreach.campaigns.wording import INVITATION, MESSAGE, NOT_MAILED, Words
from outreach.profiles.showing import campaigns_of, groups_of
from outreach.pupils.finding import get_pupil


@dataclass(frozen=True)
class TutorCampaign:
    campaign_id: UUID
    name: str
    answers: Words
    mail: Words
    beside_id: UUID | None
    """The invitation, where its questions can be opened beside the pupil."""


@dataclass(frozen=True)
class TutorPage:
    name: str
    year: int
    groups: tuple[str, ...]
    campaigns: tuple[TutorCampaign, ...]


def tutor_page_of(
    session: Session, pupil_id: UUID, now: datetime, seen: ColumnElement[bool]
) -> TutorPage:
    """Raises NotFound for a pupil who is not on this school's roster, or not the tutor's to see."""
    pupil = get_pupil(session, pupil_id, seen=seen)
    return TutorPage(
        name=pupil.full_name,
        year=pupil.year,
        groups=tuple(name for _, name in groups_of(session, pupil_id, now)),
        campaigns=tuple(
            TutorCampaign(
                campaign_id=place.campaign_id,
                name=place.name,
                answers=INVITATION[place.invitation_state],
                mail=MESSAGE[place.message_state.value if place.message_state else NOT_MAILED],
                beside_id=place.invitation_id if place.can_open_beside else None,
            )
            for place in campaigns_of(session, pupil_id)
        ),
    )
