"""Tables of the roster: pupils, their addresses and groups, and who must not be mailed."""

from datetime import date, datetime
from enum import Enum
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

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
    OBJECTED = "objected"


class MissingReason(Enum):
    """Why a pupil is not on the roster any more, as far as the source tells."""

    ABSENT = "absent"
    """Not in the last full roster and no leaver: removed, or opted out of this service alone."""
    DELETED = "deleted"
    """The source says that it no longer holds the record."""


class Pupil(Tenant, Base):
    """One pupil on one school's roster, as the source gave them.

    `missing_since` is set when a full sync no longer has the pupil; `leaving_date` when the
    source says that they left. An erased pupil is an empty row that keeps counts true.
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
    missing_reason: Mapped[MissingReason | None] = mapped_column(enum_type(MissingReason))
    erased_at: Mapped[datetime | None]
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


class TenantPart:
    """A row that belongs to another one of the school, and is held to the school by that alone.

    Tables of which a roster writes hundreds of thousands of rows at once do not have each of them
    looked up a second time.
    """

    @declared_attr
    def school_id(self) -> Mapped[UUID]:
        return mapped_column(primary_key=True, sort_order=-1)


def _belongs_to_pupil() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["school_id", "pupil_id"], ["pupil.school_id", "pupil.id"], ondelete="CASCADE"
    )


class PupilAddress(TenantPart, Base):
    """The work or home address the source gave. `fault` says why it cannot be one, or is null.

    `given_at`: staff gave it in place of the source's (`pupils.correcting`), by `given_by`.
    `instead_of` is the hash of what the source has, null where it has none: until the source gives
    something else, staff's stands.
    """

    __tablename__ = "pupil_address"
    __table_args__ = (_belongs_to_pupil(), Index(None, "school_id", "address_hash"))

    pupil_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[AddressKind] = mapped_column(enum_type(AddressKind), primary_key=True)
    address: Mapped[str]
    address_hash: Mapped[bytes]
    fault: Mapped[str | None]
    given_at: Mapped[datetime | None]
    given_by: Mapped[UUID | None]
    instead_of: Mapped[bytes | None]


class SupportedVersion(Tenant, Base):
    """Staff chose the supported version of questionnaires for this pupil. Nothing else makes a row."""

    __tablename__ = "supported_version"
    __table_args__ = (_belongs_to_pupil(),)

    pupil_id: Mapped[UUID] = mapped_column(primary_key=True)
    chosen_by: Mapped[UUID | None]
    chosen_at: Mapped[datetime]


class PupilCharacteristic(TenantPart, Base):
    """Read only through `pupils.characteristics`, which asks for a purpose."""

    __tablename__ = "pupil_characteristic"
    __table_args__ = (_belongs_to_pupil(),)

    pupil_id: Mapped[UUID] = mapped_column(primary_key=True)
    item: Mapped[Item] = mapped_column(enum_type(Item), primary_key=True)
    value: Mapped[str]
    changed_at: Mapped[datetime]


class RosterGroup(Tenant, Base):
    """A registration, teaching or user-defined group; its dates are open where none are given."""

    __tablename__ = "roster_group"
    __table_args__ = (UniqueConstraint("school_id", "kind", "name"),)

    id: Mapped[UUID] = mapped_column(
        primary_key=True, default=uuid4, server_default=text("gen_random_uuid()")
    )
    kind: Mapped[GroupKind] = mapped_column(enum_type(GroupKind))
    name: Mapped[str]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]


class GroupMember(TenantPart, Base):
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


class StaffGroup(Tenant, Base):
    """A group that a viewer is limited to; `StaffMember.is_limited` says whether they are."""

    __tablename__ = "staff_group"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "staff_id"], ["staff_member.school_id", "staff_member.id"]
        ),
        ForeignKeyConstraint(
            ["school_id", "group_id"],
            ["roster_group.school_id", "roster_group.id"],
            ondelete="CASCADE",
        ),
        Index(None, "school_id", "group_id"),
    )

    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    group_id: Mapped[UUID] = mapped_column(primary_key=True)


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
