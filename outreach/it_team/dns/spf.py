"""SPF (RFC 7208): what a domain's record lets through, and what looking at it costs."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from outreach.it_team.dns.asking import Asker, IpAddress

MOST_LOOK_UPS, MOST_EMPTY = 10, 2
"""§4.6.4: a receiver gives up beyond either."""
MOST_MAIL_SERVERS = 10
_LOOKED_UP = frozenset({"include", "a", "mx", "ptr", "exists"})
MAIL_BY_MAIL = "%"
"""In the place of a qualifier: a macro decides."""

Network = IPv4Network | IPv6Network


class BadRecord(Exception):
    """A receiver answers such a record with permerror: as if it were not there."""


@dataclass(frozen=True)
class Term:
    """One mechanism. `networks` is what it matches; `included` is another domain's record."""

    qualifier: str
    kind: str
    value: str
    networks: tuple[Network, ...] = ()
    included: "Record | None" = None

    def matches(self, network: Network) -> bool | None:
        """None where it is judged mail by mail."""
        if self.kind in ("exists", "ptr") or "%" in self.value:
            return None
        if self.included is not None:
            told = self.included.judge(network)
            return None if told is None else told == "+"
        return self.kind == "all" or any(_holds(one, network) for one in self.networks)


@dataclass(frozen=True)
class Record:
    domain: str
    text: str
    terms: tuple[Term, ...]
    redirect: "Record | None"

    @property
    def last_word(self) -> str:
        """The qualifier of `all`, of the redirect's where there is none; empty where neither is, and
        MAIL_BY_MAIL where the redirect's name is made up of each mail's."""
        for term in self.terms:
            if term.kind == "all":
                return term.qualifier
            if term.kind == "redirect":
                return MAIL_BY_MAIL
        return self.redirect.last_word if self.redirect else ""

    def includes(self, domain: str) -> bool:
        """Whether what that domain lets through passes here too."""
        for term in self.terms:
            if term.included and term.qualifier == "+":
                if term.included.domain == domain or term.included.includes(domain):
                    return True
            elif term.kind == "all":
                return False
        return self.redirect is not None and (
            self.redirect.domain == domain or self.redirect.includes(domain)
        )

    def judge(self, network: Network) -> str | None:
        """The qualifier that mail from there gets, or None where a macro or `exists` decides. Where
        parts of the network get one and another, it is one that is not a pass."""
        told = {self._judge_piece(piece) for piece in _pieces(network, self._networks())}
        return min(told, key=lambda one: (one == "+", one is None))

    def _judge_piece(self, network: Network) -> str | None:
        """Of a network that every term matches whole or not at all."""
        perhaps: set[str] = set()
        for term in self.terms:
            matches = term.matches(network)
            if matches:
                return term.qualifier if perhaps <= {term.qualifier} else None
            if matches is None:
                perhaps.add(term.qualifier if term.kind != "redirect" else MAIL_BY_MAIL)
        told = self.redirect.judge(network) if self.redirect is not None else "?"
        return told if told is not None and perhaps <= {told} else None

    def _networks(self) -> frozenset[Network]:
        """All that it names, with what it leads to."""
        found = {network for term in self.terms for network in term.networks}
        led = [term.included for term in self.terms if term.included is not None]
        for record in (*led, self.redirect):
            if record is not None:
                found |= record._networks()
        return frozenset(found)


