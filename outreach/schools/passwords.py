"""Passwords: which ones will do, how they are kept (argon2id), and choosing one by a link."""

import re
import unicodedata
from collections.abc import Iterable, Set
from datetime import datetime
from functools import cache
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from outreach.errors import Refusal
from outreach.schools.attempts import Attempt, forget_attempts
from outreach.schools.models import Account, AccountToken
from outreach.schools.sessions import end_sessions_of
from outreach.schools.tokens import use_up

SHORTEST, LONGEST = 12, 200
FEWEST_OF_ITS_OWN = 6
"""Characters that must be left when the words anybody would try first are taken away."""

_TRIED_FIRST = frozenset(
    {
        "password",
        "passw0rd",
        "p@ssword",
        "p@ssw0rd",
        "qwertyuiop",
        "qwerty",
        "asdfghjkl",
        "zxcvbnm",
        "1q2w3e4r",
        "abc123",
        "letmein",
        "welcome",
        "changeme",
        "admin",
        "secret",
        "iloveyou",
        "football",
        "teacher",
        "student",
        "school",
        "college",
        "academy",
        "careers",
        "career",
        "future",
        "skills",
        "questionnaire",
        "outreach",
    }
)

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's argon2id setting of 19 MiB, two passes and one lane."""


class PasswordRefused(Refusal):
    """The password will not do, with the reason."""


class LinkSpent(Refusal):
    """The link was good when the page was opened, and is no longer."""


def check_password(password: str, email: str, school_names: Iterable[str] = ()) -> None:
    """Raise PasswordRefused unless the password will do. Length counts; mixtures do not."""
    text = unicodedata.normalize("NFKC", password)
    if len(text) < SHORTEST:
        raise PasswordRefused(
            f"The password must have {SHORTEST} characters or more. Three random words will do."
        )
    if len(text) > LONGEST:
        raise PasswordRefused(f"The password must have {LONGEST} characters or fewer.")
    easy = _TRIED_FIRST | _words_of(email) | {w for n in school_names for w in _words_of(n)}
    if len(_left_over(text.lower(), easy)) < FEWEST_OF_ITS_OWN:
        raise PasswordRefused(
            "This password is easy to guess: it is mostly common words, your address, the "
            "school's name, or the same characters in a row. Three random words will do."
        )


def _words_of(text: str) -> set[str]:
    return {word for word in re.split(r"[\W_\d]+", text.lower()) if len(word) >= 3}


def _left_over(text: str, easy: Set[str]) -> str:
    """What is left without easy words, years, and characters that repeat or count up or down."""
    for word in sorted(easy, key=len, reverse=True):
        text = text.replace(word, "")
    text = re.sub(r"(19|20)\d\d", "", text)
    kept = text[:1]
    for before, here in pairwise(text):
        if abs(ord(here) - ord(before)) > 1:
            kept += here
    return kept if len(set(kept)) >= FEWEST_OF_ITS_OWN - 1 else ""


def hash_password(password: str) -> str:
    return _hasher.hash(unicodedata.normalize("NFKC", password))


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")


def is_right(password: str, password_hash: str | None) -> bool:
    """Takes as long where there is no hash, so that time does not tell who has an account."""
    if len(password) > 4 * LONGEST:
        return False
    try:
        _hasher.verify(password_hash or _nobodys_hash(), unicodedata.normalize("NFKC", password))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def needs_new_hash(password_hash: str) -> bool:
    return _hasher.check_needs_rehash(password_hash)


def set_password(
    session: Session, account: Account, password: str, now: datetime, *, is_proven: bool
) -> None:
    """Put a checked password in force. Every session of the account ends, and so do its limits."""
    account.password_hash = hash_password(password)
    account.password_is_proven = is_proven
    end_sessions_of(session, account.id, now)
    for purpose in Attempt:
        forget_attempts(session, purpose, account.email)


def choose_password(
    session: Session,
    token: AccountToken,
    password: str,
    now: datetime,
    school_names: Iterable[str] = (),
) -> Account:
    """Use a link up and put the password in force. A refused password leaves the link good.

    Raises PasswordRefused, and LinkSpent where another try was first or the hour has passed.
    """
    account = session.get_one(Account, token.account_id)
    check_password(password, account.email, school_names)
    if not use_up(session, token, now):
        raise LinkSpent("This link has been used already, or it is too old.")
    set_password(session, account, password, now, is_proven=token.reaches_owner)
    return account
