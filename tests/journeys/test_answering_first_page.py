"""The first page of a link: inert, without a name, and with two ways to say no."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from outreach.answering.models import AnsweringSession, Response
from outreach.audit import OPERATOR
from outreach.campaigns import steering
from outreach.campaigns.links import link_token
from outreach.campaigns.models import Campaign, Invitation, Link
from outreach.campaigns.states import InvitationState, MessageState
from outreach.signing import Purpose, TokenSigner
from tests.journeys.dsl import Launched, statements_of, writes

Launch = Callable[..., Launched]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_scanner_may_open_the_link_any_number_of_times(launched: Launched, method: str) -> None:
    with statements_of(launched) as statements:
        for _ in range(3):
            answer = launched.app.test_client().open(launched.link, method=method)
            assert answer.status_code == 200

    assert statements
    assert not writes(statements)


def test_a_scanner_that_presses_start_harms_nothing(launched: Launched) -> None:
    for _ in range(3):
        assert launched.browser().start().status == 200

    assert launched.response is None
    assert launched.invitation.state is InvitationState.NOT_STARTED
    student = launched.browser().start()
    assert student.heading == "Met?"


def test_a_scanner_without_cookies_is_refused_and_harms_nothing(launched: Launched) -> None:
    page = launched.browser().open()
    form = page.forms[0]

    answer = launched.app.test_client().post(form.action, data=form.hidden)

    assert answer.status_code == 400
    assert launched.visits == 0


def test_the_first_page_names_nobody(launched: Launched) -> None:
    page = launched.browser().open()

    for part in ("Robin", "Ashdown", "pupil", "@"):
        assert part not in page.text


def test_it_says_who_asks_why_what_is_kept_who_sees_it_how_long_and_that_it_is_a_choice(
    launched: Launched,
) -> None:
    page = launched.browser().open()

    for words in (
        "Hill Test School is asking you",
        "It is your choice",
        "Why we ask",
        "What is kept",
        "Who sees it",
        "How long",
        "Less than 5 minutes",
        "ask your careers leader or tutor at Hill Test School",
    ):
        assert words in page.words
    assert "keeps students safe" not in page.words, "nothing asks for own words"
    assert launched.browser().get(page.link_of("full privacy notice")).status == 200


def test_its_only_form_is_start_and_no_url_holds_the_token_after_it(launched: Launched) -> None:
    page = launched.browser().open()

    assert [form.action for form in page.forms] == [f"{launched.link}/start"]
    page.press()
    assert launched.token not in page.address
    assert launched.token not in page.text


def test_start_pressed_twice_is_one_visit(launched: Launched) -> None:
    page = launched.browser().open()
    form = page.forms[0]

    for _ in range(2):
        page.post(form.action, **form.hidden)
        assert (page.status, page.heading) == (200, "Met?")

    assert launched.visits == 1


def test_a_tampered_link_is_not_found(launched: Launched) -> None:
    token = launched.token
    signer = launched.parts.signer
    other_key = TokenSigner(["another secret key of thirty-two bytes"])
    broken = [
        token[:-1],
        token + "A",
        token.replace(".", ""),
        token[::-1],
        token.upper(),
        "A" + token[1:],
        token[:10] + ("A" if token[10] != "A" else "B") + token[11:],
        "x",
        ".",
        "%00",
        token + "%00",
        "é" * 40,
        "A" * 5000,
        other_key.sign(Purpose.LINK, launched.school.key, launched.link_id),
        signer.sign(Purpose.STOP_MAIL, launched.school.key, launched.link_id),
        link_token(signer, launched.school.key, uuid4()),
        link_token(signer, b"8 bytes!", launched.link_id),
    ]
    browser = launched.browser().open()
    form = browser.forms[0]

    for bad in broken:
        assert browser.get(f"/q/{bad}").status == 404, bad
        assert browser.heading == "This link does not work"
        for action in ("start", "no-thanks", "not-me", "undo"):
            assert browser.post(f"/q/{bad}/{action}", **form.hidden).status == 404
    assert launched.visits == 0


def test_a_link_of_one_school_opens_nothing_under_anothers_key(launch: Launch) -> None:
    mine, theirs = launch(), launch()

    crossed = link_token(mine.parts.signer, theirs.school.key, mine.link_id)

    assert mine.browser().get(f"/q/{crossed}").status == 404


def test_a_revoked_link_is_gone_while_another_of_the_same_student_works(
    launched: Launched,
) -> None:
    launched.change(Link, launched.link_id, revoked_at=launched.clock())

    page = launched.browser().open()

    assert (page.status, page.heading) == (410, "This link no longer works")
    assert page.get(f"{launched.link}/no-thanks").status == 410


@pytest.mark.parametrize(
    ("verb", "heading"),
    [
        (steering.close, "This questionnaire has closed"),
        (steering.cancel, "This questionnaire was called off"),
    ],
)
def test_a_link_is_gone_once_the_campaign_has_ended(
    launched: Launched, verb: Callable[..., object], heading: str
) -> None:
    with launched.in_school() as session:
        verb(session, launched.campaign_id, OPERATOR, launched.clock())

    page = launched.browser().open()

    assert (page.status, page.heading) == (410, heading)


def test_a_link_is_gone_the_moment_the_closing_date_passes(launched: Launched) -> None:
    closes_at = launched.clock() + timedelta(hours=1)
    launched.change(Campaign, launched.campaign_id, closes_at=closes_at)

    assert launched.browser().open().status == 200
    launched.clock.turn(hours=1)
    assert launched.browser().open().status == 410


def test_a_paused_campaign_still_takes_answers(launched: Launched) -> None:
    with launched.in_school() as session:
        steering.pause(session, launched.campaign_id, OPERATOR, launched.clock())

    assert launched.browser().start().answer("no").heading == "Last?"


def test_a_student_says_no_and_changes_their_mind(launched: Launched) -> None:
    student = launched.browser().open()
    student.get(student.link_of("I do not want to answer"))
    assert launched.invitation.state is InvitationState.NOT_STARTED

    student.press()

    assert (student.status, student.heading) == (200, "You chose not to answer")
    assert launched.invitation.state is InvitationState.STOPPED
    assert {message.state for message in launched.messages} & {MessageState.STOPPED}

    student.press()

    assert student.forms[0].action.endswith("/start")
    assert launched.invitation.state is InvitationState.NOT_STARTED
    assert student.press().heading == "Met?"


def test_it_was_not_for_them_and_then_it_was(launched: Launched) -> None:
    student = launched.browser().open()
    student.get(student.link_of("This is not for me"))

    student.press()

    assert student.heading == "Thank you for telling us"
    assert launched.invitation.stopped_reason == "not_me"
    student.press()
    assert launched.invitation.state is InvitationState.NOT_STARTED


def test_start_does_not_undo_a_no_by_itself(launched: Launched) -> None:
    tab = launched.browser().open()
    start = tab.forms[0]
    tab.get(f"{launched.link}/no-thanks").press()

    tab.post(start.action, **start.hidden)

    assert tab.heading == "You chose not to answer"
    assert launched.visits == 0


def test_saying_no_half_way_stops_the_other_tab_and_loses_nothing(launched: Launched) -> None:
    student = launched.browser().start().answer("yes")
    form = student.forms[0]
    student.get(f"{launched.link}/no-thanks").press()

    student.post(form.action, **form.hidden, answer="yes")

    assert (student.status, student.heading) == (403, "You told us that you will not answer")
    assert launched.stored == {"met": "yes"}
    student.open().press()
    assert launched.invitation.state is InvitationState.STARTED
    assert student.press().heading == "Did it help?"


def test_a_link_whose_answers_are_sent_says_so_and_shows_none(launched: Launched) -> None:
    launched.browser().start().answer("no").answer("not_sure").submit()

    page = launched.browser().open()

    assert (page.status, page.heading) == (200, "Your answers have already been sent")
    assert "FSQ-" not in page.text
    assert "Not sure" not in page.text
    for path in ("no-thanks", "not-me"):
        assert page.get(f"{launched.link}/{path}").heading == "Your answers have already been sent"
    assert not page.forms


def test_looking_at_the_pages_that_say_no_changes_nothing(launched: Launched) -> None:
    with statements_of(launched) as statements:
        for path in ("no-thanks", "not-me"):
            assert launched.browser().get(f"{launched.link}/{path}").status == 200

    assert not writes(statements)
    assert launched.count(AnsweringSession) == launched.count(Response) == 0
    with launched.in_school() as session:
        state = session.get_one(Invitation, (launched.school.id, launched.invitation_id)).state
    assert state is InvitationState.NOT_STARTED


@pytest.mark.parametrize("mark", [".", ")", ",", ">"])
def test_a_link_copied_with_the_mark_after_it_opens(launched: Launched, mark: str) -> None:
    assert launched.browser().get(launched.link + mark).status == 200


@pytest.mark.parametrize("end", [steering.close, steering.cancel])
def test_who_has_sent_answers_is_told_so_after_the_end(launched: Launched, end: object) -> None:
    launched.browser().start().answer("no").answer("yes").submit()
    with launched.in_school() as session:
        end(session, launched.campaign_id, OPERATOR, launched.clock())

    page = launched.browser().open()

    assert page.status == 410
    assert "Your answers were sent" in page.words
    assert "not been sent" not in page.words
