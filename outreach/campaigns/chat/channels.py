"""A school's channels: added with the address that its chat gave, tried out, taken away.

Whoever has such an address may post, so it is sealed, never shown again and never logged.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach import audit
from outreach.audit import Actor
from outreach.campaigns.chat.models import ChatChannel, ChatKind
from outreach.database import Sessions, school_of, transaction
from outreach.errors import NotFound, Refusal
from outreach.pupils.sources.web_address import BadAddress, read_base
from outreach.pupils.sync.sealing import CannotOpen, Sealer
from outreach.schools.models import School

ADDRESSES = b"outreach.chat-address"
MOST_CHANNELS = 10
LONGEST_NAME, LONGEST_ADDRESS = 60, 2000

KIND_NAMES = {
    ChatKind.TEAMS: "Microsoft Teams",
    ChatKind.GOOGLE_CHAT: "Google Chat",
    ChatKind.SLACK: "Slack",
}


class BadChannel(Refusal):
    """`field` is what to correct."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


def sealer_of(secret_keys: Sequence[str]) -> Sealer:
    return Sealer(secret_keys, ADDRESSES)


def channels_of(session: Session) -> Sequence[ChatChannel]:
    return session.scalars(
        select(ChatChannel)
        .where(ChatChannel.school_id == school_of(session))
        .order_by(ChatChannel.created_at, ChatChannel.id)
    ).all()


def find_channel(session: Session, channel_id: UUID) -> ChatChannel:
    channel = session.get(ChatChannel, (school_of(session), channel_id))
    if channel is None:
        raise NotFound("There is no such channel at this school.")
    return channel


def add_channel(
    session: Session,
    sealer: Sealer,
    kind: ChatKind,
    name: str,
    address: str,
    actor: Actor,
    now: datetime,
) -> ChatChannel:
    """Raises BadChannel. That the address answers is found out by a test, not here."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        words = f"Give the channel a name of 1 to {LONGEST_NAME} characters."
        raise BadChannel("name", words)
    _check_address(address.strip())
    here = ChatChannel.school_id == school_of(session)
    if (session.scalar(select(func.count()).where(here)) or 0) >= MOST_CHANNELS:
        words = f"There are {MOST_CHANNELS} channels already. Take one away first."
        raise BadChannel("name", words)
    channel = ChatChannel(
        school_id=school_of(session),
        id=uuid4(),
        kind=kind,
        name=name,
        sealed_address=sealer.seal(address.strip()),
        created_at=now,
    )
    session.add(channel)
    session.flush()
    detail = {"chat": kind.value}
    audit.record(session, now, actor, "chat.added", "chat_channel", channel.id, **detail)
    return channel


def remove_channel(session: Session, channel_id: UUID, actor: Actor, now: datetime) -> None:
    """With all that waits for it."""
    channel = find_channel(session, channel_id)
    session.delete(channel)
    session.flush()
    audit.record(session, now, actor, "chat.removed", "chat_channel", channel_id)


def reseal_channels(sessions: Sessions, sealer: Sealer) -> int:
    """Every school's channels under the newest key; commits school by school. Gives how many changed.

    One that no key opens stays as it is: what is posted there is refused, with the mend.
    """
    with transaction(sessions) as session:
        school_ids = session.scalars(select(School.id)).all()
    done = 0
    for school_id in school_ids:
        with transaction(sessions, school_id) as session:
            for channel in channels_of(session):
                if sealer.is_newest(channel.sealed_address):
                    continue
                with suppress(CannotOpen):
                    channel.sealed_address = sealer.reseal(channel.sealed_address)
                    done += 1
    return done


def _check_address(address: str) -> None:
    """https at its usual port. Where it leads is looked at whenever something is posted."""
    words = (
        "Paste the whole address that the chat gave for incoming messages. It begins with https://."
    )
    if len(address) > LONGEST_ADDRESS:
        raise BadChannel("address", words)
    try:
        base = read_base(address)
    except BadAddress:
        raise BadChannel("address", words) from None
    if not base.is_https:
        raise BadChannel("address", words)
