"""One-time links to set a password: 256 random bits, kept as a hash, used up by POST alone."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach.schools.models import AccountToken, TokenKind
from outreach.signing import hash_secret

GOOD_FOR = {TokenKind.SET_UP: timedelta(days=7), TokenKind.RESET: timedelta(hours=1)}


def make_set_up_link(
    session: Session,
    public_url: str,
    account_id: UUID,
    kind: TokenKind,
    now: datetime,
    *,
    reaches_owner: bool = False,
) -> str:
    """A new link, which ends every older one of its kind.

    `reaches_owner` is for links that go to the person alone (see `Account`).
    """
    session.execute(
        update(AccountToken)
        .where(
            AccountToken.account_id == account_id,
            AccountToken.kind == kind,
            AccountToken.used_at.is_(None),
            AccountToken.expires_at > now,
        )
        .values(expires_at=now)
    )
    secret = secrets.token_urlsafe(32)
    session.add(
        AccountToken(
            account_id=account_id,
            kind=kind,
            secret_hash=hash_secret(secret),
            created_at=now,
            expires_at=now + GOOD_FOR[kind],
            reaches_owner=reaches_owner,
        )
    )
    session.flush()
    return f"{public_url}/staff/set-up/{secret}"


def find_token(session: Session, secret: str) -> AccountToken | None:
    """The link's row, good or not. Looking at it uses nothing up: mail scanners look too."""
    return session.scalar(
        select(AccountToken).where(AccountToken.secret_hash == hash_secret(secret))
    )


def is_good(token: AccountToken, now: datetime) -> bool:
    return token.used_at is None and token.expires_at > now


def use_up(session: Session, token: AccountToken, now: datetime) -> bool:
    """Whether this try was the one. Of two at once, one is; the other links end with it."""
    used = session.scalar(
        update(AccountToken)
        .where(
            AccountToken.id == token.id,
            AccountToken.used_at.is_(None),
            AccountToken.expires_at > now,
        )
        .values(used_at=now)
        .returning(AccountToken.id)
    )
    if used is None:
        return False
    session.execute(
        update(AccountToken)
        .where(
            AccountToken.account_id == token.account_id,
            AccountToken.used_at.is_(None),
            AccountToken.expires_at > now,
        )
        .values(expires_at=now)
    )
    return True
