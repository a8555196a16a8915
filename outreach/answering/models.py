"""Tables of answering: responses and their answers, the browsers they came from, birth checks."""

from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from outreach.campaigns.models import ArrivedBy
from outreach.database import Base, Tenant, enum_type


class Mode(Enum):
    """How an answer was given. Stored with each, so that its effect can be seen."""

    PAGES = "pages"
    CHAT = "chat"


class Response(Tenant, Base):
    """One pupil's answers to one invitation; at most one is current. Pins version and hash.

    `replaceable_since`: staff let the student answer again. The response counts as before, beside
    the new one that may be begun, until that one is sent in the same school year: then it is
    superseded. Sent in a later one, both count, each in its own year.

    Made with its first answer, in one transaction. `resume_allowed_until` is staff's word for a
    pupil without a birth date: the next browser to ask before then may see the answers.
    """

    __tablename__ = "response"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "invitation_id"],
            ["invitation.school_id", "invitation.id"],
            ondelete="CASCADE",
        ),
        Index(
            "uq_response_current",
            "school_id",
            "invitation_id",
            unique=True,
            postgresql_where=text("superseded_at IS NULL AND replaceable_since IS NULL"),
        ),
        UniqueConstraint("school_id", "reference"),
        Index(None, "school_id", "invitation_id"),
        Index(
            "ix_response_to_write_back",
            "school_id",
            "submitted_at",
            postgresql_where=text("submitted_at IS NOT NULL AND written_back_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    invitation_id: Mapped[UUID]
    questionnaire: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str]
    language: Mapped[str]
    started_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    reference: Mapped[str | None]
    written_back_at: Mapped[datetime | None]
    write_back_failures: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    write_back_after: Mapped[datetime | None]
    superseded_at: Mapped[datetime | None]
    replaceable_since: Mapped[datetime | None]
    resume_allowed_until: Mapped[datetime | None]
    gave_feedback: Mapped[bool] = mapped_column(default=False, server_default="false")
    """That it was given; what it was stands in `feedback`, which names no response."""


class Answer(Tenant, Base):
    """One question's answer. JSON null means that the student chose to skip it."""

    __tablename__ = "answer"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "response_id"], ["response.school_id", "response.id"], ondelete="CASCADE"
        ),
    )

    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    question_id: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB(none_as_null=False))
    mode: Mapped[Mode] = mapped_column(enum_type(Mode))
    language: Mapped[str]
    saved_at: Mapped[datetime]


class AnsweringSession(Tenant, Base):
    """A browser that pressed Start on a link. The cookie holds the secret, this row its hash.

    `response_id` is the response that this browser gave the first answer to, or passed the birth
    check for. Of any other, one that staff let the student give later included, nothing is shown.
    """

    __tablename__ = "answering_session"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "link_id"], ["link.school_id", "link.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("school_id", "secret_hash"),
        Index(None, "school_id", "link_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    link_id: Mapped[UUID]
    invitation_id: Mapped[UUID]
    secret_hash: Mapped[bytes]
    response_id: Mapped[UUID | None]
    mode: Mapped[Mode] = mapped_column(
        enum_type(Mode), default=Mode.PAGES, server_default=Mode.PAGES.value
    )
    language: Mapped[str] = mapped_column(default="en", server_default="en")
    """What the student chose to read; may change at any time, and values stay the same."""
    created_at: Mapped[datetime]
    arrived_by: Mapped[ArrivedBy] = mapped_column(
        enum_type(ArrivedBy), default=ArrivedBy.LINK, server_default=ArrivedBy.LINK.value
    )
    staff_id: Mapped[UUID | None]
    """Who opened it beside the pupil, where staff did."""
    last_seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class BirthCheckTry(Tenant, Base):
    """A wrong day and month of birth. Five in all lock resuming for the link."""

    __tablename__ = "birth_check_try"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "link_id"], ["link.school_id", "link.id"], ondelete="CASCADE"
        ),
        Index(None, "school_id", "link_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    link_id: Mapped[UUID]
    at: Mapped[datetime]
    forgiven_at: Mapped[datetime | None]
