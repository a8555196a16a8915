"""Limits on guessing codes: wrong tries as rows, counted by browser and by network.

A whole class sits behind one address. So a browser is closed soon, and the network only after many
more wrong codes than one browser, or many by hand, can give: no child's mistakes shut out the others.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from outreach.campaigns.code_keys import CodeKeys
from outreach.campaigns.code_models import CodeTry

KEPT_FOR = timedelta(days=1)
SWEPT_AT_ONCE = 200


@dataclass(frozen=True)
class Limit:
    """So many wrong codes within the window close it until the oldest of them has left it."""

    tries: int
    window: timedelta


BROWSER = Limit(10, timedelta(minutes=15))
NETWORK = Limit(1500, timedelta(hours=1))
"""High, for whoever reaches it shuts the whole school out of the code page for an hour."""


@dataclass(frozen=True)
class Guesser:
    """Where a try comes from, as keyed hashes."""

    network_hash: bytes
    browser_hash: bytes


def guesser(keys: CodeKeys, address: str, browser: str) -> Guesser:
    """`browser` is what the cookie holds; a browser without one counts as a new one each time."""
    return Guesser(
        keys.hash_of_whom(f"network {network_of(address)}"),
        keys.hash_of_whom(f"browser {browser}"),
    )


def network_of(address: str) -> str:
    """The address; of IPv6 the /64 that one household or school has. Unknown ones count as one."""
    try:
        parsed = ip_address(address.strip().strip("[]"))
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((int(parsed), 64), strict=False))
    return str(parsed)


def take_turn(session: Session, who: Guesser) -> None:
    """One try at a time for a network, until commit: else many at once would count as few."""
    key = int.from_bytes(who.network_hash[:8], "big", signed=True)
    session.execute(select(func.pg_advisory_xact_lock(key)))


def is_closed(session: Session, who: Guesser, now: datetime) -> bool:
    return _is_used_up(
        session, BROWSER, CodeTry.browser_hash == who.browser_hash, now
    ) or _is_used_up(session, NETWORK, CodeTry.network_hash == who.network_hash, now)


def note_try(session: Session, who: Guesser, now: datetime) -> None:
    """Write a wrong one down."""
    session.add(CodeTry(network_hash=who.network_hash, browser_hash=who.browser_hash, at=now))
    session.flush()


def sweep(session: Session, now: datetime) -> None:
    """Forget tries that are too old to count, some at a time."""
    too_old = (
        select(CodeTry.id)
        .where(CodeTry.at < now - KEPT_FOR)
        .limit(SWEPT_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    session.execute(
        delete(CodeTry).where(CodeTry.id.in_(too_old)),
        execution_options={"synchronize_session": False},
    )


def _is_used_up(
    session: Session, limit: Limit, of_whom: ColumnElement[bool], now: datetime
) -> bool:
    latest = select(CodeTry.id).where(of_whom, CodeTry.at > now - limit.window).limit(limit.tries)
    return (session.scalar(select(func.count()).select_from(latest.subquery())) or 0) >= limit.tries