@dataclass
class Walk:
    """Reads a record with all that it leads to, and counts as a receiver does at worst."""

    ask: Asker
    look_ups: int = 0
    empty: int = 0

    def read(self, domain: str, above: tuple[str, ...] = ()) -> Record | None:
        """None where the domain has no SPF record. Raises BadRecord, and NoAnswer of the Asker."""
        if domain in above:
            raise BadRecord(f"The record of {domain} leads back to itself.")
        found = [text for text in self.ask.texts(domain) if _is_spf(text)]
        if not found:
            return None
        if len(found) > 1:
            raise BadRecord(f"{domain} has {len(found)} SPF records; there may be only one.")
        terms: list[Term] = []
        redirect, has_all = "", False
        for word in found[0].split()[1:]:
            if word.lower().startswith("redirect="):
                if redirect:
                    raise BadRecord(f"The record of {domain} has more than one redirect.")
                redirect = word.partition("=")[2].lower().rstrip(".")
            elif "=" not in word.partition(":")[0].partition("/")[0]:
                # After `all` nothing is looked up (§5.1), and no SPF is still no SPF (§4.6).
                if has_all and _parts(word)[1] in _LOOKED_UP:
                    continue
                terms.append(self._term(word, domain, (*above, domain)))
                has_all = has_all or terms[-1].kind == "all"
        led = None
        if "%" in redirect and not has_all:
            self._count()
            terms.append(Term("?", "redirect", redirect))
        elif redirect and not has_all:
            led = self._follow("redirect", redirect, (*above, domain))
        return Record(domain, found[0], tuple(terms), led)

    def _term(self, word: str, domain: str, above: tuple[str, ...]) -> Term:
        qualifier, kind, rest = _parts(word)
        if kind in ("ip4", "ip6"):
            return Term(qualifier, kind, rest, (_network(kind, rest, domain),))
        if kind == "all":
            return Term(qualifier, kind, "")
        if kind == "include":
            name = rest.lower().rstrip(".")
            if "%" in name:
                self._count()
                return Term(qualifier, kind, name)
            return Term(qualifier, kind, name, included=self._follow(kind, name, above))
        if kind in ("exists", "ptr"):
            self._count()
            return Term(qualifier, kind, rest)
        if kind in ("a", "mx"):
            return self._hosts(qualifier, kind, rest, domain)
        raise BadRecord(f"The record of {domain} holds “{word}”, which is no SPF.")

    def _follow(self, kind: str, name: str, above: tuple[str, ...]) -> Record:
        self._count()
        record = self.read(name, above)
        if record is None:
            raise BadRecord(f"{kind} names {name}, which has no SPF record.")
        return record

    def _hosts(self, qualifier: str, kind: str, rest: str, domain: str) -> Term:
        self._count()
        name, _, lengths = rest.partition("/")
        name = (name or domain).lower().rstrip(".")
        if "%" in name:
            return Term(qualifier, kind, rest)
        hosts = (name,) if kind == "a" else self.ask.mail_servers(name)
        if kind == "mx" and len(hosts) > MOST_MAIL_SERVERS:
            raise BadRecord(f"mx names {name}, which has more than {MOST_MAIL_SERVERS} of them.")
        found = [address for host in hosts if host for address in self.ask.addresses(host)]
        self.empty += not found
        return Term(qualifier, kind, rest, tuple(_around(one, lengths, domain) for one in found))

    def _count(self) -> None:
        self.look_ups += 1
        if self.look_ups > 5 * MOST_LOOK_UPS:
            raise BadRecord(f"The record leads on and on: more than {self.look_ups} look-ups.")


def _parts(word: str) -> tuple[str, str, str]:
    """Qualifier, kind in small letters, and what stands after it."""
    qualifier, plain = (word[0], word[1:]) if word[0] in "+-~?" else ("+", word)
    kind, colon, rest = plain.partition(":")
    if not colon:
        kind, slash, length = plain.partition("/")
        rest = slash + length
    return qualifier, kind.lower(), rest


def _is_spf(text: str) -> bool:
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def _network(kind: str, text: str, domain: str) -> Network:
    _, slash, length = text.partition("/")
    try:
        network = ip_network(text, strict=False) if length.isdecimal() or not slash else None
    except ValueError:  # a mask such as /255.255.255.0 is none either: §5.6
        network = None
    if network is None or network.version != (4 if kind == "ip4" else 6):
        raise BadRecord(f"The record of {domain} holds “{kind}:{text}”, which is no address.")
    return network


def _around(address: IpAddress, lengths: str, domain: str) -> Network:
    """`/24`, `//64` or `/24//64` after a host: the network around its address."""
    four, _, six = lengths.partition("//") if not lengths.startswith("/") else ("", "", lengths[1:])
    wanted = four if address.version == 4 else six
    try:
        return ip_network(f"{address}/{wanted}" if wanted else str(address), strict=False)
    except ValueError as fault:
        raise BadRecord(
            f"The record of {domain} holds “/{lengths}”, which is no length."
        ) from fault


def _pieces(network: Network, named: Iterable[Network]) -> list[Network]:
    """Cut so that each piece lies within a named network or outside of it."""
    inside = [one for one in named if one != network and _holds(network, one)]
    if not inside:
        return [network]
    return [piece for half in network.subnets() for piece in _pieces(half, inside)]


def _holds(outer: Network, inner: Network) -> bool:
    if isinstance(outer, IPv4Network):
        return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and inner.subnet_of(outer)
