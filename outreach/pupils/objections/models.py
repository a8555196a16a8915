"""Tables of who objected to what, and of when lists may be shared."""

from datetime import date, datetime
from enum import Enum
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Index, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from outreach.database import Base, Tenant, enum_type
from outreach.pupils.models import _belongs_to_pupil


class ObjectionScope(Enum):
    """What somebody objected to."""

    MAIL = "mail"
    POST_16_SHARING = "post_16_sharing"
    LOCAL_AUTHORITY = "local_authority"
    """What the local authority gets beyond name, address and date of birth."""


class Instructor(Enum):
    """Whose word an objection is."""

    PUPIL = "pupil"
    PARENT = "parent"


class Objection(Tenant, Base):
    """Somebody objected: to mail, or to sharing with others. Lifted, never deleted.

    `made_by` says who recorded it (student, by their link, or staff); `instructed_by` whose word
    it is, `instructed_on` when they gave it and `evidence` how. The right is the parent's until
    the pupil is 16 and the pupil's from then on. To mail, a parent's stands beside the pupil's own:
    neither ends with the other.
    """

    __tablename__ = "objection"
    __table_args__ = (
        _belongs_to_pupil(),
        Index(None, "school_id", "pupil_id"),
        Index(
            "uq_objection_open",
            "school_id",
            "pupil_id",
            "scope",
            unique=True,
            postgresql_where=text("lifted_at IS NULL AND scope <> 'mail'"),
        ),
        Index(
            "uq_objection_open_to_mail",
            "school_id",
            "pupil_id",
            "instructed_by",
            unique=True,
            postgresql_where=text("lifted_at IS NULL AND scope = 'mail'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    pupil_id: Mapped[UUID]
    scope: Mapped[ObjectionScope] = mapped_column(
        enum_type(ObjectionScope), default=ObjectionScope.MAIL, server_default="mail"
    )
    made_by: Mapped[str]
    staff_id: Mapped[UUID | None]
    at: Mapped[datetime]
    instructed_by: Mapped[Instructor] = mapped_column(
        enum_type(Instructor), default=Instructor.PUPIL, server_default="pupil"
    )
    instructed_on: Mapped[date | None]
    evidence: Mapped[str | None]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[Instructor | None] = mapped_column(enum_type(Instructor, "lifted_by"))
    lifted_evidence: Mapped[str | None]
    lifted_staff_id: Mapped[UUID | None]


class SharingWindow(Tenant, Base):
    """When parents and pupils of some years were told of a sharing that they may object to.

    Until `ends_on` (28 days later, Education and Skills Act 2008 s72 practice) only what no
    objection can stop is shared about them.
    """

    __tablename__ = "sharing_window"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    scope: Mapped[ObjectionScope] = mapped_column(enum_type(ObjectionScope))
    years: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    told_on: Mapped[date]
    ends_on: Mapped[date]
    staff_id: Mapped[UUID | None]
    at: Mapped[datetime]
