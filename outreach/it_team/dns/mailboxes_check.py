"""Who takes the mail of a school's own domains, told by their MX records."""

from dataclasses import dataclass

from outreach.it_team.dns.asking import Asker, NoAnswer
from outreach.it_team.dns.findings import Finding, Side, Verdict

PART = "MX"


@dataclass(frozen=True)
class MailSystem:
    """`key` is that of the steps; `hosts` are ends of the names of its mail servers."""

    key: str
    title: str
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class SchoolDomain:
    name: str
    addresses: int


def check_mailboxes(
    ask: Asker, domains: list[SchoolDomain], systems: list[MailSystem]
) -> tuple[list[Finding], set[str]]:
    """What was found, and the keys of the systems that take the mail."""
    found: list[Finding] = []
    keys: set[str] = set()
    for domain in domains:
        try:
            servers = ask.mail_servers(domain.name)
        except NoAnswer as fault:
            found.append(_finding(domain, Verdict.UNKNOWN, str(fault), "Try again in a minute."))
            continue
        if not servers or servers == ("",):
            words = f"No server takes mail for this domain, which {_mailboxes(domain)} of pupils are in."
            mend = "Publish its MX record, or mend the addresses in the information system."
            found.append(_finding(domain, Verdict.WRONG, words, mend))
            continue
        system = system_of(servers[0], systems)
        if system is None:
            words = f"{servers[0]} takes the mail of {_mailboxes(domain)}."
        else:
            keys.add(system.key)
            words = f"{system.title} takes the mail of {_mailboxes(domain)}."
        found.append(_finding(domain, Verdict.GOOD, words, ""))
    return found, keys


def system_of(server: str, systems: list[MailSystem]) -> MailSystem | None:
    for system in systems:
        if any(server == end or server.endswith(f".{end}") for end in system.hosts):
            return system
    return None


def _mailboxes(domain: SchoolDomain) -> str:
    return f"{domain.addresses:,} addresses"


def _finding(domain: SchoolDomain, verdict: Verdict, words: str, mend: str) -> Finding:
    return Finding(PART, domain.name, verdict, words, mend, side=Side.SCHOOL)
