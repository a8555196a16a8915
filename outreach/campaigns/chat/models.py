"""Tables of chat: a school's channels, and each piece of news until it is told."""

from datetime import datetime
from enum import Enum
from uuid import UUID, uuid4

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from outreach.database import Base, Tenant, enum_type


class ChatKind(Enum):
    TEAMS = "teams"
    GOOGLE_CHAT = "google_chat"
    SLACK = "slack"


class News(Enum):
    """What a channel is told."""

    TEST = "test"
    LAUNCHED = "launched"
    HALF_WAY = "half_way"
    DOMAIN_HELD = "domain_held"
    CLOSING_TOMORROW = "closing_tomorrow"


class NewsState(Enum):
    """`unknown`: it may have been posted. It is not posted again."""

    WAITING = "waiting"
    POSTING = "posting"
    POSTED = "posted"
    UNKNOWN = "unknown"
    GIVEN_UP = "given_up"
    DROPPED = "dropped"


class ChatChannel(Tenant, Base):
    """Where news goes: the address that the chat gave, sealed, for whoever has it may post there."""

    __tablename__ = "chat_channel"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[ChatKind] = mapped_column(enum_type(ChatKind))
    name: Mapped[str]
    sealed_address: Mapped[bytes]
    created_at: Mapped[datetime]


class ChatNews(Tenant, Base):
    """One piece of news for one channel; `about` tells two of a kind apart (a test, a domain)."""

    __tablename__ = "chat_news"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "channel_id"],
            ["chat_channel.school_id", "chat_channel.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["school_id", "campaign_id"], ["campaign.school_id", "campaign.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("school_id", "channel_id", "news", "about"),
        Index(
            "ix_chat_news_waiting",
            "school_id",
            "next_attempt_at",
            postgresql_where=text("state IN ('waiting', 'posting')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    channel_id: Mapped[UUID]
    campaign_id: Mapped[UUID | None]
    news: Mapped[News] = mapped_column(enum_type(News))
    about: Mapped[str]
    state: Mapped[NewsState] = mapped_column(enum_type(NewsState))
    words: Mapped[str | None]
    tries: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    noted_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
