"""The canary: how often a test's link is opened, and how soon, before a person says where the mail was.

The one GET in this service that counts. It names no pupil. Who opened is not recorded: by address or
browser a scanner cannot be told from a person. What a browser asked for from which the answer came
is taken out afterwards; the rest is a scanner's.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from outreach.database import enter_school, school_of
from outreach.it_team.models import ItTest, ItTestFetch
from outreach.schools.models import School
from outreach.signing import BadToken, Purpose, TokenSigner

MOST_COUNTED = 200
"""Of one test: whoever has the link could fill a table with it."""
AT_ONCE = timedelta(seconds=60)
"""Sooner than a person opens a mail and presses its button, as a rule."""


@dataclass(frozen=True)
class Openings:
    """Automatic as far as can be told: see above. `seconds` is from the handing over to the first;
    `at_once` counts those of the first minute."""

    by_method: dict[str, int]
    seconds: float | None
    at_once: int
    is_settled: bool
    """A person has answered through the link, so that their own openings are not among them."""

    @property
    def total(self) -> int:
        return sum(self.by_method.values())


def open_test_link(session: Session, signer: TokenSigner, token: str) -> tuple[School, ItTest]:
    """Enter the school of the test. Raises BadToken, also where the test was removed."""
    subject = signer.verify(Purpose.IT_TEST, token)
    school = session.scalar(select(School).where(School.key == subject.school_key))
    if school is None:
        raise BadToken
    enter_school(session, school.id)
    test = session.get(ItTest, (school.id, subject.row_id))
    if test is None:
        raise BadToken
    return school, test


def count_opening(session: Session, test: ItTest, method: str, now: datetime) -> UUID | None:
    """Its id; None where it is not counted, because a person has answered or there were too many."""
    if test.told_by_link or _count(session, test) >= MOST_COUNTED:
        return None
    fetch = ItTestFetch(school_id=school_of(session), test_id=test.id, method=method, at=now)
    session.add(fetch)
    session.flush()
    return fetch.id


def take_out(session: Session, test: ItTest, fetch_ids: Collection[UUID]) -> None:
    """A person answered from the browser that made these."""
    session.execute(
        update(ItTestFetch)
        .where(
            ItTestFetch.school_id == school_of(session),
            ItTestFetch.test_id == test.id,
            ItTestFetch.id.in_(fetch_ids),
        )
        .values(is_person=True)
    )


def openings(session: Session, test: ItTest, handed_over: datetime | None) -> Openings:
    found = session.execute(
        select(ItTestFetch.method, ItTestFetch.at)
        .where(
            ItTestFetch.school_id == school_of(session),
            ItTestFetch.test_id == test.id,
            ItTestFetch.is_person.is_(False),
        )
        .order_by(ItTestFetch.at)
    ).all()
    by_method: dict[str, int] = {}
    for method, _ in found:
        by_method[method] = by_method.get(method, 0) + 1
    seconds, at_once = None, 0
    if handed_over is not None and found:
        seconds = max(0.0, (found[0][1] - handed_over).total_seconds())
        at_once = sum(at - handed_over <= AT_ONCE for _, at in found)
    return Openings(by_method, seconds, at_once, test.told_by_link)


def _count(session: Session, test: ItTest) -> int:
    here = (ItTestFetch.school_id == school_of(session), ItTestFetch.test_id == test.id)
    return session.scalar(select(func.count()).select_from(ItTestFetch).where(*here)) or 0
