"""One response a school year: the kind page, staff's word, and what becomes of the earlier one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import select

from outreach.answering.again import Again, Why, let_answer_again
from outreach.answering.models import Response
from outreach.audit import OPERATOR, AuditEvent
from outreach.campaigns.audience import work_out
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.families import FUTURE_SKILLS, family_of
from outreach.campaigns.finding import find_campaign
from outreach.campaigns.launching import launch, write_next_block
from outreach.campaigns.models import Invitation, Link
from outreach.campaigns.states import InvitationState, MessageState
from outreach.pupils.reach.reasons import Reason
from outreach.schools.models import Role
from tests.factories import run_workers, signed_in
from tests.journeys.dsl import Browser, Launched
from tests.journeys.staff_pages import submit
from tests.journeys.test_codes import code_of, enter

Launch = Callable[..., Launched]


def answer_to_the_end(student: Browser) -> None:
    while (question := student.forms[0].question) is not None:
        student.answer(question.values[0])


def answer_all(launched: Launched) -> None:
    student = launched.browser().start()
    answer_to_the_end(student)
    student.press()
    assert student.heading == "Your answers have been sent"


def asked_again(launched: Launched) -> Launched:
    """The same student in a second campaign, of another questionnaire of the family."""
    with launched.in_school() as session:
        campaign = create_campaign(
            session,
            launched.parts.library,
            name="Summer",
            questionnaire="gcse",
            years=[10],
            groups=[],
            closes_on=None,
            created_by=None,
            now=launched.clock(),
        )
        launch(session, campaign.id, OPERATOR, launched.clock())
        while write_next_block(session, launched.clock()):
            pass
        invitation_id, link_id = session.execute(
            select(Invitation.id, Link.id)
            .join(Link, Link.invitation_id == Invitation.id)
            .where(Invitation.campaign_id == campaign.id, Invitation.pupil_id == launched.pupil_id)
        ).one()
        return replace(
            launched, campaign_id=campaign.id, invitation_id=invitation_id, link_id=link_id
        )


def allow(launched: Launched, response_id: UUID | None = None) -> Again:
    with launched.in_school() as session:
        return let_answer_again(
            session,
            launched.invitation_id,
            response_id,
            Why.CHANGED_PLANS,
            OPERATOR,
            launched.clock(),
        )


def responses(launched: Launched) -> list[Response]:
    with launched.in_school() as session:
        mine = select(Response).join(Invitation, Invitation.id == Response.invitation_id)
        of_pupil = mine.where(Invitation.pupil_id == launched.pupil_id)
        return list(session.scalars(of_pupil.order_by(Response.started_at)))


def test_a_second_link_in_the_same_school_year_leads_to_a_kind_page(launched: Launched) -> None:
    sent_in = launched.browser().start()
    sent_in.answer("no").answer("yes").press()
    launched.clock.turn(days=1)
    second = asked_again(launched)

    student = second.browser().open()
    assert student.status == 200
    assert student.heading == "You have already answered this year"
    assert "let you answer again" in student.words
    assert "See your own copy" not in student.words
    assert not student.forms
    for language, heading in (("cy", "Rydych chi eisoes"), ("ur", "آپ اس سال")):
        assert heading in student.get(f"{second.link}?language={language}").heading
    assert second.invitation.state is InvitationState.NOT_STARTED

    with launched.in_school() as session:
        audience = work_out(session, find_campaign(session, second.campaign_id), launched.clock())
        assert audience.excluded[Reason.ALREADY_ANSWERED] == 1
        assert audience.asked == audience.mailable + sum(audience.excluded.values())
    assert second.invitation.excluded_reason == "already_answered"
    assert second.messages == []


def test_in_the_browser_that_sent_them_the_kind_page_leads_to_the_students_own_copy(
    launched: Launched,
) -> None:
    student = launched.browser().start()
    student.answer("no").answer("yes").press()
    second = asked_again(launched)

    student.get(second.link)

    assert student.heading == "You have already answered this year"
    assert student.get(student.link_of("See your own copy")).heading == "Your own copy"


def test_answers_begun_by_two_links_are_sent_by_one(launched: Launched) -> None:
    second = asked_again(launched)
    late = second.browser().start()
    answer_to_the_end(late)
    answer_all(launched)

    late.press()

    assert late.heading == "You have already answered this year"
    assert second.invitation.state is InvitationState.STARTED
    assert [one.submitted_at is None for one in responses(launched)].count(True) == 1


def test_another_school_year_is_another_response(launched: Launched) -> None:
    launched.clock.moment = datetime(2026, 8, 31, 22, 59, tzinfo=UTC)  # 23:59 in London
    answer_all(launched)
    second = asked_again(launched)
    assert second.browser().open().heading == "You have already answered this year"
    (last_year,) = responses(launched)

    launched.clock.moment = datetime(2026, 8, 31, 23, 0, tzinfo=UTC)  # 1 September there

    assert not allow(launched, last_year.id).is_new, "it stays what it was in its own year"
    student = second.browser().start()
    answer_to_the_end(student)
    student.press()
    assert student.heading == "Your answers have been sent"
    assert [one.superseded_at for one in responses(launched)] == [None, None]


def test_let_again_in_july_and_answered_in_september_is_a_response_in_each_year(
    launch: Launch,
) -> None:
    """Each counts in its own year; the campaign, which asked once, has the student once."""
    launched = launch("gcse")
    launched.clock.moment = datetime(2026, 7, 10, 9, 0, tzinfo=UTC)
    answer_all(launched)
    run_workers(launched.parts)
    staff = signed_in(launched.app, launched.school, Role.CAREERS_LEADER)
    pupil = f"/staff/pupils/{launched.pupil_id}"
    assert allow(launched).is_new
    assert "Counts for now" in staff.get(pupil).text
    launched.clock.moment = datetime(2026, 9, 10, 9, 0, tzinfo=UTC)
    staff = signed_in(launched.app, launched.school, Role.CAREERS_LEADER)
    assert "Counts for now" not in staff.get(pupil).text, "nothing takes its place any more"

    student = launched.browser().start()
    answer_to_the_end(student)
    student.press()

    assert student.heading == "Your answers have been sent"
    run_workers(launched.parts)
    july, september = responses(launched)
    assert [july.superseded_at, september.superseded_at] == [None, None]
    shown = staff.get(pupil).text
    assert "2025/26" in shown
    assert "2026/27" in shown
    assert ">Replaced</span>" not in shown
    campaign = f"/staff/campaigns/{launched.campaign_id}/results"
    assert [row["response"] for row in staff.get(f"{campaign}.json").json["results"]] == [
        str(september.id)
    ]
    mine = staff.get(f"{pupil}/results.json").json["results"]
    assert [(row["academic_year"], row["superseded_at"]) for row in mine] == [
        ("2025/26", None),
        ("2026/27", None),
    ]
    assert allow(launched, september.id).is_new
    assert not allow(launched, july.id).is_new


def test_staff_let_a_student_answer_again_and_the_new_response_takes_the_place_of_the_old(
    launch: Launch,
) -> None:
    launched = launch("gcse")
    answer_all(launched)
    run_workers(launched.parts)
    (old,) = responses(launched)
    staff = signed_in(launched.app, launched.school, Role.CAREERS_LEADER)
    page = f"/staff/invitations/{launched.invitation_id}/answer-again"
    assert page in staff.get(f"/staff/pupils/{launched.pupil_id}").text
    in_campaign = f"/staff/campaigns/{launched.campaign_id}/invitations/{launched.invitation_id}"
    assert page in staff.get(in_campaign).text

    said = submit(staff, page, why="in_a_hurry", response=str(old.id))

    assert said.status_code == 303
    assert "May answer again" in staff.get(f"/staff/pupils/{launched.pupil_id}").text
    assert launched.invitation.state is InvitationState.NOT_STARTED
    (counting,) = responses(launched)
    assert counting.superseded_at is None

    student = launched.browser().start()
    assert not student.chosen
    launched.clock.turn(minutes=1)
    answer_to_the_end(student)
    assert [one.superseded_at for one in responses(launched)] == [None, None]
    student.press()

    assert student.heading == "Your answers have been sent"
    run_workers(launched.parts)
    replaced, new = responses(launched)
    assert replaced.superseded_at == new.submitted_at
    assert new.superseded_at is None
    assert launched.invitation.state is InvitationState.WRITTEN_BACK
    assert launched.invitation.reopened_at is None
    shown = staff.get(f"/staff/pupils/{launched.pupil_id}").text
    assert replaced.reference in shown
    assert new.reference in shown
    assert ">Replaced</span>" in shown
    assert launched.browser().open().heading == "Your answers have already been sent"
    with launched.in_school() as session:
        (event,) = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "response.answer_again_allowed")
        )
        assert (event.subject_id, event.detail["why"]) == (old.id, "in_a_hurry")
        assert set(event.detail) == {"why", "invitation"}


def test_a_student_who_never_finishes_again_loses_nothing(launched: Launched) -> None:
    answer_all(launched)
    launched.clock.turn(minutes=1)
    assert allow(launched).is_new
    launched.browser().start().answer("no")

    old, draft = responses(launched)

    assert (old.superseded_at, draft.submitted_at) == (None, None)
    page = signed_in(launched.app, launched.school).get(
        f"/staff/campaigns/{launched.campaign_id}/results.json"
    )
    assert [row["response"] for row in page.json["results"]] == [str(old.id)]


def test_letting_answer_again_opens_the_link_of_another_campaign_too(launched: Launched) -> None:
    answer_all(launched)
    second = asked_again(launched)
    (old,) = responses(launched)
    launched.clock.turn(minutes=1)
    allow(launched)

    student = second.browser().start()
    answer_to_the_end(student)
    student.press()

    assert student.heading == "Your answers have been sent"
    old, new = responses(launched)
    assert old.superseded_at == new.submitted_at
    assert launched.browser().open().heading == "You have already answered this year"


def test_two_resets_and_a_page_left_open_have_one_effect(launched: Launched) -> None:
    answer_all(launched)
    (old,) = responses(launched)

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: allow(launched, old.id), range(2)))
    assert sorted(one.is_new for one in done) == [False, True]
    answer_all(launched)

    assert not allow(launched, old.id).is_new, "the page was about the first response"
    assert launched.browser().open().heading == "Your answers have already been sent"
    assert allow(launched).is_new


def test_two_submissions_at_once_by_two_links_leave_one_that_counts(launched: Launched) -> None:
    second = asked_again(launched)
    browsers = [launched.browser().start(), second.browser().start()]
    for student in browsers:
        answer_to_the_end(student)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda student: student.press(), browsers))

    headings = sorted(student.heading for student in browsers)
    assert headings == ["You have already answered this year", "Your answers have been sent"]
    assert sum(one.submitted_at is not None for one in responses(launched)) == 1


@pytest.mark.parametrize(
    ("id", "based_on", "family"),
    [
        ("gcse", None, FUTURE_SKILLS),
        ("own-clubs", None, "own-clubs"),
        ("own-gcse", "gcse", FUTURE_SKILLS),
    ],
)
def test_what_is_published_and_what_adds_to_it_are_one_family(
    id: str, based_on: str | None, family: str
) -> None:
    assert family_of(id, published=("gcse", "start"), based_on=based_on) == family


def test_after_a_reset_whoever_sent_the_old_answers_sees_and_changes_nothing_of_the_new(
    launched: Launched,
) -> None:
    somebody = launched.browser().start()
    somebody.answer("no").answer("yes").press()
    launched.clock.turn(minutes=1)
    allow(launched)
    student = launched.browser().start().answer("not_sure")

    for page in ("/answer/met", "/answer/check", "/answer/copy", "/answer/receipt"):
        somebody.get(page)
        assert (somebody.status, somebody.heading) == (403, "Open the link in your email again"), (
            page
        )
    somebody.start()
    assert somebody.heading == "When is your birthday?"
    answer_to_the_end(student)
    student.press()
    assert student.heading == "Your answers have been sent"
    assert "Not sure" not in somebody.get("/answer/copy").text
    assert launched.browser().open().heading == "Your answers have already been sent"


def test_where_somebody_else_answered_their_link_and_code_end_and_a_new_link_is_mailed(
    launched: Launched,
) -> None:
    code = code_of(launched)
    answer_all(launched)
    staff = signed_in(launched.app, launched.school, Role.CAREERS_LEADER)
    page = f"/staff/invitations/{launched.invitation_id}/answer-again"
    assert "every link and code" in staff.get(page).text

    submit(staff, page, why="not_them")

    assert "A new link is on its way" in staff.get(f"/staff/pupils/{launched.pupil_id}").text
    assert launched.browser().open().heading == "This link no longer works"
    assert enter(launched.browser(), code).heading == "This link no longer works"
    newest = max(launched.messages, key=lambda one: one.attempt)
    assert (newest.attempt, newest.state) == (2, MessageState.QUEUED)
    answer_all(replace(launched, link_id=newest.link_id))
    assert len(responses(launched)) == 2


def test_where_no_mail_may_go_staff_are_told_to_print_a_slip(launch: Launch) -> None:
    launched = launch(work=None)
    code = code_of(launched)
    enter(launched.browser(), code).press().answer("no").answer("yes").press()
    staff = signed_in(launched.app, launched.school, Role.CAREERS_LEADER)

    submit(staff, f"/staff/invitations/{launched.invitation_id}/answer-again", why="not_them")

    assert "print a new slip" in staff.get(f"/staff/pupils/{launched.pupil_id}").text
    assert enter(launched.browser(), code).status == 410
    assert enter(launched.browser(), code_of(launched)).status == 200
