"""Tables of the roster: pupils, their addresses and groups, and who must not be mailed."""

from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from outreach.database import Base, Tenant, enum_type


class AddressKind(Enum):
    WORK = "work"
    HOME = "home"


class Item(Enum):
    """Characteristics that are special category data, or near it, and live apart."""

    SEN = "sen"
    FSM = "fsm"
    PUPIL_PREMIUM = "pupil_premium"
    ETHNICITY = "ethnicity"
    FIRST_LANGUAGE = "first_language"


class GroupKind(Enum):
    REGISTRATION = "registration"
    TEACHING = "teaching"
    USER_DEFINED = "user_defined"


class SuppressionReason(Enum):
    BOUNCED = "bounced"
    COMPLAINT = "complaint"
    STAFF = "staff"


class Pupil(Tenant, Base):
    """One pupil on one school's roster, as the source gave them.

    `missing_since` is set when a full sync no longer has the pupil; `leaving_date` when the
    source says that they left.
    """

    __tablename__ = "pupil"
    __table_args__ = (
        UniqueConstraint("school_id", "upn"),
        UniqueConstraint("school_id", "mis_id"),
        Index(None, "school_id", "year", "surname", "forename"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    upn: Mapped[str | None]
    mis_id: Mapped[str | None]
    admission_number: Mapped[str | None]
    forename: Mapped[str]
    preferred_forename: Mapped[str | None]
    surname: Mapped[str]
    date_of_birth: Mapped[date | None]
    gender: Mapped[str | None]
    year: Mapped[int]
    start_date: Mapped[date | None]
    leaving_date: Mapped[date | None]
    missing_since: Mapped[datetime | None]
    source: Mapped[str]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    @property
    def first_name(self) -> str:
        """What a mail greets with."""
        return self.preferred_forename or self.forename

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.surname}"


def _belongs_to_pupil() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["school_id", "pupil_id"], ["pupil.school_id", "pupil.id"], ondelete="CASCADE"
    )


class PupilAddress(Tenant, Base):
    """The work or home address the source gave. `fault` says why it cannot be one, or is null."""

    __tablename__ = "pupil_address"
    __table_args__ = (_belongs_to_pupil(), Index(None, "school_id", "address_hash"))

    pupil_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[AddressKind] = mapped_column(enum_type(AddressKind), primary_key=True)
    address: Mapped[str]
    address_hash: Mapped[bytes]
    fault: Mapped[str | None]


class PupilCharacteristic(Tenant, Base):
    """Read only through `pupils.characteristics`, which asks for a purpose."""

    __tablename__ = "pupil_characteristic"
    __table_args__ = (_belongs_to_pupil(),)

    pupil_id: Mapped[UUID] = mapped_column(primary_key=True)
    item: Mapped[Item] = mapped_column(enum_type(Item), primary_key=True)
    value: Mapped[str]
    changed_at: Mapped[datetime]


class RosterGroup(Tenant, Base):
    __tablename__ = "roster_group"
    __table_args__ = (UniqueConstraint("school_id", "kind", "name"),)

    id: Mapped[UUID] = mapped_column(
        primary_key=True, default=uuid4, server_default=text("gen_random_uuid()")
    )
    kind: Mapped[GroupKind] = mapped_column(enum_type(GroupKind))
    name: Mapped[str]


class GroupMember(Tenant, Base):
    """A pupil in a group; the dates are open where the source gives none."""

    __tablename__ = "group_member"
    __table_args__ = (
        _belongs_to_pupil(),
        ForeignKeyConstraint(
            ["school_id", "group_id"],
            ["roster_group.school_id", "roster_group.id"],
            ondelete="CASCADE",
        ),
        Index(None, "school_id", "group_id"),
    )

    pupil_id: Mapped[UUID] = mapped_column(primary_key=True)
    group_id: Mapped[UUID] = mapped_column(primary_key=True)
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]


class RosterImport(Tenant, Base):
    """One import and its counts; the rejected rows are told to the person, not kept."""

    __tablename__ = "roster_import"
    __table_args__ = (Index(None, "school_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    at: Mapped[datetime]
    source: Mapped[str]
    staff_id: Mapped[UUID | None]
    is_full: Mapped[bool]
    counts: Mapped[dict[str, Any]]


class Suppression(Tenant, Base):
    """An address that must not be mailed, by keyed hash, so that it outlives the pupil's row."""

    __tablename__ = "suppression"

    address_hash: Mapped[bytes] = mapped_column(primary_key=True)
    reason: Mapped[SuppressionReason] = mapped_column(enum_type(SuppressionReason))
    source: Mapped[str]
    at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class WrongAddress(Tenant, Base):
    """An address that is not this pupil's: whoever got the mail there said so.

    Of one pupil, unlike a suppression: the address may well be right for somebody else on the
    roster. Another address of the pupil has another hash, and is mailed again by itself.
    """

    __tablename__ = "wrong_address"
    __table_args__ = (_belongs_to_pupil(),)

    pupil_id: Mapped[UUID] = mapped_column(primary_key=True)
    address_hash: Mapped[bytes] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class Objection(Tenant, Base):
    """A pupil (or who may speak for them) asked not to be mailed at all. Lifted, never deleted."""

    __tablename__ = "objection"
    __table_args__ = (
        _belongs_to_pupil(),
        Index(None, "school_id", "pupil_id"),
        Index(
            "uq_objection_open",
            "school_id",
            "pupil_id",
            unique=True,
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    pupil_id: Mapped[UUID]
    made_by: Mapped[str]
    staff_id: Mapped[UUID | None]
    at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
