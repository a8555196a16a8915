"""DMARC (RFC 9989): the policy of the From domain, and whether what we pass is aligned with it.

The organisational domain is found by the tree walk of §4.10, which needs DNS alone and no list of
public suffixes.
"""

from dataclasses import dataclass

from outreach.it_team.dns.asking import Asker, NoAnswer
from outreach.it_team.dns.findings import Finding, Verdict
from outreach.it_team.dns.tags import read_tags

PART = "DMARC"
MOST_STEPS = 8
POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True)
class Found:
    """A record on the way from a domain up to the root."""

    domain: str
    tags: dict[str, str]


@dataclass(frozen=True)
class Signers:
    """What could be aligned: the return path's domain, and the d= of our signature where we sign."""

    return_path: str
    signature: str | None


def check_dmarc(ask: Asker, domain: str, signers: Signers) -> list[Finding]:
    try:
        return _judge(ask, domain, signers)
    except NoAnswer as fault:
        return [Finding(PART, domain, Verdict.UNKNOWN, str(fault), "Try again in a minute.")]


def organisational_domain(ask: Asker, domain: str) -> str:
    """§4.10.2. Without any record it is the domain itself."""
    found = _walk(ask, domain)
    for one in found:
        if one.tags.get("psd") == "n":
            return one.domain
        if one.tags.get("psd") == "y" and one.domain != domain:
            labels = domain.split(".")
            return ".".join(labels[-(one.domain.count(".") + 2) :])
    return found[-1].domain if found else domain


def _judge(ask: Asker, domain: str, signers: Signers) -> list[Finding]:
    here = _records(ask, domain)
    if len(here) > 1:
        words = f"There are {len(here)} DMARC records for the domain; receivers then take none."
        return [Finding(PART, domain, Verdict.WRONG, words, f"Leave one at _dmarc.{domain}.")]
    above = _walk(ask, domain)
    top = organisational_domain(ask, domain)
    of_top = next((one for one in above if one.domain == top), above[-1] if above else None)
    policy = here[0] if here else of_top
    if policy is None:
        words = "There is no DMARC record. Large mail providers ask for one, and schools check it."
        mend = (
            f"Publish a TXT record for _dmarc.{domain}; make it stricter once reports look right."
        )
        return [Finding(PART, domain, Verdict.WRONG, words, mend, "v=DMARC1; p=none")]
    wanted = _policy_for(policy, domain)
    if wanted not in POLICIES:
        words = f"The record says “p={wanted}”, which is no policy; receivers act as for p=none or ignore it."
        mend = f"Write p=none, p=quarantine or p=reject at _dmarc.{policy.domain}."
        return [Finding(PART, domain, Verdict.WRONG, words, mend)]
    return [_alignment(ask, domain, policy, wanted, signers)]


def _alignment(ask: Asker, domain: str, policy: Found, wanted: str, signers: Signers) -> Finding:
    by_spf = _is_aligned(ask, domain, signers.return_path, policy.tags.get("aspf", "r"))
    by_dkim = signers.signature is not None and _is_aligned(
        ask, domain, signers.signature, policy.tags.get("adkim", "r")
    )
    if not by_spf and not by_dkim:
        signed = f" and the signature of {signers.signature}" if signers.signature else ""
        words = (
            f"Nothing that our mail passes is aligned with the From domain: the return path is of "
            f"{signers.return_path}{signed}. With p={wanted} receivers count every mail as failed."
        )
        mend = f"Let MAIL_FROM and BOUNCE_DOMAIN share a domain, or sign as {domain} (DKIM_KEYS)."
        return Finding(PART, domain, Verdict.WRONG, words, mend)
    ways = [name for name, holds in (("SPF", by_spf), ("DKIM", by_dkim)) if holds]
    words = f"The policy is p={wanted}; {' and '.join(ways)} can be aligned with it."
    if not by_dkim:
        words += " DKIM is not, and SPF alone breaks where mail is forwarded."
        return Finding(PART, domain, Verdict.NOTE, words, f"Sign as {domain} (DKIM_KEYS).")
    if wanted == "none":
        mend = "Once reports look right, p=quarantine or p=reject keeps others from writing in our name."
        return Finding(PART, domain, Verdict.GOOD, words, mend)
    return Finding(PART, domain, Verdict.GOOD, words)


def _policy_for(found: Found, domain: str) -> str:
    """`sp` is for what lies under the record's own domain."""
    policy = found.tags.get("p", "").lower()
    if found.domain != domain:
        policy = found.tags.get("sp", policy).lower()
    return policy


def _is_aligned(ask: Asker, author: str, other: str, mode: str) -> bool:
    if author == other:
        return True
    if mode.lower() == "s":
        return False
    return organisational_domain(ask, author) == organisational_domain(ask, other)


def _walk(ask: Asker, domain: str) -> list[Found]:
    """From the domain upwards. A long name is cut to its last seven labels after the first step."""
    labels = domain.split(".")
    names = [domain]
    rest = labels[1:] if len(labels) <= MOST_STEPS else labels[-(MOST_STEPS - 1) :]
    names += [".".join(rest[place:]) for place in range(len(rest))]
    found: list[Found] = []
    for name in names[:MOST_STEPS]:
        here = _records(ask, name)
        if len(here) == 1:  # several count as none
            found.append(here[0])
            if here[0].tags.get("psd") in ("y", "n"):
                break
    return found


def _records(ask: Asker, domain: str) -> list[Found]:
    texts = ask.texts(f"_dmarc.{domain}")
    tagged = [read_tags(text) for text in texts if text.lower().lstrip().startswith("v")]
    return [Found(domain, tags) for tags in tagged if tags.get("v") == "DMARC1"]
