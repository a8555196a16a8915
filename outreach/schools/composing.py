"""Mail to staff, from its templates; and the first of it, the link to choose a password."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parseaddr
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy.orm import Session

from outreach.mail.addresses import domain_of
from outreach.mail.composing import Mail
from outreach.parts import Parts
from outreach.schools.models import Account, AccountMail, TokenKind
from outreach.schools.tokens import make_set_up_link

TEMPLATES = Path(__file__).parents[2] / "templates" / "emails"


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"]),
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def compose_reset(session: Session, parts: Parts, account_mail: AccountMail) -> Mail:
    """The mail with a new link, which ends older ones. Commit before it is handed over."""
    now = parts.clock()
    account = session.get_one(Account, account_mail.account_id)
    link = make_set_up_link(
        session,
        parts.settings.public_url,
        account.id,
        TokenKind.RESET,
        now,
        reaches_owner=True,
    )
    words = {"email": account.email, "link": link}
    return mail_to_staff(parts, account_mail, "reset", account.email, words, now)


def mail_to_staff(
    parts: Parts,
    account_mail: AccountMail,
    name: str,
    address: str,
    words: Mapping[str, object],
    now: datetime,
) -> Mail:
    """From `templates/emails/<name>/`, with these words, to one address."""
    sender = parseaddr(parts.settings.mail_from)
    return Mail(
        message_id=f"account-{account_mail.id}@{domain_of(sender[1])}",
        from_=sender,
        to=(None, address),
        subject=" ".join(_render(f"{name}/subject.txt", words).split()),
        text=_render(f"{name}/body.txt", words),
        html=_render(f"{name}/body.html", words),
        date=now,
        headers={"Auto-Submitted": "auto-generated"},
    )


def _render(template: str, words: Mapping[str, object]) -> str:
    return _templates().get_template(template).render(words)
