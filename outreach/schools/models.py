"""Tables of schools and their staff: who may sign in, and what the school lets us use."""

from datetime import datetime
from enum import Enum
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from outreach.database import Base, Tenant, enum_type


class Role(Enum):
    ADMIN = "admin"
    CAREERS_LEADER = "careers_leader"
    VIEWER = "viewer"
    DATA_PROTECTION = "data_protection"
    IT = "it"
    SAFEGUARDING = "safeguarding"


class Connection(Enum):
    """The school's word on the roster connection. A new school has not connected."""

    NOT_CONNECTED = "not_connected"
    AUTHORISED = "authorised"
    PAUSED = "paused"
    REVOKED = "revoked"


class ChangedBy(Enum):
    """Whose word moved a sharing setting: a person's here, or the integrator's."""

    STAFF = "staff"
    OPERATOR = "operator"
    SOURCE = "source"
    SERVICE = "service"


class TokenKind(Enum):
    SET_UP = "set_up"
    RESET = "reset"


class AccountMailKind(Enum):
    RESET = "reset"
    TEST_SEND = "test_send"
    SHARING_RECEIPT = "sharing_receipt"
    SAFEGUARDING = "safeguarding"
    IT_TEST = "it_test"
    DIGEST = "digest"


class AccountMailState(Enum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    HELD = "held"
    FAILED = "failed"
    UNKNOWN = "unknown"


class School(Base):
    """The tenant. `urn` is an attribute that can change; `key` stands for the school in tokens."""

    __tablename__ = "school"
    __table_args__ = {"info": {"global_reason": "found by URN or token key before any school is"}}

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    key: Mapped[bytes] = mapped_column(unique=True)
    urn: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    is_demo: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[datetime]


class FormerUrn(Base):
    """A URN that a school had, so that whoever uses it is told the present one."""

    __tablename__ = "former_urn"
    __table_args__ = {"info": {"global_reason": "a school is found by URN before any is entered"}}

    urn: Mapped[str] = mapped_column(primary_key=True)
    school_id: Mapped[UUID] = mapped_column(ForeignKey("school.id"), primary_key=True)
    until: Mapped[datetime]


class SchoolSecret(Tenant, Base):
    """The school's own key for hashing addresses, so that a suppression outlives an erasure."""

    __tablename__ = "school_secret"

    address_key: Mapped[bytes]


class Account(Base):
    """One per staff address, whichever schools it serves. Memberships are tenant rows.

    An administrator is shown set-up links, and so could choose the password of an account. Hence
    `password_is_proven`: whether the password in force was set by a link that reached the person
    (mailed to the address, or given out by the operator). Without it the account enters no school
    but the one that made it.
    """

    __tablename__ = "account"
    __table_args__ = {"info": {"global_reason": "a person signs in before a school is known"}}

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    password_is_proven: Mapped[bool] = mapped_column(default=False, server_default="false")
    made_by_school_id: Mapped[UUID | None] = mapped_column(ForeignKey("school.id"))
    created_at: Mapped[datetime]


class AccountSchool(Base):
    """Directory: the schools an account is a member of. Says nothing of role or name."""

    __tablename__ = "account_school"
    __table_args__ = {"info": {"global_reason": "finds an account's schools at sign-in"}}

    school_id: Mapped[UUID] = mapped_column(ForeignKey("school.id"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True, index=True)


class StaffMember(Tenant, Base):
    """An account's membership of one school: the name and the role it has there.

    `is_limited`: as a viewer they see the pupils of their groups (`pupils.viewing`) and nobody
    else, even where no such group is left.
    """

    __tablename__ = "staff_member"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "account_id"], ["account_school.school_id", "account_school.account_id"]
        ),
        UniqueConstraint("school_id", "account_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID]
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(enum_type(Role))
    is_limited: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship(
        primaryjoin="foreign(StaffMember.account_id) == Account.id", viewonly=True
    )


class AccountSession(Base):
    """A signed-in browser. The cookie holds the secret, this row its hash."""

    __tablename__ = "account_session"
    __table_args__ = {"info": {"global_reason": "says which school a browser is signed in to"}}

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    school_id: Mapped[UUID] = mapped_column(ForeignKey("school.id"))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AccountToken(Base):
    """A one-time link to set a password, by its hash.

    `reaches_owner`: mailed to the address or given out by the operator, not shown to a colleague.
    """

    __tablename__ = "account_token"
    __table_args__ = {"info": {"global_reason": "used before anybody is signed in"}}

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[TokenKind] = mapped_column(enum_type(TokenKind))
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    reaches_owner: Mapped[bool]
    used_at: Mapped[datetime | None]


class AccountAttempt(Base):
    """A refused try (wrong password) or a costly one (reset asked for), counted by account.

    `subject_hash` is a hash of the address as typed, so that an unknown one counts the same.
    """

    __tablename__ = "account_attempt"
    __table_args__ = (
        Index(None, "purpose", "subject_hash", "at"),
        Index(None, "at"),
        {"info": {"global_reason": "log-in failures come before any school is known"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    purpose: Mapped[str]
    subject_hash: Mapped[bytes]
    at: Mapped[datetime]


class AccountMail(Base):
    """The outbox of mail to staff: password links, test sends, receipts, calls to read. No pupil data.

    Secrets and addresses are not kept here: the worker reads them when it composes the mail.
    Without an account it goes to the school's data protection contact, or to the address of the test
    that `it_test_id` names. `change_id` names the sharing changes that a receipt is about, `step`
    which of a campaign's mails is tried out.
    """

    __tablename__ = "account_mail"
    __table_args__ = (
        Index(None, "state", "next_attempt_at"),
        {"info": {"global_reason": "mail to an account, before or beside any school"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[AccountMailKind] = mapped_column(enum_type(AccountMailKind))
    school_id: Mapped[UUID | None] = mapped_column(ForeignKey("school.id"))
    campaign_id: Mapped[UUID | None]
    change_id: Mapped[UUID | None]
    it_test_id: Mapped[UUID | None] = mapped_column(index=True)
    step: Mapped[str | None]
    state: Mapped[AccountMailState] = mapped_column(enum_type(AccountMailState))
    words: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    queued_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    handing_over_since: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class SharingAgreement(Tenant, Base):
    """What the school lets this service use. One row a school; a new one permits nothing.

    `source_revoked`: the integrator says that the school revoked. `deletes_at` is when what is held
    is deleted: `deletion_days` after the first revocation, until neither word is one any more.
    """

    __tablename__ = "sharing_agreement"

    connection: Mapped[Connection] = mapped_column(enum_type(Connection))
    student_email: Mapped[bool] = mapped_column(default=False)
    work_email: Mapped[bool] = mapped_column(default=False)
    home_email: Mapped[bool] = mapped_column(default=False)
    changed_at: Mapped[datetime]
    deletion_days: Mapped[int] = mapped_column(default=30, server_default="30")
    source_revoked: Mapped[bool] = mapped_column(default=False, server_default="false")
    deletes_at: Mapped[datetime | None]


class SharingSwitch(Tenant, Base):
    """A switch beside the agreement's own: `item.sen`, `purpose.comparing_groups`.

    Where there is no row, an optional item is off and a purpose is on.
    """

    __tablename__ = "sharing_switch"

    name: Mapped[str] = mapped_column(primary_key=True)
    is_on: Mapped[bool]
    changed_at: Mapped[datetime]


class SchoolContact(Tenant, Base):
    """Whom a student may ask: about the questionnaire, and about their data. Of staff, not pupils.

    One row a school, from the first time that anything is set. A person has a name and an address
    or is wholly absent.
    """

    __tablename__ = "school_contact"

    careers_name: Mapped[str | None]
    careers_email: Mapped[str | None]
    careers_phone: Mapped[str | None]
    protection_name: Mapped[str | None]
    protection_email: Mapped[str | None]
    protection_phone: Mapped[str | None]
    notice_url: Mapped[str | None]
    changed_at: Mapped[datetime]


class SharingChange(Tenant, Base):
    """One setting moved: who, when, why, from what to what. Append-only.

    Settings moved together share `change_id`. `staff_id` is null where no staff member decided it.
    """

    __tablename__ = "sharing_change"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "staff_id"], ["staff_member.school_id", "staff_member.id"]
        ),
        Index(None, "school_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    change_id: Mapped[UUID] = mapped_column(default=uuid4)
    at: Mapped[datetime]
    by: Mapped[ChangedBy] = mapped_column(enum_type(ChangedBy), default=ChangedBy.STAFF)
    staff_id: Mapped[UUID | None]
    setting: Mapped[str]
    before: Mapped[str]
    after: Mapped[str]
    why: Mapped[str | None]
