"""What the IT team must let through, worked out from the settings in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from functools import cached_property
from urllib.parse import urlsplit

from outreach.campaigns.return_paths import shown_return_path
from outreach.it_team.dns.dkim_check import PublishedKey
from outreach.it_team.published_keys import published_keys
from outreach.settings import Settings

INCLUDE = "include:"


@dataclass(frozen=True)
class SenderDetails:
    """Names and domains as a mail filter and a web filter ask for them."""

    from_name: str
    from_address: str
    return_path: str
    link_domain: str
    link_example: str
    sending: tuple[str, ...]
    """As SENDING_HOSTS has them."""
    keys: tuple[PublishedKey, ...]
    is_local_trial: bool

    @property
    def sender_domain(self) -> str:
        return self.from_address.rpartition("@")[2].lower()

    @property
    def return_path_domain(self) -> str:
        return self.return_path.rpartition("@")[2].lower()

    @property
    def sending_hosts(self) -> tuple[str, ...]:
        """Addresses and networks."""
        return tuple(host for host in self.sending if not host.startswith(INCLUDE))

    @property
    def spf_includes(self) -> tuple[str, ...]:
        return tuple(
            host.removeprefix(INCLUDE) for host in self.sending if host.startswith(INCLUDE)
        )

    @property
    def dkim_domain(self) -> str | None:
        """The d= of the signature that mail carries now."""
        return next((key.domain for key in self.keys if key.is_signing), None)

    @cached_property
    def values(self) -> dict[str, Sequence[str]]:
        """By the names that `systems.yaml` has for them; empty where there is none."""
        return {
            "sender_domain": (self.sender_domain,),
            "from_address": (self.from_address,),
            "return_path_domain": (self.return_path_domain,),
            "link_domain": (self.link_domain,),
            "sending_hosts": self.sending_hosts,
            "spf_includes": self.spf_includes,
            "dkim_domain": (self.dkim_domain,) if self.dkim_domain else (),
            "dmarc_words": ("dmarc=pass",),
        }


def sender_details(settings: Settings) -> SenderDetails:
    name, address = parseaddr(settings.mail_from)
    return SenderDetails(
        from_name=name,
        from_address=address,
        return_path=shown_return_path(settings),
        link_domain=urlsplit(settings.public_url).hostname or "",
        link_example=f"{settings.public_url}/q/…",
        sending=settings.sending_hosts,
        keys=published_keys(settings),
        is_local_trial=not settings.is_public,
    )
