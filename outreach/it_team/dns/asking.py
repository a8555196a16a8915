"""Questions to a DNS server, each short and all of them together limited in time."""

import time
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address

import dns.exception
import dns.name
import dns.resolver
import dns.reversename

QUESTION_SECONDS = 2.0
TRY_SECONDS = 1.0
ALL_SECONDS = 12.0
"""For a whole check: a person waits for the page."""

IpAddress = IPv4Address | IPv6Address


class NoAnswer(Exception):
    """DNS did not say: no server answered in time, or the domain's own servers fail.

    Not the answer "there is none", which is an empty list.
    """


@dataclass
class Asker:
    """Asks one server and remembers for one check what it said."""

    resolver: dns.resolver.Resolver
    ends_at: float
    _heard: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def texts(self, name: str) -> tuple[str, ...]:
        """TXT records, each with its strings joined (RFC 7208 §3.3)."""
        return self._ask(name, "TXT")

    def addresses(self, name: str) -> tuple[IpAddress, ...]:
        both = (*self._ask(name, "A"), *self._ask(name, "AAAA"))
        return tuple(ip_address(text) for text in both)

    def mail_servers(self, name: str) -> tuple[str, ...]:
        """Hosts of MX records, the most wanted first; "" is the host of a null MX (RFC 7505)."""
        return self._ask(name, "MX")

    def names_of(self, address: IpAddress) -> tuple[str, ...]:
        return self._ask(str(dns.reversename.from_address(str(address))), "PTR")

    def _ask(self, name: str, kind: str) -> tuple[str, ...]:
        key = (name.lower().rstrip("."), kind)
        if key not in self._heard:
            self._heard[key] = self._listen(*key)
        return self._heard[key]

    def _listen(self, name: str, kind: str) -> tuple[str, ...]:
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise NoAnswer("The time for this check was up.")
        try:
            heard = self.resolver.resolve(
                dns.name.from_text(name), kind, lifetime=min(left, QUESTION_SECONDS), search=False
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except (
            dns.name.LabelTooLong,
            dns.name.NameTooLong,
            dns.name.EmptyLabel,
            dns.name.IDNAException,
            UnicodeError,
        ):
            return ()  # no such name can be in DNS
        except (dns.exception.DNSException, OSError) as fault:
            raise NoAnswer(f"The DNS server did not answer ({type(fault).__name__}).") from fault
        if kind == "TXT":
            found = (b"".join(record.strings).decode("utf-8", "replace") for record in heard)
            return tuple(
                text.replace("\0", "\ufffd") for text in found
            )  # no table takes the former
        if kind == "MX":
            wanted = sorted((record.preference, str(record.exchange)) for record in heard)
            return tuple(host.rstrip(".").lower() for _, host in wanted)
        return tuple(str(record).rstrip(".").lower() for record in heard)


def start_asking(server: str, *, seconds: float = ALL_SECONDS) -> Asker:
    """`server` is `address:port` as the setting has it, or empty for this machine's own.

    Raises NoAnswer where this machine has none.
    """
    try:
        resolver = dns.resolver.Resolver(configure=not server)
    except dns.resolver.NoResolverConfiguration as fault:
        words = "This machine has no DNS server. Give one by DNS_RESOLVER."
        raise NoAnswer(words) from fault
    if server:
        address, _, port = server.rpartition(":")
        resolver.nameservers = [address.removeprefix("[").removesuffix("]")]
        resolver.port = int(port)
    resolver.timeout = TRY_SECONDS
    return Asker(resolver, time.monotonic() + seconds)
