"""Tables of a campaign: its frozen audience, one invitation a pupil, and the outbox."""

from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, ForeignKey, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer, Uuid

from outreach.campaigns.families import FUTURE_SKILLS
from outreach.campaigns.states import CampaignState, InvitationState, MessageState, MessageStep
from outreach.database import Base, Tenant, enum_type
from outreach.pupils.models import AddressKind

NEW_ID = text("gen_random_uuid()")


class Campaign(Tenant, Base):
    """One questionnaire, or one for each stage, for an audience chosen by year and group.

    `questionnaire` is what was chosen: an id, or `by_stage`. The versions that pupils get are pinned
    in `campaign_questionnaire`. `groups` are keys of `pupils.groups.GroupName`: `teaching:10A/Ma1`.

    `tells_tutors`: with each reminder, viewers of some groups are told how many of theirs are missing.

    `audience` is null while a draft and frozen at launch: {"asked", "mailable", "excluded"}.
    """

    __tablename__ = "campaign"
    __table_args__ = (Index(None, "school_id", "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]
    questionnaire: Mapped[str]
    state: Mapped[CampaignState] = mapped_column(enum_type(CampaignState))
    years: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text))
    closes_at: Mapped[datetime | None]
    audience: Mapped[dict[str, Any] | None]
    tells_tutors: Mapped[bool] = mapped_column(default=True, server_default="false")
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    launched_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class CampaignDirectory(Base):
    """Which school a campaign id belongs to, for the command line."""

    __tablename__ = "campaign_directory"
    __table_args__ = {"info": {"global_reason": "finds the school of a campaign id; no content"}}

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    school_id: Mapped[UUID] = mapped_column(ForeignKey("school.id"))


def _belongs_to_campaign() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["school_id", "campaign_id"], ["campaign.school_id", "campaign.id"], ondelete="CASCADE"
    )


def _belongs_to_invitation() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["school_id", "invitation_id"],
        ["invitation.school_id", "invitation.id"],
        ondelete="CASCADE",
    )


class CampaignQuestionnaire(Tenant, Base):
    """A version that the campaign gives: to pupils of `years` (empty: of any year), or to those for
    whom staff chose the supported version."""

    __tablename__ = "campaign_questionnaire"
    __table_args__ = (_belongs_to_campaign(),)

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    questionnaire: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str]
    family: Mapped[str] = mapped_column(default=FUTURE_SKILLS, server_default=FUTURE_SKILLS)
    years: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    is_supported: Mapped[bool]
    asks_open_text: Mapped[bool] = mapped_column(default=False, server_default="false")


class CampaignBlock(Tenant, Base):
    """A piece of the frozen selection. `reasons` runs beside `pupil_ids`; '' means mailable."""

    __tablename__ = "campaign_block"
    __table_args__ = (_belongs_to_campaign(),)

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    pupil_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    reasons: Mapped[list[str]] = mapped_column(ARRAY(Text))
    written_at: Mapped[datetime | None]


