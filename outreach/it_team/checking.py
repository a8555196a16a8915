"""The live check: asks DNS about our sender and about the school's mailboxes, and keeps the answer."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach.audit import Actor, record
from outreach.database import school_of
from outreach.it_team.dns.asking import Asker, NoAnswer, start_asking
from outreach.it_team.dns.dkim_check import check_dkim
from outreach.it_team.dns.dmarc_check import Signers, check_dmarc
from outreach.it_team.dns.findings import Finding, Side, Verdict
from outreach.it_team.dns.mailboxes_check import SchoolDomain, check_mailboxes
from outreach.it_team.dns.names_check import (
    check_link_name,
    check_sending_names,
    check_way_back,
)
from outreach.it_team.dns.spf_check import check_spf
from outreach.it_team.models import ItCheck
from outreach.it_team.sender import SenderDetails
from outreach.it_team.systems import mail_systems
from outreach.pupils.models import AddressKind, Pupil, PupilAddress

LOOK_AGAIN_AFTER = timedelta(seconds=15)
"""A second press shows what the first found."""
FEWEST_ADDRESSES, MOST_DOMAINS = 5, 5
"""A domain of fewer is a family's own perhaps, and would name it."""


@dataclass(frozen=True)
class Check:
    """What a look at DNS found. `systems` are the keys of those that take the school's mail."""

    checked_at: datetime
    findings: tuple[Finding, ...]
    systems: frozenset[str]

    @property
    def wrong(self) -> int:
        return sum(one.verdict is Verdict.WRONG for one in self.findings)

    @property
    def is_well(self) -> bool:
        """No fault, and an answer to everything."""
        return not self.wrong and not self.unanswered

    @property
    def unanswered(self) -> int:
        return sum(one.verdict is Verdict.UNKNOWN for one in self.findings)


def check_sender(sender: SenderDetails, ask: Asker) -> list[Finding]:
    """Our own side of it, in the order in which a mend should be made."""
    signers = Signers(sender.return_path_domain, sender.dkim_domain)
    found = [
        *check_spf(ask, sender.return_path_domain, sender.sending),
        *check_dkim(ask, sender.keys, sender.sender_domain),
        *check_dmarc(ask, sender.sender_domain, signers),
        *check_sending_names(ask, sender.sending),
        check_way_back(ask, sender.return_path_domain),
    ]
    if not _is_address(sender.link_domain):
        found.append(check_link_name(ask, sender.link_domain))
    return found


def look(session: Session, sender: SenderDetails, dns_server: str, now: datetime) -> Check:
    """Both sides, for the school entered. Changes nothing; takes some seconds at most."""
    domains = school_domains(session)
    try:
        ask = start_asking(dns_server)
    except NoAnswer as fault:
        nothing = Finding("DNS", "", Verdict.UNKNOWN, str(fault), "Then check again.")
        return Check(now, (nothing,), frozenset())
    mailboxes, keys = check_mailboxes(ask, domains, mail_systems())
    return Check(now, (*check_sender(sender, ask), *mailboxes), frozenset(keys))


def check(
    session: Session, sender: SenderDetails, dns_server: str, actor: Actor, now: datetime
) -> Check:
    """Look, and keep what was found in the place of what an earlier look found."""
    last = last_check(session)
    if last is not None and now - last.checked_at < LOOK_AGAIN_AFTER:
        return last
    found = look(session, sender, dns_server, now)
    document = {
        "findings": [_to_json(one) for one in found.findings],
        "systems": sorted(found.systems),
    }
    values = {"checked_at": now, "found": document}
    session.execute(
        insert(ItCheck)
        .values(school_id=school_of(session), **values)
        .on_conflict_do_update(index_elements=[ItCheck.school_id], set_=values)
    )
    record(
        session,
        now,
        actor,
        "it_team.checked",
        "school",
        school_of(session),
        findings=len(found.findings),
        wrong=found.wrong,
    )
    return found


def last_check(session: Session) -> Check | None:
    kept = session.get(ItCheck, school_of(session), populate_existing=True)
    if kept is None:
        return None
    findings = tuple(_from_json(one) for one in kept.found["findings"])
    return Check(kept.checked_at, findings, frozenset(kept.found["systems"]))


def school_domains(session: Session) -> list[SchoolDomain]:
    """Domains of the addresses that the school gives its pupils, the largest first."""
    domain = func.lower(func.split_part(PupilAddress.address, "@", 2))
    found = session.execute(
        select(domain, func.count())
        .join(
            Pupil,
            (Pupil.school_id == PupilAddress.school_id) & (Pupil.id == PupilAddress.pupil_id),
        )
        .where(
            PupilAddress.school_id == school_of(session),
            PupilAddress.kind == AddressKind.WORK,
            PupilAddress.fault.is_(None),
            Pupil.missing_since.is_(None),
        )
        .group_by(domain)
        .having(func.count() >= FEWEST_ADDRESSES)
        .order_by(func.count().desc(), domain)
        .limit(MOST_DOMAINS)
    )
    return [SchoolDomain(name, count) for name, count in found]


def as_document(found: Check) -> dict[str, Any]:
    """For a program."""
    return {
        "checked_at": found.checked_at.isoformat(),
        "well": found.is_well,
        "mail_systems": sorted(found.systems),
        "findings": [_to_json(one) for one in found.findings],
    }


def of_side(findings: Sequence[Finding], side: Side) -> list[Finding]:
    return [one for one in findings if one.side is side]


def _to_json(one: Finding) -> dict[str, str]:
    return asdict(one) | {"verdict": one.verdict.value, "side": one.side.value}


def _from_json(one: dict[str, str]) -> Finding:
    return Finding(**(one | {"verdict": Verdict(one["verdict"]), "side": Side(one["side"])}))  # type: ignore[arg-type]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
