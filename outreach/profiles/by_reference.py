"""The pupil whose response has the reference that a student reads out."""

import re
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.answering.models import Response
from outreach.campaigns.models import Invitation
from outreach.database import school_of
from outreach.errors import NotFound
from outreach.pupils.models import Pupil

SHAPE = re.compile(r"(FSQ)([A-Z0-9]{4})([A-Z0-9]{4})")


def pupil_by_reference(session: Session, typed: str) -> UUID:
    """However it is spaced and in whatever case. Raises NotFound."""
    shape = SHAPE.fullmatch(re.sub(r"[\s\-–]", "", typed).upper())
    found = None
    if shape:
        found = session.scalar(
            select(Invitation.pupil_id)
            .join(
                Response,
                (Response.school_id == Invitation.school_id)
                & (Response.invitation_id == Invitation.id),
            )
            .join(
                Pupil,
                (Pupil.school_id == Invitation.school_id) & (Pupil.id == Invitation.pupil_id),
            )
            .where(
                Invitation.school_id == school_of(session),
                Response.reference == "-".join(shape.groups()),
                Pupil.erased_at.is_(None),
            )
        )
    if found is None:
        raise NotFound(
            "No response of this school has that reference. It looks like FSQ-7K3M-92QD: check "
            "each letter and digit with the student, and try again."
        )
    return found
