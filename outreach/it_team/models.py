"""Tables of the IT team: the link that shows the page to others, the last check, the test sends."""

from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from outreach.database import Base, Tenant, enum_type


class Arrival(Enum):
    """Where a test mail was found, in a person's word."""

    INBOX = "inbox"
    JUNK = "junk"
    QUARANTINE = "quarantine"
    NOWHERE = "nowhere"


class ItPageLink(Tenant, Base):
    """A link that shows what to let through to whoever has it, until it is revoked."""

    __tablename__ = "it_page_link"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    made_by: Mapped[UUID | None]
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ItCheck(Tenant, Base):
    """What the last look at DNS found. One row a school; names domains and counts, no person."""

    __tablename__ = "it_check"

    checked_at: Mapped[datetime]
    found: Mapped[dict[str, Any]]


class ItTest(Tenant, Base):
    """A test mail to an address that the IT team named for one unit of its directory.

    The address is sealed, because a worker needs it, and hashed as a pupil's is, so that the list
    of addresses not to be mailed is obeyed. `headers` holds verdicts and domains, never the
    headers that were pasted. `told_by_link`: somebody has answered through the link, and stays so;
    `told_by_staff`: `arrival` is a staff member's word.
    """

    __tablename__ = "it_test"
    __table_args__ = (Index(None, "school_id", "made_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    unit: Mapped[str]
    sealed_address: Mapped[bytes]
    address_hash: Mapped[bytes]
    made_by: Mapped[UUID | None]
    made_at: Mapped[datetime]
    arrival: Mapped[Arrival | None] = mapped_column(enum_type(Arrival))
    told_at: Mapped[datetime | None]
    told_by_link: Mapped[bool] = mapped_column(default=False, server_default="false")
    told_by_staff: Mapped[bool] = mapped_column(default=False, server_default="false")
    headers: Mapped[dict[str, Any] | None]


class ItTestFetch(Tenant, Base):
    """One opening of a test's link before a person pressed its button: a scanner's, or theirs."""

    __tablename__ = "it_test_fetch"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "test_id"], ["it_test.school_id", "it_test.id"], ondelete="CASCADE"
        ),
        Index(None, "school_id", "test_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    test_id: Mapped[UUID]
    at: Mapped[datetime]
    method: Mapped[str]
    is_person: Mapped[bool] = mapped_column(default=False, server_default="false")
