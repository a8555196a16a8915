"""A campaign chases by itself: by school days, once a step, and only whoever has not answered."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

import workers.remind
from outreach import web
from outreach.audit import OPERATOR, AuditEvent
from outreach.campaigns import muting, steering
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.delivery import deliver
from outreach.campaigns.launching import begin_sending, launch, write_next_block
from outreach.campaigns.models import Campaign, Link, Message
from outreach.campaigns.reminder_models import CampaignReminder
from outreach.campaigns.reminding import remind, reminds_at_earliest
from outreach.campaigns.states import REMINDERS, MessageState, MessageStep, ReminderState
from outreach.clock import london
from outreach.database import transaction
from outreach.profiles.copy_mailing import MAKERS
from outreach.queues import DueWork, Work
from outreach.schools.access import COOKIE_KEY
from outreach.schools.models import (
    Connection,
    Role,
    SharingAgreement,
    StaffMember,
)
from outreach.schools.sessions import open_session
from outreach.schools.terms import TypedCalendar, change_calendar
from tests.answered import answer_and_submit, invitation_of
from tests.contract.catching import Catcher
from tests.factories import MadeSchool, make_pupil, make_school
from tests.journeys.dsl import TurnedClock
from tests.journeys.staff_pages import submit

MONDAY = datetime(2026, 11, 23, 11, tzinfo=UTC)
CLOSES = date(2026, 12, 18)
FRIDAY = datetime(2026, 11, 27, 10, tzinfo=UTC)
"""The fourth school day after the launch, at ten in London."""

ANN, BEN, CAT, DAN = (
    "ann@hill.example",
    "ben@hill.example",
    "cat@hill.example",
    "dan@hill.example",
)


@dataclass
class Chase:
    app: Flask
    clock: TurnedClock
    school: MadeSchool
    campaign_id: UUID
    pupils: dict[str, UUID]

    @property
    def parts(self) -> web.Parts:
        return self.app.extensions["outreach"]

    def in_school(self) -> Iterator[Session]:
        return transaction(self.parts.sessions, self.school.id)

    def at(self, moment: datetime) -> None:
        """Turn the clock, do what is due, and deliver what that queued."""
        self.clock.moment = moment
        workers.remind.run(str(self.school.id))
        deliver(self.parts, self.school.id, MAKERS)

    def states(self) -> dict[MessageStep, ReminderState]:
        with self.in_school() as session:
            rows = session.execute(select(CampaignReminder.step, CampaignReminder.state))
            return dict(rows.all())

    def due(self) -> dict[MessageStep, datetime | None]:
        with self.in_school() as session:
            rows = session.execute(select(CampaignReminder.step, CampaignReminder.due_at))
            return {step: due and london(due) for step, due in rows}

    def mail_states(self, address: str) -> dict[MessageStep, MessageState]:
        with self.in_school() as session:
            mine = invitation_of(session, self.campaign_id, self.pupils[address]).id
            rows = session.execute(
                select(Message.step, Message.state).where(Message.invitation_id == mine)
            )
            return dict(rows.all())

    def staff(self, role: Role = Role.CAREERS_LEADER) -> FlaskClient:
        """A browser that signed in just now, by the turned clock."""
        with self.in_school() as session:
            member = session.get_one(StaffMember, (self.school.id, self.school.staff[role]))
            secret = open_session(session, member.account_id, self.school.id, self.clock())
        client = self.app.test_client()
        with client.session_transaction() as cookie:
            cookie[COOKIE_KEY] = secret
        return client

    @property
    def page(self) -> str:
        return f"/staff/campaigns/{self.campaign_id}"


@pytest.fixture
def begin(app: Flask, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Chase]:
    """A campaign that was launched on a Monday at eleven, and its invites delivered."""
    clock.moment = MONDAY
    monkeypatch.setattr(workers.remind, "parts", lambda: app.extensions["outreach"])

    def begun(*addresses: str, closes_on: date | None = CLOSES, is_launched: bool = True) -> Chase:
        parts: web.Parts = app.extensions["outreach"]
        school = make_school(parts.sessions, Role.CAREERS_LEADER, Role.VIEWER)
        with transaction(parts.sessions, school.id) as session:
            pupils = {one: make_pupil(session, work=one).id for one in addresses or (ANN,)}
            campaign = create_campaign(
                session,
                parts.library,
                name="Autumn",
                questionnaire="gcse",
                years=[10],
                groups=[],
                closes_on=closes_on,
                created_by=None,
                now=clock(),
            )
            if is_launched:
                launch(session, campaign.id, OPERATOR, clock())
                while write_next_block(session, clock()):
                    pass
                begin_sending(session, clock())
        if is_launched:
            deliver(parts, school.id, MAKERS)
        return Chase(app, clock, school, campaign.id, pupils)

    return begun


def test_a_campaign_reminds_by_school_days_until_the_student_has_answered(
    begin: Callable[..., Chase], mailbox: Catcher
) -> None:
    mailbox.cut.add(DAN)  # the connection breaks after the body: nobody knows
    chase = begin(ANN, BEN, CAT, DAN)
    assert [at and (at.day, at.month, at.hour) for at in map(chase.due().get, REMINDERS)] == [
        (27, 11, 10),
        (4, 12, 10),
        (10, 12, 10),
        (17, 12, 10),
    ]
    assert chase.mail_states(DAN) == {MessageStep.INVITE: MessageState.UNKNOWN}
    mailbox.cut.clear()
    with chase.in_school() as session:
        answer_and_submit(
            session, chase.parts.library, chase.campaign_id, chase.pupils[BEN], chase.clock()
        )
        muting.stop_mail(
            session, invitation_of(session, chase.campaign_id, chase.pupils[CAT]), chase.clock()
        )

    chase.at(FRIDAY - timedelta(minutes=1))
    assert len(mailbox.mails) == 4, "nothing before its time"
    for _ in range(3):
        chase.at(FRIDAY)
    invite, reminder = mailbox.sent_to(ANN)
    assert reminder.link == invite.link, "the same link as the invite's"
    assert reminder.one_click_url == invite.one_click_url
    assert reminder.message["Subject"].startswith("A reminder:")
    assert reminder.message["Message-ID"] != invite.message["Message-ID"]
    assert len(mailbox.sent_to(DAN)) == 2, "an unknown invite is reached by the reminder"
    assert len(mailbox.sent_to(BEN)) == 1
    assert len(mailbox.sent_to(CAT)) == 1

    chase.at(datetime(2026, 12, 4, 10, tzinfo=UTC))
    with chase.in_school() as session:
        answer_and_submit(
            session, chase.parts.library, chase.campaign_id, chase.pupils[ANN], chase.clock()
        )
    chase.at(datetime(2026, 12, 10, 10, 5, tzinfo=UTC))
    chase.at(datetime(2026, 12, 17, 10, 5, tzinfo=UTC))
    chase.at(datetime(2026, 12, 18, 10, 5, tzinfo=UTC))

    assert len(mailbox.sent_to(ANN)) == 3
    subjects = [mail.message["Subject"] for mail in mailbox.sent_to(DAN)]
    assert len(set(subjects)) == 5, "each is different"
    lengths = [len(mail.text.split()) for mail in mailbox.sent_to(DAN)]
    assert lengths == sorted(lengths, reverse=True)
    assert set(chase.states().values()) == {ReminderState.SENT}
    with chase.in_school() as session:
        queued = session.execute(select(CampaignReminder.step, CampaignReminder.queued)).all()
        assert dict(queued) == dict(zip(REMINDERS, (2, 2, 1, 1), strict=True))
        assert reminds_at_earliest(session, chase.clock()) is None
        assert session.get(DueWork, (chase.school.id, Work.REMIND)) is None
        told = select(AuditEvent.detail).where(AuditEvent.action == "campaign.reminded")
        assert [one["queued"] for one in session.scalars(told.order_by(AuditEvent.at))] == [
            2,
            2,
            1,
            1,
        ]
    page = chase.staff().get(chase.page).text
    assert "17 December 2026 at 10:05am, 1 mail" in page


def test_a_reminder_is_sent_once_by_two_workers_at_once_and_by_a_clock_set_back(
    begin: Callable[..., Chase], mailbox: Catcher
) -> None:
    chase = begin(ANN, BEN)
    chase.clock.moment = FRIDAY

    def work(_: int) -> None:
        workers.remind.run(str(chase.school.id))

    with ThreadPoolExecutor(4) as crowd:
        list(crowd.map(work, range(8)))
    deliver(chase.parts, chase.school.id, MAKERS)
    chase.at(FRIDAY - timedelta(hours=1))
    chase.at(FRIDAY + timedelta(minutes=1))

    assert len(mailbox.mails) == 4
    assert chase.states()[MessageStep.REMINDER_1] is ReminderState.SENT


def test_what_may_not_be_mailed_on_the_day_is_asked_of_the_gate_then_and_at_the_claim(
    begin: Callable[..., Chase], mailbox: Catcher
) -> None:
    chase = begin(ANN, BEN)
    with chase.in_school() as session:
        session.execute(update(SharingAgreement).values(student_email=False))
    chase.at(FRIDAY)
    assert chase.mail_states(ANN) == {MessageStep.INVITE: MessageState.ACCEPTED}

    with chase.in_school() as session:
        session.execute(update(SharingAgreement).values(student_email=True))
    chase.clock.moment = datetime(2026, 12, 4, 10, tzinfo=UTC)
    workers.remind.run(str(chase.school.id))
    with chase.in_school() as session:
        session.execute(update(SharingAgreement).values(connection=Connection.PAUSED))
    deliver(chase.parts, chase.school.id, MAKERS)

    assert chase.mail_states(ANN)[MessageStep.REMINDER_2] is MessageState.STOPPED
    assert len(mailbox.mails) == 2
    with chase.in_school() as session:
        session.execute(update(SharingAgreement).values(connection=Connection.AUTHORISED))
        later = datetime(2026, 12, 10, 10, tzinfo=UTC)
        remind(session, later)
        chase.clock.moment = later
        steering.resume(session, chase.campaign_id, OPERATOR, later)
    deliver(chase.parts, chase.school.id, MAKERS)
    assert len(mailbox.sent_to(ANN)) == 2, "the third, and not the second along with it"


def test_a_late_reminder_waits_for_the_morning_or_asks_a_person(
    begin: Callable[..., Chase], mailbox: Catcher
) -> None:
    chase = begin(ANN)
    with chase.in_school() as session:
        remind(session, FRIDAY + timedelta(hours=10))  # at night, and then comes the weekend
        assert len(mailbox.mails) == 1
    chase.at(datetime(2026, 11, 30, 8, tzinfo=UTC))
    assert chase.states()[MessageStep.REMINDER_1] is ReminderState.ASKS
    careers = chase.staff()
    shown = careers.get(chase.page).text
    assert "A reminder did not go" in shown
    assert "27 November 2026 at 10:00am" in shown
    assert chase.staff(Role.VIEWER).get(chase.page).text.count("Send it now") == 0

    send = f"{chase.page}/reminders/reminder_1/send"
    assert "1 mail" in follow(careers, submit(careers, chase.page, send))
    assert "waits for nobody" in follow(careers, press(careers, chase, send))
    deliver(chase.parts, chase.school.id, MAKERS)
    assert len(mailbox.sent_to(ANN)) == 2
    assert chase.states()[MessageStep.REMINDER_1] is ReminderState.SENT

    chase.at(datetime(2026, 12, 7, 8, tzinfo=UTC))
    careers = chase.staff()
    skip = f"{chase.page}/reminders/reminder_2/skip"
    assert "left out" in follow(careers, submit(careers, chase.page, skip))
    chase.at(datetime(2026, 12, 10, 19, tzinfo=UTC))  # in the evening, nine hours late
    assert len(mailbox.sent_to(ANN)) == 2
    chase.at(datetime(2026, 12, 11, 8, tzinfo=UTC))
    assert len(mailbox.sent_to(ANN)) == 3


def press(client: FlaskClient, chase: Chase, action: str):  # type: ignore[no-untyped-def]
    """Once more, from a page that is still open."""
    return submit(client, f"{chase.page}/reminders", action)


def follow(client: FlaskClient, answer) -> str:  # type: ignore[no-untyped-def]
    assert answer.status_code == 303, answer.text
    return client.get(answer.location).text


def test_a_paused_campaign_reminds_nobody_and_a_new_link_is_the_one_that_is_sent(
    begin: Callable[..., Chase], mailbox: Catcher
) -> None:
    chase = begin(ANN, BEN)
    with chase.in_school() as session:
        steering.pause(session, chase.campaign_id, OPERATOR, chase.clock())
        ann = invitation_of(session, chase.campaign_id, chase.pupils[ANN]).id
        session.execute(
            update(Link).where(Link.invitation_id == ann).values(revoked_at=chase.clock())
        )
    chase.at(FRIDAY)
    assert len(mailbox.mails) == 2
    with chase.in_school() as session:
        assert reminds_at_earliest(session, FRIDAY) == FRIDAY + timedelta(hours=1)
        steering.resume(session, chase.campaign_id, OPERATOR, FRIDAY)
    chase.at(FRIDAY + timedelta(hours=1))

    first, second = mailbox.sent_to(ANN)
    assert first.link != second.link, "a link is made where none works"
    assert mailbox.sent_to(BEN)[0].link == mailbox.sent_to(BEN)[1].link
    student = chase.app.test_client()
    assert student.get(second.link.removeprefix("http://127.0.0.1:8000")).status_code == 200


def test_term_dates_move_what_is_planned_and_a_schedule_is_changed_by_staff(
    begin: Callable[..., Chase], mailbox: Catcher
) -> None:
    chase = begin(ANN)
    with chase.in_school() as session:
        given = TypedCalendar(
            terms="2 November 2026 to 18 December 2026", closed="27 November 2026", mails_at="9:30"
        )
        assert change_calendar(session, given, OPERATOR, chase.clock())
    chase.at(MONDAY + timedelta(minutes=1))
    moved = chase.due()[MessageStep.REMINDER_1]
    assert (moved.day, moved.month, moved.hour, moved.minute) == (30, 11, 9, 30)

    careers = chase.staff()
    form = f"{chase.page}/reminders"
    fields = {"on-reminder_1": "yes", "days-reminder_1": "2", "on-last_chance": "yes"}
    assert "changed" in follow(careers, submit(careers, form, **fields))
    assert chase.due()[MessageStep.REMINDER_1].day == 25
    assert chase.states() == {
        MessageStep.REMINDER_1: ReminderState.PLANNED,
        MessageStep.REMINDER_2: ReminderState.OFF,
        MessageStep.REMINDER_3: ReminderState.OFF,
        MessageStep.LAST_CHANCE: ReminderState.PLANNED,
    }
    chase.clock.moment = datetime(2026, 12, 1, 12, tzinfo=UTC)
    careers = chase.staff()
    late = submit(careers, form, **(fields | {"on-reminder_2": "yes", "days-reminder_2": "3"}))
    assert late.status_code == 400
    assert "which is past" in late.text
    wrong = {"on-reminder_2": "yes", "days-reminder_2": "2", "on-reminder_3": "yes"}
    refused = submit(careers, form, **(fields | wrong | {"days-reminder_3": "many"}))
    assert "Give a larger number" in refused.text
    assert "Give a number of school days from 1 to 60" in refused.text


def test_a_draft_shows_its_plan_and_without_a_closing_date_has_no_last_chance(
    begin: Callable[..., Chase],
) -> None:
    chase = begin(ANN, closes_on=None, is_launched=False)
    careers = chase.staff()
    shown = careers.get(chase.page).text
    assert "27 November 2026 at 10:00am" in shown
    assert "There is no closing date" in shown
    assert "has given no term dates" in shown

    form = f"{chase.page}/reminders"
    only = {"on-reminder_2": "yes", "days-reminder_2": "6"}
    assert "changed" in follow(careers, submit(careers, form, **only))
    with chase.in_school() as session:
        launch(session, chase.campaign_id, OPERATOR, chase.clock())
        assert not session.get_one(Campaign, (chase.school.id, chase.campaign_id)).tells_tutors
    assert {step for step, state in chase.states().items() if state is ReminderState.PLANNED} == {
        MessageStep.REMINDER_2
    }
    assert chase.due()[MessageStep.REMINDER_2].day == 1


def test_a_campaign_of_before_reminds_nobody_until_staff_say_so(
    begin: Callable[..., Chase], mailbox: Catcher
) -> None:
    chase = begin(ANN)
    with chase.in_school() as session:
        for row in session.scalars(select(CampaignReminder)).all():
            session.delete(row)
    chase.at(FRIDAY)
    assert len(mailbox.mails) == 1
    assert chase.states() == {}
