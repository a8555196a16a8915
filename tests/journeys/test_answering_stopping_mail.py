"""The link in a mail's footer, and the one-click POST of mail programs."""

import pytest

from outreach.campaigns.links import stop_token
from outreach.campaigns.states import InvitationState, MessageState
from outreach.clock import london_date, now
from outreach.pupils.models import Pupil
from outreach.pupils.objections.models import Instructor, ObjectionScope
from outreach.pupils.objections.objecting import has_objected, open_objections, record_objection
from outreach.pupils.objections.rules import Instruction
from tests.journeys.dsl import Launched, statements_of, writes

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def is_stopped(launched: Launched) -> bool:
    states = {message.state for message in launched.messages}
    return launched.invitation.mail_stopped_at is not None and states == {MessageState.STOPPED}


def test_looking_at_the_page_stops_nothing(launched: Launched) -> None:
    with statements_of(launched) as statements:
        for path in ("", "/all"):
            assert launched.browser().get(launched.stop_link + path).status == 200
            launched.app.test_client().head(launched.stop_link + path)

    assert not writes(statements)
    assert not is_stopped(launched)


def test_one_click_needs_no_cookie_and_no_page(launched: Launched) -> None:
    answer = launched.app.test_client().post(launched.stop_link, data=ONE_CLICK)

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert is_stopped(launched)


def test_one_click_may_come_as_multipart_and_twice(launched: Launched) -> None:
    for _ in range(2):
        client = launched.app.test_client()
        answer = client.post(launched.stop_link, data=ONE_CLICK, content_type="multipart/form-data")
        assert answer.status_code == 200

    assert is_stopped(launched)


@pytest.mark.parametrize(
    "body", [{}, {"List-Unsubscribe": "Two-Clicks"}, {"list-unsubscribe": "One-Click"}]
)
def test_a_post_that_is_not_one_click_stops_nothing(
    launched: Launched, body: dict[str, str]
) -> None:
    answer = launched.app.test_client().post(launched.stop_link, data=body)

    assert answer.status_code == 400
    assert not is_stopped(launched)


def test_a_tampered_stop_link_is_not_found(launched: Launched) -> None:
    client = launched.app.test_client()
    for bad in (launched.stop_link[:-1], f"/stop/{launched.token}", "/stop/%00"):
        assert client.post(bad, data=ONE_CLICK).status_code == 404
        assert client.get(bad).status_code == 404
    assert not is_stopped(launched)


def test_a_stop_link_opens_no_answers(launched: Launched) -> None:
    token = stop_token(launched.parts.signer, launched.school.key, launched.link_id)

    assert launched.browser().get(f"/q/{token}").status == 404


def test_a_student_stops_the_mail_and_takes_it_back(launched: Launched) -> None:
    student = launched.browser().get(launched.stop_link).press()

    assert student.heading == "You will get no more emails about this questionnaire"
    assert is_stopped(launched)

    student.press()

    assert student.heading == "Stop emails about this questionnaire"
    assert launched.invitation.mail_stopped_at is None
    assert [message.state for message in launched.messages] == [MessageState.QUEUED]


def test_the_link_goes_on_working_without_mail(launched: Launched) -> None:
    launched.browser().get(launched.stop_link).press()

    student = launched.browser().start().answer("no").answer("no").submit()

    assert student.heading == "Your answers have been sent"
    assert launched.invitation.state is InvitationState.SUBMITTED


def test_stopping_all_such_mail_is_confirmed_and_records_an_objection(
    launched: Launched,
) -> None:
    student = launched.browser().get(launched.stop_link)
    student.get(student.link_of("stop all emails about questionnaires"))
    with launched.in_school() as session:
        assert not has_objected(session, launched.pupil_id)

    student.press()

    assert student.heading == "You will get no more of these emails"
    assert not student.forms
    with launched.in_school() as session:
        assert has_objected(session, launched.pupil_id)


def test_a_parents_objection_does_not_keep_the_student_from_their_own(launched: Launched) -> None:
    with launched.in_school() as session:
        pupil = session.get_one(Pupil, (launched.school.id, launched.pupil_id))
        pupil.date_of_birth = None
        said = Instruction(Instructor.PARENT, london_date(now()), None)
        record_objection(session, pupil, ObjectionScope.MAIL, said, None, now())

    student = launched.browser().get(f"{launched.stop_link}/all").press()

    assert student.heading == "You will get no more of these emails"
    with launched.in_school() as session:
        standing = open_objections(session, launched.pupil_id, ObjectionScope.MAIL)
        assert [one.instructed_by for one in standing] == [Instructor.PUPIL, Instructor.PARENT]


def test_stopping_mail_after_sending_is_harmless(launched: Launched) -> None:
    launched.browser().start().answer("no").answer("no").submit()

    assert launched.app.test_client().post(launched.stop_link, data=ONE_CLICK).status_code == 200
    student = launched.browser().get(launched.stop_link).press()

    assert student.status == 200
    assert launched.invitation.state is InvitationState.SUBMITTED
    assert all(message.state is not MessageState.QUEUED for message in launched.messages)


def test_the_page_for_people_asks_for_the_forms_token(launched: Launched) -> None:
    client = launched.app.test_client()

    for path in ("/mail", "/all", "/undo"):
        assert client.post(launched.stop_link + path, data=ONE_CLICK).status_code == 400
    assert not is_stopped(launched)
