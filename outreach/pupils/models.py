"""Tables of the roster: pupils, their addresses and groups, and who must not be mailed."""

from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, ForeignKey, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.types import BigInteger, Integer

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


class SourceKind(Enum):
    """Information systems that are asked over the network, each for one school."""

    WONDE = "wonde"
    XPORTER = "xporter"
    ONEROSTER = "oneroster"


class SourceState(Enum):
    """What the integrator says of the school's permission. New ones are pending."""

    PENDING = "pending"
    AUTHORISED = "authorised"
    PAUSED = "paused"
    DECLINED = "declined"
    REVOKED = "revoked"


class SyncState(Enum):
    """Where one sync stands. The first three are under way, the others final."""

    WAITING = "waiting"
    FETCHING = "fetching"
    MERGING = "merging"
    DONE = "done"
    HELD = "held"
    PAUSED = "paused"
    REVOKED = "revoked"
    FAILED = "failed"


class MissingReason(Enum):
    """Why a pupil is not on the roster any more, as far as the source tells."""

    ABSENT = "absent"
    """Not in the last full roster and no leaver: removed, or opted out of this service alone."""
    DELETED = "deleted"
    """The source says that it no longer holds the record."""


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
    """The work or home address the source gave. `fault` says why it cannot be one, or is null."""

    __tablename__ = "pupil_address"
    __table_args__ = (_belongs_to_pupil(), Index(None, "school_id", "address_hash"))

    pupil_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[AddressKind] = mapped_column(enum_type(AddressKind), primary_key=True)
    address: Mapped[str]
    address_hash: Mapped[bytes]
    fault: Mapped[str | None]


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


class SourceConnection(Tenant, Base):
    """The school's connection to its information system, one a school.

    `external_id` is what the integrator calls the school. `secret` is encrypted. `state_words` say
    what the integrator answered, for people; `synced_to` is up to when changes are known, `mark` the
    integrator's own word for that, where it has one.
    `may_be_private`: the operator gave the address, so it may lie on a network of its own.
    `ids_changed`: the school moved to another system, so identifiers of the old one mean nothing.
    """

    __tablename__ = "source_connection"

    kind: Mapped[SourceKind] = mapped_column(enum_type(SourceKind))
    external_id: Mapped[str]
    url: Mapped[str | None]
    may_be_private: Mapped[bool] = mapped_column(default=False, server_default="false")
    secret: Mapped[bytes | None]
    state: Mapped[SourceState] = mapped_column(enum_type(SourceState))
    state_words: Mapped[str | None]
    asked_items: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    granted_items: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    connected_by: Mapped[UUID | None]
    connected_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    synced_to: Mapped[datetime | None]
    mark: Mapped[str | None]
    ids_changed: Mapped[bool] = mapped_column(default=False, server_default="false")


class SourceDirectory(Base):
    """Which school an integrator's id is, for its webhooks. No pupil data, no policy.

    `proven_at`: when a sync first succeeded. Until then another school may take the id over.
    """

    __tablename__ = "source_directory"
    __table_args__ = {"info": {"global_reason": "a webhook names the integrator's id of a school"}}

    kind: Mapped[SourceKind] = mapped_column(enum_type(SourceKind), primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    school_id: Mapped[UUID] = mapped_column(ForeignKey("school.id"), index=True)
    proven_at: Mapped[datetime | None]


class RosterSync(Tenant, Base):
    """One sync with the source: asked for, fetched page by page, merged as a whole.

    `system` names the school there, so that a move to another is noticed. `turn` tells one worker's
    hold on it from a later one's; `tries` counts the holds that ended badly.
    `cursor` is where fetching goes on after the last page that was kept; `characters` is how much
    text came on all of them; `expected` how many pupils the source announced. `report` holds
    counts and, where it is held, what would be lost.
    """

    __tablename__ = "roster_sync"
    __table_args__ = (
        Index(None, "school_id", "asked_at"),
        Index(
            "uq_roster_sync_under_way",
            "school_id",
            unique=True,
            postgresql_where=text("state IN ('waiting', 'fetching', 'merging')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[SourceKind] = mapped_column(enum_type(SourceKind))
    system: Mapped[str]
    is_full: Mapped[bool]
    confirm_drop: Mapped[bool] = mapped_column(default=False, server_default="false")
    state: Mapped[SyncState] = mapped_column(enum_type(SyncState))
    reason: Mapped[str | None]
    asked_by: Mapped[UUID | None]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    turn: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    cursor: Mapped[str | None]
    mark: Mapped[str | None]
    pages: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    records: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    characters: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    expected: Mapped[int | None] = mapped_column(Integer)
    report: Mapped[dict[str, Any] | None]


class StagedPupil(TenantPart, Base):
    """A record fetched by a sync that is not merged yet. Gone when the sync has ended."""

    __tablename__ = "staged_pupil"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "sync_id"],
            ["roster_sync.school_id", "roster_sync.id"],
            ondelete="CASCADE",
        ),
    )

    sync_id: Mapped[UUID] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    record: Mapped[list[Any]] = mapped_column(JSONB)


class SyncFault(Tenant, Base):
    """A record or a value of the last sync that could not be taken, for staff to read.

    Holds pupil data, so it lasts until the next sync only. A rejected record keeps what of its
    identifiers could be read: such a pupil is not absent.
    """

    __tablename__ = "sync_fault"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "sync_id"],
            ["roster_sync.school_id", "roster_sync.id"],
            ondelete="CASCADE",
        ),
    )

    sync_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    is_rejected: Mapped[bool]
    row: Mapped[int] = mapped_column(Integer)
    column: Mapped[str]
    value: Mapped[str]
    reason: Mapped[str]
    upn: Mapped[str | None]
    mis_id: Mapped[str | None]


class RosterUpload(Tenant, Base):
    """A file between its check and its import, encrypted (`pupils.uploads`). Gone after an hour."""

    __tablename__ = "roster_upload"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "staff_id"], ["staff_member.school_id", "staff_member.id"]
        ),
        Index(None, "school_id", "staff_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    staff_id: Mapped[UUID]
    name: Mapped[str]
    sealed: Mapped[bytes]
    expires_at: Mapped[datetime]


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
