"""kill -9 of each process in turn while mails and answers flow: nothing lost, nothing sent twice."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from outreach import web
from outreach.answering.models import Response
from outreach.campaigns.models import DeliveryEvent, Invitation, Message
from outreach.campaigns.sending import CONNECTIONS
from outreach.campaigns.states import InvitationState, MessageState
from outreach.database import transaction
from outreach.profiles.models import ProfileEntry, Result
from outreach.pupils.models import Pupil, PupilAddress
from outreach.reports.exporting import results_of
from outreach.running.mailbox_store import TO_HEADER
from outreach.running.records import wait_until
from outreach.settings import Settings, load
from outreach.wiring import wire
from tests.contract.catching import Catcher, CaughtMail, catch_mail, free_port
from tests.failures.journey import (
    DOMAIN,
    CountKeeper,
    School,
    Students,
    going_on,
    make_journey_school,
)
from tests.failures.killing import Kill, kill_member, kill_sender, kill_web_child
from tests.failures.running_set import PATIENCE, RunningSet, environ_for

pytestmark = pytest.mark.failure

Caught = Callable[[], list[CaughtMail]]

PUPILS_A_KILL = 3
SECONDS_A_MAIL = 1.0


def flush_redis(running: RunningSet) -> None:
    parts = wire(running.settings)
    parts.redis.flushall()
    parts.redis.close()


KILLS: dict[str, Kill] = {
    "the sender": kill_sender,
    "worker.1": partial(kill_member, name="worker.1"),
    "worker.2": partial(kill_member, name="worker.2"),
    "schedule": partial(kill_member, name="schedule"),
    "web": partial(kill_member, name="web"),
    "a web process": kill_web_child,
    "valkey": partial(kill_member, name="valkey"),
    "FLUSHALL": flush_redis,
    "postgres": partial(kill_member, name="postgres"),
}
SUPERVISOR, MAILBOX = "supervisor", "mailbox"
GROUPS = [*KILLS, SUPERVISOR, MAILBOX]
WITH_MAIL_IN_HAND = ("the sender", "worker.1", "worker.2", SUPERVISOR, MAILBOX)
"""Kills after which a mail's fate may be unknown."""


def test_nothing_is_lost_or_sent_twice_whatever_is_killed(set_dir: Path) -> None:
    port = free_port()
    with catch_mail() as catcher:
        catcher.seconds_a_mail = SECONDS_A_MAIL
        running = RunningSet(set_dir, PORT=str(port), SMTP_URL=catcher.url)
        try:
            running.wait_until_ready()
            with wired_to(load(environ_for(set_dir, PORT=str(port), SMTP_URL=catcher.url))) as own:
                running = kill_each(running, own, catcher, port)
        finally:
            running.end()


def kill_each(running: RunningSet, own: web.Parts, catcher: Catcher, port: int) -> RunningSet:
    school = make_journey_school(own, GROUPS, PUPILS_A_KILL)
    counts = CountKeeper(school)

    def caught() -> list[CaughtMail]:
        with catcher.lock:
            return [*catcher.mails, *read_mailbox(running.data_dir)]

    students = Students(caught, f"http://127.0.0.1:{port}")
    with going_on(counts.keep, students.answer, students.answer, students.answer):
        for group, kill in KILLS.items():
            launch_until_mail_flows(school, group, caught)
            kill(running)
        launch_until_mail_flows(school, SUPERVISOR, caught)
        running.end(signal.SIGKILL)
        running = RunningSet(running.data_dir, PORT=str(port))  # from here on, its own mailbox
        running.wait_until_ready()
        launch_until_mail_flows(school, MAILBOX, caught)
        kill_member(running, "mailbox")
        everybody = len(GROUPS) * PUPILS_A_KILL
        assert wait_until(lambda: is_settled(counts, students, caught()), 2 * PATIENCE), (
            [(one.messages, one.invitations) for one in counts.look()],
            len(students.finished),
            running.text,
        )
    assert counts.looks > len(GROUPS)
    assert counts.wrong == []
    assert students.setbacks, "no page failed: nothing was put to the test"
    check_mails(school, caught(), everybody)
    check_answers(school, students)
    return running


