"""What staff see of the tests: one row a test, and one test whole."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.database import school_of
from outreach.it_team.models import Arrival, ItTest
from outreach.it_team.openings import Openings, openings
from outreach.it_team.pasted_headers import Reading, Result
from outreach.pupils.sync.sealing import CannotOpen, Sealer
from outreach.schools.models import AccountMail, AccountMailState

MOST_SHOWN = 100
ARRIVALS = {
    Arrival.INBOX: "Inbox",
    Arrival.JUNK: "Junk",
    Arrival.QUARANTINE: "Quarantine",
    Arrival.NOWHERE: "Did not arrive",
}
_S = AccountMailState
_STATES = {
    _S.QUEUED: "Waits to be sent",
    _S.SENDING: "Is being sent",
    _S.SENT: "Taken by the mail server",
    _S.HELD: "Held: a demonstration's mail does not leave",
    _S.FAILED: "Refused",
    _S.UNKNOWN: "May have been sent: the connection broke",
}


@dataclass(frozen=True)
class TestView:
    """`mail_words` are the server's own, where it refused or put off."""

    id: UUID
    unit: str
    address: str = field(repr=False)
    made_at: datetime
    mail: str
    mail_tone: str
    mail_words: str
    arrival: Arrival | None
    told_at: datetime | None
    told_by_staff: bool
    headers: Reading | None
    openings: Openings

    @property
    def arrival_words(self) -> str:
        return ARRIVALS[self.arrival] if self.arrival else "Nobody has said"

    @property
    def arrival_tone(self) -> str:
        if self.arrival is None:
            return "neutral"
        return {Arrival.INBOX: "good", Arrival.NOWHERE: "bad"}.get(self.arrival, "warn")


def list_tests(session: Session, sealing: Sealer) -> list[TestView]:
    """The newest first."""
    found = session.execute(
        select(ItTest, AccountMail)
        .outerjoin(AccountMail, AccountMail.it_test_id == ItTest.id)
        .where(ItTest.school_id == school_of(session))
        .order_by(ItTest.made_at.desc(), ItTest.id)
        .limit(MOST_SHOWN)
    )
    return [_view(session, test, mail, sealing) for test, mail in found]


def show_test(session: Session, test: ItTest, sealing: Sealer) -> TestView:
    mail = session.scalar(select(AccountMail).where(AccountMail.it_test_id == test.id))
    return _view(session, test, mail, sealing)


def _view(session: Session, test: ItTest, mail: AccountMail | None, sealing: Sealer) -> TestView:
    handed_over = mail.ended_at if mail is not None and mail.state is _S.SENT else None
    return TestView(
        id=test.id,
        unit=test.unit,
        address=_address(test, sealing),
        made_at=test.made_at,
        mail=_STATES[mail.state] if mail else "Not sent",
        mail_tone=_tone(mail),
        mail_words=(mail.words or "") if mail else "",
        arrival=test.arrival,
        told_at=test.told_at,
        told_by_staff=test.told_by_staff,
        headers=_reading(test),
        openings=openings(session, test, handed_over),
    )


def _tone(mail: AccountMail | None) -> str:
    if mail is None or mail.state is _S.FAILED:
        return "bad"
    if mail.state is _S.SENT:
        return "good"
    return "warn" if mail.state in (_S.HELD, _S.UNKNOWN) or mail.words else "info"


def _address(test: ItTest, sealing: Sealer) -> str:
    try:
        return sealing.open(test.sealed_address)
    except CannotOpen:
        return "(sealed under a key that is not in force any more)"


def _reading(test: ItTest) -> Reading | None:
    if test.headers is None:
        return None
    results = tuple(Result(*one) for one in test.headers["results"])
    return Reading(results, tuple(test.headers["spam"]), test.headers["is_spam"])
