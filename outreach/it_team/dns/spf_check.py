"""Judges the SPF record of the domain that the return path names (RFC 7208 §2.4)."""

from collections.abc import Sequence
from ipaddress import ip_network

from outreach.it_team.dns.asking import Asker, NoAnswer
from outreach.it_team.dns.findings import Finding, Verdict
from outreach.it_team.dns.spf import (
    MOST_EMPTY,
    MOST_LOOK_UPS,
    BadRecord,
    Network,
    Record,
    Walk,
)

NEARLY_TOO_MANY = 8
PART = "SPF"


def check_spf(ask: Asker, domain: str, hosts: Sequence[str]) -> list[Finding]:
    """`hosts` as SENDING_HOSTS has them: addresses, networks, `include:` of a domain."""
    walk = Walk(ask)
    try:
        record = walk.read(domain)
    except NoAnswer as fault:
        return [Finding(PART, domain, Verdict.UNKNOWN, str(fault), "Try again in a minute.")]
    except BadRecord as fault:
        words = f"{fault} Receivers treat mail as if there were no record at all."
        mend = f"Mend the TXT record of {domain} that begins with v=spf1."
        return [Finding(PART, domain, Verdict.WRONG, words, mend)]
    if record is None:
        return [_missing(domain, hosts)]
    faults = [*_costs(domain, walk), *_last_word(domain, record), *_hosts(domain, record, hosts)]
    if not any(one.verdict is Verdict.WRONG for one in faults):
        passes = f" and lets {_counted(hosts)} through" if hosts else ""
        words = (
            f"There is one record, it takes {walk.look_ups} of {MOST_LOOK_UPS} look-ups{passes}."
        )
        faults.insert(0, Finding(PART, domain, Verdict.GOOD, words))
    return faults


def wanted_record(hosts: Sequence[str]) -> str:
    """A record that lets these through and nothing else."""
    return " ".join(["v=spf1", *map(_mechanism, hosts), "-all"])


def _mechanism(host: str) -> str:
    if host.startswith("include:"):
        return host
    return f"ip{ip_network(host).version}:{host}"


def _counted(hosts: Sequence[str]) -> str:
    return "the one sending host" if len(hosts) == 1 else f"all {len(hosts)} sending hosts"


def _missing(domain: str, hosts: Sequence[str]) -> Finding:
    words = "There is no SPF record, so no receiver can tell our mail from somebody else's by it."
    mend = f"Publish a TXT record for {domain}."
    if not hosts:
        mend += " Set SENDING_HOSTS first, and this page writes the record for you."
    return Finding(PART, domain, Verdict.WRONG, words, mend, wanted_record(hosts) if hosts else "")


def _costs(domain: str, walk: Walk) -> list[Finding]:
    found = []
    if walk.look_ups > MOST_LOOK_UPS:
        words = (
            f"The record takes {walk.look_ups} look-ups with all that it includes; a receiver "
            f"gives up after {MOST_LOOK_UPS} and counts SPF as failed."
        )
        mend = "Leave out includes that are not used any more, or name addresses instead."
        found.append(Finding(PART, domain, Verdict.WRONG, words, mend))
    elif walk.look_ups >= NEARLY_TOO_MANY:
        words = f"The record takes {walk.look_ups} of {MOST_LOOK_UPS} look-ups: one more service may be too many."
        found.append(Finding(PART, domain, Verdict.NOTE, words))
    if walk.empty > MOST_EMPTY:
        words = (
            f"{walk.empty} of its names lead to nothing; a receiver gives up after {MOST_EMPTY}."
        )
        mend = "Leave out the names that have no address any more."
        found.append(Finding(PART, domain, Verdict.WRONG, words, mend))
    return found


def _last_word(domain: str, record: Record) -> list[Finding]:
    match record.last_word:
        case "+":
            words = "The record ends in +all: everybody may send as this domain."
            mend = "End it in ~all or -all."
            return [Finding(PART, domain, Verdict.WRONG, words, mend)]
        case "" | "?":
            words = "The record says nothing about mail from elsewhere: it does not end in ~all or -all."
            return [Finding(PART, domain, Verdict.NOTE, words, "End it in ~all or -all.")]
    return []


def _hosts(domain: str, record: Record, hosts: Sequence[str]) -> list[Finding]:
    if not hosts:
        words = "Which hosts send our mail is not known here, so whether the record lets them through cannot be told."
        mend = "Set SENDING_HOSTS to the addresses of the mail server behind SMTP_URL."
        return [Finding(PART, domain, Verdict.NOTE, words, mend)]
    found = []
    for host in hosts:
        told = _told(record, host)
        if told is None:
            words = f"Whether the record lets {host} through depends on a macro or exists, which is judged mail by mail."
            found.append(Finding(PART, domain, Verdict.NOTE, words))
        elif told != "+":
            words = f"The record does not let {host} through, from which our mail comes."
            mend = f"Add {_mechanism(host)} before the end of the record."
            found.append(Finding(PART, domain, Verdict.WRONG, words, mend))
    return found


def _told(record: Record, host: str) -> str | None:
    if host.startswith("include:"):
        return "+" if record.includes(host.removeprefix("include:")) else "-"
    network: Network = ip_network(host)
    return record.judge(network)
