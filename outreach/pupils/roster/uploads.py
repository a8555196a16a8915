"""A roster file between its check and its import: kept encrypted for an hour, so that nobody has to
choose it a second time. Of each staff member the last one only."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from outreach import queues
from outreach.database import school_of
from outreach.pupils.roster.models import RosterUpload
from outreach.pupils.sync.sealing import Sealer
from outreach.queues import Work

KEPT_FOR = timedelta(hours=1)
LONGEST_NAME = 100


@dataclass(frozen=True)
class Upload:
    """A file as it came, and the name that the person knows it by."""

    id: UUID
    name: str
    content: bytes = field(repr=False)
    until: datetime


def keep_upload(
    session: Session, sealer: Sealer, staff_id: UUID, name: str, content: bytes, now: datetime
) -> Upload:
    """In place of what this person uploaded before."""
    forget_uploads(session, staff_id)
    shown = "".join(mark for mark in name if mark.isprintable())[-LONGEST_NAME:]
    upload = Upload(uuid4(), shown, content, now + KEPT_FOR)
    session.add(
        RosterUpload(
            school_id=school_of(session),
            id=upload.id,
            staff_id=staff_id,
            name=shown,
            sealed=sealer.seal_bytes(content),
            expires_at=upload.until,
        )
    )
    queues.note_due(session, school_of(session), Work.FORGET_UPLOADS, upload.until)
    return upload


def find_upload(
    session: Session, sealer: Sealer, staff_id: UUID, upload_id: UUID, now: datetime
) -> Upload | None:
    """None where it is another's, or older than an hour, or its key is gone."""
    found = session.scalars(
        select(RosterUpload).where(
            RosterUpload.school_id == school_of(session),
            RosterUpload.id == upload_id,
            RosterUpload.staff_id == staff_id,
            RosterUpload.expires_at > now,
        )
    ).one_or_none()
    content = None if found is None else sealer.open_bytes(found.sealed)
    if found is None or content is None:
        return None
    return Upload(found.id, found.name, content, found.expires_at)


def forget_uploads(session: Session, staff_id: UUID) -> None:
    session.execute(
        delete(RosterUpload).where(
            RosterUpload.school_id == school_of(session), RosterUpload.staff_id == staff_id
        )
    )


def forget_old_uploads(session: Session, now: datetime) -> None:
    session.execute(
        delete(RosterUpload).where(
            RosterUpload.school_id == school_of(session), RosterUpload.expires_at <= now
        )
    )


def expires_at_earliest(session: Session) -> datetime | None:
    """When there is next a file to forget."""
    own = RosterUpload.school_id == school_of(session)
    return session.scalar(select(func.min(RosterUpload.expires_at)).where(own))
