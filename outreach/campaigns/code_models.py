"""Tables of personal codes: each code's own link, which school a code is of, and wrong tries."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from outreach.database import Base, Tenant


class PersonalCode(Tenant, Base):
    """A code that is typed or scanned instead of a mailed link. It has a row of `link` of its own,
    so that it ends, is counted and is revoked as every link. Sealed, so that it can be printed again.
    """

    __tablename__ = "personal_code"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "link_id"], ["link.school_id", "link.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("school_id", "code_hash"),
    )

    link_id: Mapped[UUID] = mapped_column(primary_key=True)
    code_hash: Mapped[bytes]
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]


class CodeLookup(Base):
    """Which school a code is of, by a keyed hash."""

    __tablename__ = "code_lookup"
    __table_args__ = (
        Index(None, "school_id"),
        {"info": {"global_reason": "a code is typed before any school is known; no content"}},
    )

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    school_id: Mapped[UUID] = mapped_column(ForeignKey("school.id"))


class CodeTry(Base):
    """A code that was nobody's. Neither the code nor an address is kept: keyed hashes of the network
    and of the browser's cookie, for a day."""

    __tablename__ = "code_try"
    __table_args__ = (
        Index(None, "network_hash", "at"),
        Index(None, "browser_hash", "at"),
        Index(None, "at"),
        {"info": {"global_reason": "wrong codes belong to no school"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    network_hash: Mapped[bytes]
    browser_hash: Mapped[bytes]
    at: Mapped[datetime]
