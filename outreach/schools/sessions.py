"""Signed-in browsers: a row each, which ends when idle, when old, and at sign-out."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach.schools.models import AccountSession
from outreach.signing import hash_secret

IDLE = timedelta(minutes=60)
LIFETIME = timedelta(hours=12)
NOTE_EVERY = timedelta(minutes=1)
"""How often a session that is in use says so: a page must not cost a write each time."""


def open_session(session: Session, account_id: UUID, school_id: UUID, now: datetime) -> str:
    """The secret for the cookie. The row keeps its hash only."""
    secret = secrets.token_urlsafe(32)
    session.add(
        AccountSession(
            secret_hash=hash_secret(secret),
            account_id=account_id,
            school_id=school_id,
            created_at=now,
            last_seen_at=now,
        )
    )
    session.flush()
    return secret


def find_session(session: Session, secret: str, now: datetime) -> AccountSession | None:
    """The session this secret opens, if it has not ended; notes that it is in use."""
    found = session.scalar(
        select(AccountSession).where(
            AccountSession.secret_hash == hash_secret(secret),
            AccountSession.ended_at.is_(None),
            AccountSession.last_seen_at > now - IDLE,
            AccountSession.created_at > now - LIFETIME,
        )
    )
    if found is not None and found.last_seen_at <= now - NOTE_EVERY:
        found.last_seen_at = now
    return found


def end_session(session: Session, secret: str, now: datetime) -> None:
    session.execute(
        update(AccountSession)
        .where(AccountSession.secret_hash == hash_secret(secret), AccountSession.ended_at.is_(None))
        .values(ended_at=now)
    )


def move_session(session: Session, secret: str, school_id: UUID) -> None:
    """The same browser goes on in another school of its account."""
    session.execute(
        update(AccountSession)
        .where(AccountSession.secret_hash == hash_secret(secret))
        .values(school_id=school_id)
    )


def end_sessions_of(
    session: Session, account_id: UUID, now: datetime, *, school_id: UUID | None = None
) -> None:
    """End every session of an account, or those in one school only."""
    ending = update(AccountSession).where(
        AccountSession.account_id == account_id, AccountSession.ended_at.is_(None)
    )
    if school_id is not None:
        ending = ending.where(AccountSession.school_id == school_id)
    session.execute(ending.values(ended_at=now))


def last_school_of(session: Session, account_id: UUID) -> UUID | None:
    """The school this account was signed in to most recently."""
    return session.scalar(
        select(AccountSession.school_id)
        .where(AccountSession.account_id == account_id)
        .order_by(AccountSession.created_at.desc())
        .limit(1)
    )