def launch_until_mail_flows(school: School, group: str, caught: Caught) -> None:
    """Until the first mail of this group has reached the mail server, which has yet to reply."""
    before = len(caught())
    school.launch(group)
    wait_until(lambda: len(caught()) > before, PATIENCE)


def is_settled(counts: CountKeeper, students: Students, mails: list[CaughtMail]) -> bool:
    """Every mail has its last state, who has one has answered, and every answer is written back."""
    totals: Counter[object] = Counter()
    for one in counts.look():
        totals.update(one.messages)
        totals.update(one.invitations)
    fates = totals[MessageState.ACCEPTED] + totals[MessageState.UNKNOWN]
    return (
        fates == len(GROUPS) * PUPILS_A_KILL
        and len(students.finished) == len(mails)
        and totals[InvitationState.WRITTEN_BACK] == len(students.finished)
    )


def check_mails(school: School, mails: list[CaughtMail], everybody: int) -> None:
    """Accepted is what arrived; what arrived is accepted or unknown; nothing arrived twice."""
    received = Counter(mail.recipient for mail in mails)
    assert set(received.values()) == {1}, received
    with transaction(school.wired.sessions, school.id) as session:
        rows = session.execute(
            select(PupilAddress.address, Message.state, Pupil.id)
            .join(Pupil, Pupil.id == PupilAddress.pupil_id)
            .join(Invitation, Invitation.pupil_id == Pupil.id)
            .join(Message, Message.invitation_id == Invitation.id)
        ).all()
        cut_off = session.scalars(
            select(DeliveryEvent.message_id).where(DeliveryEvent.kind == MessageState.UNKNOWN.value)
        ).all()
    assert len(rows) == everybody
    states = {row.address: row.state for row in rows}
    accepted = {address for address, state in states.items() if state is MessageState.ACCEPTED}
    unknown = {address for address, state in states.items() if state is MessageState.UNKNOWN}
    assert accepted | unknown == set(states)
    assert accepted <= set(received)
    assert set(received) <= accepted | unknown
    assert cut_off, "no mail was in hand: nothing was put to the test"
    assert len(cut_off) == len(set(cut_off)) <= CONNECTIONS * len(WITH_MAIL_IN_HAND)
    assert len(unknown) <= len(cut_off)  # a student's answer has settled the others


def check_answers(school: School, students: Students) -> None:
    """Whatever the service said it had taken is in the results; each is written back once."""
    exported: dict[str, dict[str, object]] = {}
    with transaction(school.wired.sessions, school.id) as session:
        for campaign in school.campaigns.values():
            for row in results_of(session, school.wired.library, campaign).rows:
                number = int((row.mis_id or "")[1:])
                address = f"s{number}@{DOMAIN}"
                assert address not in exported
                exported[address] = dict(row.answers)
        twice = session.execute(
            select(ProfileEntry.response_id, ProfileEntry.field)
            .group_by(ProfileEntry.response_id, ProfileEntry.field)
            .having(func.count() > 1)
        ).all()
        responses = set(session.scalars(select(Response.id)))
        results = Counter(session.scalars(select(Result.response_id)))
        entries = set(session.scalars(select(ProfileEntry.response_id)))
    assert set(exported) == students.finished
    for address, given in students.given.items():
        assert given.items() <= exported[address].items(), address
    assert twice == []
    assert len(responses) == len(exported)
    assert set(results) == entries == responses
    assert len(set(results.values())) == 1


def read_mailbox(data_dir: Path) -> list[CaughtMail]:
    mails = []
    for path in sorted((data_dir / "mailbox").glob("*.eml")):
        message = message_from_bytes(path.read_bytes(), policy=default)
        mails.append(CaughtMail(message[TO_HEADER], message))
    return mails


@contextmanager
def wired_to(settings: Settings) -> Iterator[web.Parts]:
    """The test's own hold on the database of the set."""
    own = wire(settings, pool_size=3)
    yield own
    own.sessions.kw["bind"].dispose()
    own.redis.close()
