"""Where mail comes back to: an address for each message, signed, so that a bounce names its message.

`b+<token>@BOUNCE_DOMAIN` (VERP). A bounce is believed only where it reached such an address; without
BOUNCE_DOMAIN all mail returns to MAIL_FROM, which no program reads.
"""

import json
from email.utils import parseaddr
from functools import cache
from uuid import UUID

from outreach.mail.hooks import mailgun, postmark
from outreach.mail.hooks.telling import RETURN_VARIABLE
from outreach.parts import Parts
from outreach.settings import Settings
from outreach.signing import BadToken, Purpose, TokenSigner, TokenSubject

PREFIX = "b+"
"""With the token 63 octets: RFC 5321 §4.5.3.1.1 allows 64."""


def return_path(parts: Parts, school_key: bytes, message_id: UUID) -> str:
    domain = parts.settings.bounce_domain
    if not domain:
        return _own_address(parts.settings.mail_from)
    return f"{PREFIX}{return_token(parts.signer, school_key, message_id)}@{domain}"


@cache
def _own_address(mail_from: str) -> str:
    return parseaddr(mail_from)[1]


def return_token(signer: TokenSigner, school_key: bytes, message_id: UUID) -> str:
    """Also for a header that a mail provider hands back with its news."""
    return signer.sign_folded(Purpose.RETURN_PATH, school_key, message_id)


def return_headers(parts: Parts, school_key: bytes, message_id: UUID) -> dict[str, str]:
    """For providers that put a return path of their own in the place of ours, and tell by webhook."""
    token = return_token(parts.signer, school_key, message_id)
    headers = {}
    if parts.settings.postmark_hook_password:
        headers[f"{postmark.METADATA_HEADER}{RETURN_VARIABLE}"] = token
    if parts.settings.mailgun_hook_key:
        headers[mailgun.VARIABLES_HEADER] = json.dumps({RETURN_VARIABLE: token})
    return headers


def shown_return_path(settings: Settings) -> str:
    """For people who let our mail through: the part that changes is left out."""
    if not settings.bounce_domain:
        return parseaddr(settings.mail_from)[1]
    return f"{PREFIX}…@{settings.bounce_domain}"


def sees_returned_mail(settings: Settings) -> bool:
    """Whether any way is open by which we hear that a mail came back."""
    by_provider = (settings.ses_topics, settings.postmark_hook_password, settings.mailgun_hook_key)
    return bool(settings.bounce_domain) or any(by_provider)


def read_return_path(settings: Settings, signer: TokenSigner, recipient: str) -> TokenSubject:
    """Whose message came back to this address. Raises BadToken where it is not one of ours."""
    local, _, domain = recipient.strip().strip("<>").lower().rpartition("@")
    if not settings.bounce_domain or domain != settings.bounce_domain:
        raise BadToken
    if not local.startswith(PREFIX):
        raise BadToken
    return read_return_token(signer, local.removeprefix(PREFIX))


def read_return_token(signer: TokenSigner, token: str) -> TokenSubject:
    return signer.verify_folded(Purpose.RETURN_PATH, token)
