"""Test mails to mailboxes that the IT team names, one for each unit of its directory.

No pupil is written to: an address on the roster is refused, and so is one on the list of addresses
that must not be mailed. Both are asked again when the mail is composed.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from outreach.audit import Actor, record
from outreach.database import school_of
from outreach.errors import NotFound, Refusal
from outreach.it_team.models import Arrival, ItTest
from outreach.it_team.pasted_headers import Reading, read_headers
from outreach.mail.addresses import AddressFault, check
from outreach.pupils.addresses import address_key, hash_address
from outreach.pupils.models import PupilAddress, Suppression
from outreach.pupils.sync.sealing import Sealer
from outreach.schools.account_mail import queue_account_mail
from outreach.schools.models import AccountMail, AccountMailKind

SEALING = b"outreach.it-test-address"
LONGEST_UNIT = 80
MOST_A_DAY = 20
KEPT_FOR = timedelta(days=90)
"""A later test removes those that are older."""
ON_ROSTER = (
    "This address is a pupil's on the roster, and a test writes to no pupil. Name a test mailbox in "
    "the same unit; if there is none, make one there for this."
)
NOT_TO_BE_MAILED = (
    "This address is on the school's list of addresses that must not be mailed. Name another mailbox "
    "in the same unit."
)


class BadTest(Refusal):
    """Something that was typed cannot be right; `faults` says what, by field."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = faults


def sealer(secret_keys: tuple[str, ...]) -> Sealer:
    return Sealer(secret_keys, SEALING)


def send_test(
    session: Session, sealing: Sealer, unit: str, typed: str, actor: Actor, now: datetime
) -> UUID:
    """Queue one test mail. Raises BadTest, and Refusal where there were too many today."""
    unit = " ".join(unit.split())
    checked = check(typed.strip())
    faults: dict[str, str] = {}
    if not unit:
        faults["unit"] = "Enter the unit that the mailbox is in, such as “Year 10 students”."
    elif len(unit) > LONGEST_UNIT:
        faults["unit"] = f"This is too long: {LONGEST_UNIT} characters at most."
    if isinstance(checked, AddressFault):
        faults["address"] = checked.reason
    if faults or isinstance(checked, AddressFault):
        raise BadTest(faults)
    address_hash = hash_address(address_key(session), checked)
    why_not = why_not_mailed(session, address_hash, now)
    if why_not is not None:
        raise BadTest({"address": why_not})
    _require_few_today(session, now)
    session.execute(
        delete(ItTest).where(
            ItTest.school_id == school_of(session), ItTest.made_at < now - KEPT_FOR
        )
    )
    test = ItTest(
        school_id=school_of(session),
        unit=unit,
        sealed_address=sealing.seal(checked),
        address_hash=address_hash,
        made_by=actor.id,
        made_at=now,
    )
    session.add(test)
    session.flush()
    queue_account_mail(
        session,
        None,
        AccountMailKind.IT_TEST,
        now,
        school_id=school_of(session),
        it_test_id=test.id,
    )
    record(session, now, actor, "it_team.test_sent", "it_test", test.id)
    return test.id


def why_not_mailed(session: Session, address_hash: bytes, now: datetime) -> str | None:
    """In words for the IT team, or None where a test may go there."""
    here = school_of(session)
    on_roster = select(PupilAddress.pupil_id).where(
        PupilAddress.school_id == here, PupilAddress.address_hash == address_hash
    )
    if session.scalar(on_roster.limit(1)) is not None:
        return ON_ROSTER
    suppressed = select(Suppression.at).where(
        Suppression.school_id == here,
        Suppression.address_hash == address_hash,
        or_(Suppression.expires_at.is_(None), Suppression.expires_at > now),
    )
    return NOT_TO_BE_MAILED if session.scalar(suppressed) is not None else None


def find_test(session: Session, test_id: UUID) -> ItTest:
    """Raises NotFound."""
    test = session.get(ItTest, (school_of(session), test_id))
    if test is None:
        raise NotFound("There is no such test.")
    return test


def tell(
    session: Session, test: ItTest, arrival: Arrival, now: datetime, *, by: Actor | None
) -> None:
    """Where the mail was found, by a staff member's word or (`by` is None) through its link."""
    test.arrival, test.told_at, test.told_by_staff = arrival, now, by is not None
    if by is None:
        test.told_by_link = True
    else:
        record(session, now, by, "it_team.test_told", "it_test", test.id, arrival=arrival.value)


def keep_headers(test: ItTest, pasted: str) -> Reading:
    """What they say is kept and they are not: they name people."""
    reading = read_headers(pasted)
    if reading.results or reading.spam:
        test.headers = {
            "results": [[one.method, one.value, one.domain] for one in reading.results],
            "spam": list(reading.spam),
            "is_spam": reading.is_spam,
        }
    return reading


def remove_test(session: Session, test_id: UUID, actor: Actor, now: datetime) -> None:
    """With its openings. A mail that waits is not sent. Raises NotFound."""
    session.delete(find_test(session, test_id))
    record(session, now, actor, "it_team.test_removed", "it_test", test_id)


def _require_few_today(session: Session, now: datetime) -> None:
    """By the outbox, where a mail stays when its test is removed."""
    today = select(func.count()).where(
        AccountMail.school_id == school_of(session),
        AccountMail.kind == AccountMailKind.IT_TEST,
        AccountMail.queued_at > now - timedelta(days=1),
    )
    if (session.scalar(today) or 0) >= MOST_A_DAY:
        words = f"Your school has sent {MOST_A_DAY} tests in the last 24 hours. Send more tomorrow."
        raise Refusal(words)
