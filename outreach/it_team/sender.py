"""What the IT team must let through, worked out from the settings in force."""

from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import urlsplit

from outreach.mail.smtp_url import parse_smtp_url
from outreach.settings import Settings


@dataclass(frozen=True)
class SenderDetails:
    """Names and domains as a mail filter and a web filter ask for them."""

    from_name: str
    from_address: str
    sender_domain: str
    return_path: str
    link_domain: str
    link_example: str
    mail_server: str
    is_local_trial: bool


def sender_details(settings: Settings) -> SenderDetails:
    name, address = parseaddr(settings.mail_from)
    link = urlsplit(settings.public_url)
    return SenderDetails(
        from_name=name,
        from_address=address,
        sender_domain=address.rpartition("@")[2],
        return_path=address,
        link_domain=link.hostname or "",
        link_example=f"{settings.public_url}/q/…",
        mail_server=parse_smtp_url(settings.smtp_url).host,
        is_local_trial=not settings.is_public,
    )
