"""The DKIM keys of the settings as DNS should show them: the public half, ready to publish."""

import base64
from email.utils import parseaddr

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from outreach.dkim_keys import DkimKey, private_key
from outreach.it_team.dns.dkim_check import PublishedKey
from outreach.mail.addresses import domain_of
from outreach.settings import Settings


def published_keys(settings: Settings) -> tuple[PublishedKey, ...]:
    """The first signs; the signature names the domain of MAIL_FROM."""
    domain = domain_of(parseaddr(settings.mail_from)[1])
    return tuple(
        PublishedKey(key.selector, domain, public_record(key), is_signing=place == 0)
        for place, key in enumerate(settings.dkim_keys)
    )


def public_record(key: DkimKey) -> str:
    """RFC 6376 §3.6.1."""
    public = private_key(key).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"