class Invitation(Tenant, Base):
    """One pupil in one campaign, mailable or not. Pins questionnaire, version and hash.

    `pupil_year` is the year the pupil was in when asked, so that a year can be followed later on.
    `stopped_reason` says who or what stopped it: declined, not_me, cancelled. `mail_stopped_at`
    is the student's word on mail alone: no more of it about this questionnaire, whatever the
    state, while the link goes on working. `reopened_at`: staff let the pupil answer again, in this
    campaign or another, and so far they have not done so here.

    Of a `family` a pupil sends one a school year (`campaigns.families`).
    """

    __tablename__ = "invitation"
    __table_args__ = (
        _belongs_to_campaign(),
        ForeignKeyConstraint(
            ["school_id", "pupil_id"], ["pupil.school_id", "pupil.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("school_id", "campaign_id", "pupil_id"),
        Index(None, "school_id", "campaign_id", "state"),
        Index(None, "school_id", "pupil_id", "questionnaire"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4, server_default=NEW_ID)
    campaign_id: Mapped[UUID]
    pupil_id: Mapped[UUID]
    questionnaire: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str]
    family: Mapped[str] = mapped_column(default=FUTURE_SKILLS, server_default=FUTURE_SKILLS)
    pupil_year: Mapped[int] = mapped_column(Integer)
    excluded_reason: Mapped[str | None]
    state: Mapped[InvitationState] = mapped_column(enum_type(InvitationState))
    stopped_reason: Mapped[str | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    written_back_at: Mapped[datetime | None]
    mail_stopped_at: Mapped[datetime | None]
    reopened_at: Mapped[datetime | None]


class ArrivedBy(Enum):
    """How a student came to the questions: a mailed link, a printed code, or staff beside them."""

    LINK = "link"
    CODE = "code"
    STAFF = "staff"


class Link(Tenant, Base):
    """A signed link names this row, and the row one invitation. A leaked link is revoked alone.

    `arrives_by` is what the link was made for; `opened_by` the staff member who opens the
    questions beside a pupil.
    """

    __tablename__ = "link"
    __table_args__ = (_belongs_to_invitation(), Index(None, "school_id", "invitation_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4, server_default=NEW_ID)
    invitation_id: Mapped[UUID]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    arrives_by: Mapped[ArrivedBy] = mapped_column(
        enum_type(ArrivedBy), default=ArrivedBy.LINK, server_default=ArrivedBy.LINK.value
    )
    opened_by: Mapped[UUID | None]


class DeliveryClaim(Tenant, Base):
    """A worker's lease on a batch. Its intent journal is named by this id."""

    __tablename__ = "delivery_claim"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    host: Mapped[str]
    claimed_at: Mapped[datetime]
    lease_until: Mapped[datetime]


class Message(Tenant, Base):
    """One mail for one invitation. Only a person's resend makes attempt 2.

    `response_id` is what a copy is of, and nothing on other mail: this room knows no responses.
    `reason` is why it is deferred, held, refused, unknown or stopped; `words` what the mail
    server said, with addresses taken out. `tries` counts hand-over attempts of this message.
    `domain`, of the address it goes to, is known from the first claim on.
    """

    __tablename__ = "message"
    __table_args__ = (
        _belongs_to_invitation(),
        _belongs_to_campaign(),
        ForeignKeyConstraint(["school_id", "link_id"], ["link.school_id", "link.id"]),
        UniqueConstraint("school_id", "invitation_id", "step", "attempt"),
        Index(None, "school_id", "link_id"),
        Index(None, "school_id", "campaign_id", "state"),
        Index(
            "ix_message_waiting",
            "school_id",
            "campaign_id",
            "next_attempt_at",
            postgresql_where=text("state IN ('queued', 'deferred')"),
        ),
        Index(
            "ix_message_claimed",
            "school_id",
            "claim_id",
            postgresql_where=text("state = 'sending'"),
        ),
        Index(
            "ix_message_turned_away",
            "school_id",
            "domain",
            postgresql_where=text("state IN ('held', 'refused', 'bounced')"),
        ),
        Index(
            "ix_message_paced",
            "school_id",
            "campaign_id",
            "domain",
            postgresql_where=text("reason = 'paced'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4, server_default=NEW_ID)
    campaign_id: Mapped[UUID]
    invitation_id: Mapped[UUID]
    link_id: Mapped[UUID]
    step: Mapped[MessageStep] = mapped_column(enum_type(MessageStep))
    response_id: Mapped[UUID | None]
    attempt: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    state: Mapped[MessageState] = mapped_column(enum_type(MessageState))
    reason: Mapped[str | None]
    words: Mapped[str | None]
    status_code: Mapped[str | None]
    address_kind: Mapped[AddressKind | None] = mapped_column(enum_type(AddressKind))
    address_hash: Mapped[bytes | None]
    domain: Mapped[str | None]
    tries: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    queued_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    claim_id: Mapped[UUID | None]
    changed_at: Mapped[datetime]


class DeliveryEvent(Tenant, Base):
    """A fact about a message, append-only and unique by (source, event id). No addresses.

    `account` is the mail server that we handed it to, where several are set."""

    __tablename__ = "delivery_event"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "message_id"], ["message.school_id", "message.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("school_id", "source", "event_id"),
        Index(None, "school_id", "message_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4, server_default=NEW_ID)
    message_id: Mapped[UUID]
    source: Mapped[str]
    event_id: Mapped[str]
    kind: Mapped[str]
    at: Mapped[datetime]
    status_code: Mapped[str | None]
    words: Mapped[str | None]
    account: Mapped[str | None]
