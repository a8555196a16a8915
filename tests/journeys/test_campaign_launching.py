"""Launching: frozen at once, written block by block, and counts that add up all the way."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from outreach import web
from outreach.audit import OPERATOR
from outreach.campaigns import launching, steering, tracking
from outreach.campaigns.audience import work_out
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.launching import begin_sending, launch, write_blocks, write_next_block
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.pinning import pins_of
from outreach.clock import LONDON, london_date, now
from outreach.database import transaction
from outreach.errors import Refusal
from outreach.pupils.models import GroupKind, GroupMember, Pupil, RosterGroup
from outreach.pupils.reach.reasons import Reason
from outreach.queues import DueWork, Work
from tests.answered import launch_campaign
from tests.factories import MadeSchool, make_pupil, make_school
from tests.outbox import Outbox, add_up, draft


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "BLOCK_OF", 4)


@pytest.fixture
def school(wired: web.Parts) -> MadeSchool:
    return make_school(wired.sessions)


@pytest.fixture
def session(wired: web.Parts, school: MadeSchool) -> Iterator[Session]:
    with transaction(wired.sessions, school.id) as opened:
        yield opened


def press(outbox: Outbox) -> None:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        launch(session, outbox.campaign_id, OPERATOR, now())


def write_one(outbox: Outbox) -> bool:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        return write_next_block(session, now())


def make(session: Session, wired: web.Parts, **given: object) -> Campaign:
    wanted = {"years": [10], "groups": [], "closes_on": None, "questionnaire": "gcse"} | given
    return create_campaign(
        session,
        wired.library,
        name="Spring",
        created_by=None,
        now=now(),
        **wanted,  # type: ignore[arg-type]
    )


@pytest.mark.usefixtures("small_blocks")
def test_counts_add_up_from_the_draft_to_the_last_block(wired: web.Parts) -> None:
    outbox = draft(wired, pupils=10)
    with transaction(wired.sessions, outbox.school.id) as session:
        make_pupil(session, work=None)
    seen = [outbox.status()]
    press(outbox)
    seen.append(outbox.status())
    while write_one(outbox):
        seen.append(outbox.status())
    assert all(add_up(counted) for counted in seen)
    assert [counted.asked for counted in seen] == [11] * 5
    assert [outbox.invitations, outbox.mails] == [{"not_started": 11}, {"queued": 10}]
    assert outbox.status().excluded == {Reason.NO_ADDRESS: 1}


@pytest.mark.usefixtures("small_blocks")
def test_a_launch_killed_half_way_goes_on_where_it_was(wired: web.Parts) -> None:
    outbox = draft(wired, pupils=10)
    press(outbox)
    write_one(outbox)
    assert outbox.campaign.state.value == "launching"
    assert outbox.invitations == {"not_started": 4, "preparing": 6}
    assert write_blocks(wired, outbox.school.id)
    assert outbox.campaign.state.value == "sending"
    assert outbox.mails == {"queued": 10}


@pytest.mark.usefixtures("small_blocks")
def test_two_workers_write_different_blocks(wired: web.Parts) -> None:
    outbox = draft(wired, pupils=8)
    press(outbox)
    with (
        transaction(wired.sessions, outbox.school.id) as one,
        transaction(wired.sessions, outbox.school.id) as other,
    ):
        assert write_next_block(one, now())
        assert write_next_block(other, now())
        assert not begin_sending(other, now())  # the first is not committed yet
    assert write_blocks(wired, outbox.school.id)
    assert outbox.mails == {"queued": 8}


def test_launching_twice_has_one_effect(wired: web.Parts) -> None:
    outbox = draft(wired, pupils=2)
    press(outbox)
    with pytest.raises(Refusal, match="launched once"):
        press(outbox)
    assert write_blocks(wired, outbox.school.id)
    assert outbox.mails == {"queued": 2}


def test_a_campaign_in_which_nobody_can_be_mailed_is_not_launched(wired: web.Parts) -> None:
    outbox = draft(wired, pupils=0)
    with pytest.raises(Refusal, match="nobody to ask"):
        press(outbox)
    with transaction(wired.sessions, outbox.school.id) as session:
        make_pupil(session, work=None)
    with pytest.raises(Refusal, match="Has no email address"):
        press(outbox)
    assert outbox.campaign.state.value == "draft"


def test_the_audience_is_frozen_at_launch(wired: web.Parts) -> None:
    outbox = draft(wired, pupils=2)
    press(outbox)
    with transaction(wired.sessions, outbox.school.id) as session:
        make_pupil(session)
    assert outbox.status().asked == 2


@pytest.mark.usefixtures("small_blocks")
def test_a_launch_that_is_paused_is_written_on_and_sends_only_once_resumed(
    wired: web.Parts,
) -> None:
    outbox = draft(wired, pupils=6)
    press(outbox)
    write_one(outbox)
    steer(outbox, steering.pause)
    assert write_blocks(wired, outbox.school.id)
    assert outbox.campaign.state.value == "paused"
    steer(outbox, steering.resume)
    assert outbox.campaign.state.value == "sending"
    assert outbox.mails == {"queued": 6}


@pytest.mark.usefixtures("small_blocks")
def test_a_launch_resumed_before_it_is_written_goes_on_launching(wired: web.Parts) -> None:
    outbox = draft(wired, pupils=6)
    press(outbox)
    steer(outbox, steering.pause)
    steer(outbox, steering.resume)
    assert outbox.campaign.state.value == "launching"
    assert write_blocks(wired, outbox.school.id)
    assert outbox.campaign.state.value == "sending"


@pytest.mark.usefixtures("small_blocks")
def test_a_launch_that_is_cancelled_half_way_stops_everybody_and_still_adds_up(
    wired: web.Parts,
) -> None:
    outbox = draft(wired, pupils=6)
    press(outbox)
    write_one(outbox)
    steer(outbox, steering.cancel)
    assert add_up(outbox.status())
    assert write_blocks(wired, outbox.school.id)
    assert outbox.invitations == {"stopped": 6}
    assert outbox.mails == {"stopped": 4}


@pytest.mark.usefixtures("small_blocks")
def test_a_pupil_erased_while_the_launch_is_written_leaves_the_counts(wired: web.Parts) -> None:
    outbox = draft(wired, pupils=5)
    press(outbox)
    with transaction(wired.sessions, outbox.school.id) as session:
        first = session.scalars(select(Pupil.id).limit(1)).one()
        session.execute(delete(Pupil).where(Pupil.id == first))
    assert write_blocks(wired, outbox.school.id)
    assert add_up(outbox.status())
    assert outbox.invitations == {"not_started": 4, "stopped": 1}


def test_a_lost_bell_for_a_launch_is_found_in_the_database(wired: web.Parts) -> None:
    outbox = draft(wired)
    press(outbox)
    wired.redis.flushdb()
    with transaction(wired.sessions) as session:
        assert session.get(DueWork, (outbox.school.id, Work.LAUNCH)) is not None


def test_years_and_groups_are_asked_together(session: Session, wired: web.Parts) -> None:
    make_pupil(session, year=10)
    grouped = make_pupil(session, year=11)
    make_pupil(session, year=9)
    group = RosterGroup(school_id=grouped.school_id, kind=GroupKind.REGISTRATION, name="11A")
    session.add(group)
    session.flush()
    session.add(GroupMember(school_id=grouped.school_id, pupil_id=grouped.id, group_id=group.id))
    session.flush()
    assert work_out(session, make(session, wired, groups=["11A"]), now()).asked == 2
    assert work_out(session, make(session, wired, years=[], groups=["11A"]), now()).asked == 1


def test_those_who_left_or_are_missing_are_asked_for_and_excluded(
    session: Session, wired: web.Parts
) -> None:
    make_pupil(session, leaving_date=london_date(now()) - timedelta(days=1))
    make_pupil(session, missing_since=now())
    audience = work_out(session, make(session, wired), now())
    assert (audience.asked, audience.mailable) == (2, 0)
    assert audience.excluded == {Reason.LEFT_SCHOOL: 1, Reason.MISSING_FROM_SYNC: 1}


def test_whoever_answered_this_school_year_is_not_asked_twice(
    session: Session, wired: web.Parts
) -> None:
    make_pupil(session)
    launch_campaign(session, wired.library, now())
    tracking.mark_submitted(session, session.scalars(select(Invitation)).one(), now())
    second = make(session, wired)
    assert work_out(session, second, now()).excluded == {Reason.ALREADY_ANSWERED: 1}
    assert work_out(session, second, now() + timedelta(days=366)).excluded == {}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"years": []}, "at least one year or one group"),
        ({"groups": ["10Z"]}, "no group 10Z"),
        ({"questionnaire": "nothing"}, "no published questionnaire"),
        ({"closes_on": date(2020, 1, 1)}, "in the past"),
    ],
)
def test_a_campaign_that_cannot_be_is_refused_with_the_mend(
    session: Session, wired: web.Parts, given: dict[str, object], words: str
) -> None:
    with pytest.raises(Refusal, match=words):
        make(session, wired, **given)


def test_a_campaign_pins_its_questionnaire_and_closes_at_the_end_of_the_london_day(
    session: Session, wired: web.Parts
) -> None:
    day = london_date(now()) + timedelta(days=30)
    made = make(session, wired, closes_on=day)
    latest = wired.library.latest("gcse")
    pin, *others = pins_of(session, made.id)
    assert (pin.questionnaire, pin.version, pin.sha256) == ("gcse", latest.version, latest.sha256)
    assert all(one.is_supported for one in others)
    assert made.closes_at is not None
    closes = made.closes_at.astimezone(LONDON)
    assert (closes.date(), closes.hour, closes.minute, closes.second) == (day, 23, 59, 59)


def steer(outbox: Outbox, verb: object) -> None:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        verb(session, outbox.campaign_id, OPERATOR, now())  # type: ignore[operator]
