"""A copy that was asked for by mail, where something goes wrong with it on the way."""

from collections.abc import Callable
from typing import Any

import pytest

from outreach.answering.again import Why, let_answer_again
from outreach.audit import OPERATOR
from outreach.campaigns import delivery, muting, recovering, steering
from outreach.campaigns.delivery import deliver
from outreach.campaigns.models import ArrivedBy, Link, Message
from outreach.campaigns.states import MessageState, MessageStep
from outreach.privacy.erasing import erase_pupils
from outreach.profiles import copy_mailing
from outreach.profiles.copy_mailing import MAKERS
from outreach.pupils.reach.reasons import Reason
from tests.contract.catching import Catcher
from tests.factories import signed_in
from tests.journeys.dsl import Browser, Launched
from tests.journeys.test_own_copy import COPY, answer_all, copies

Launch = Callable[..., Launched]


def asking(launched: Launched) -> Browser:
    """A student who has answered and asked for the copy. A neighbour's invite waits beside it."""
    student = launched.browser().start()
    answer_all(student)
    student.get(COPY).press()
    return student


def copy_of(launched: Launched) -> Message:
    return next(one for one in reversed(launched.messages) if one.step is MessageStep.COPY)


def fate(launched: Launched) -> tuple[str, str | None]:
    copy = copy_of(launched)
    return copy.state.value, copy.reason


def fail(*_: Any) -> Any:
    raise RuntimeError("a fault of ours")


def test_a_copy_whose_pupil_is_erased_as_it_is_written_stops_alone(
    launch: Launch, mailbox: Catcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched = launch("gcse")
    asking(launched)
    claim = delivery._claim

    def claim_then_erase(*given: Any) -> Any:
        batch = claim(*given)
        with launched.in_school() as session:
            erase_pupils(session, [launched.pupil_id], OPERATOR, launched.clock())
        return batch

    monkeypatch.setattr(delivery, "_claim", claim_then_erase)
    deliver(launched.parts, launched.school.id, MAKERS)

    assert fate(launched) == ("stopped", "nothing_to_copy")
    assert len(mailbox.mails) == 1, "the neighbour's invite"


def test_a_copy_that_cannot_be_written_stops_alone(
    launch: Launch, mailbox: Catcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = launch("gcse"), launch("gcse")
    asking(first)
    asking(second)

    deliver(first.parts, first.school.id, {})
    monkeypatch.setattr(copy_mailing, "copy_of", fail)
    deliver(second.parts, second.school.id, MAKERS)

    for launched in (first, second):
        assert fate(launched) == ("stopped", "not_written")
    assert len(mailbox.mails) == 2
    assert not copies(mailbox)


def test_a_fault_before_anything_left_gives_the_whole_batch_back(
    launch: Launch, mailbox: Catcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched = launch("gcse")
    asking(launched)
    with monkeypatch.context() as broken:
        broken.setattr(delivery, "letters_for", fail)
        with pytest.raises(RuntimeError):
            deliver(launched.parts, launched.school.id, MAKERS)
    assert fate(launched) == ("sending", None)

    assert recovering.recover(launched.parts) == 1, "the journal is nobody's any more"
    assert fate(launched) == ("queued", None)
    deliver(launched.parts, launched.school.id, MAKERS)
    assert fate(launched) == ("accepted", None)
    assert len(mailbox.mails) == 2


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (MessageState.SENDING, "Your copy is on its way"),
        (MessageState.DEFERRED, "Your email has not been sent yet"),
        (MessageState.ACCEPTED, "Your copy has been sent"),
        (MessageState.UNKNOWN, "we could not find out"),
    ],
)
def test_the_page_says_where_the_copy_stands(
    launch: Launch, state: MessageState, words: str
) -> None:
    launched = launch("gcse")
    student = asking(launched)
    launched.change(Message, copy_of(launched).id, state=state)
    page = student.get(COPY)
    assert words in page.words
    assert page.forms == []


def test_a_copy_that_did_not_arrive_may_be_asked_for_again_a_few_times(launch: Launch) -> None:
    launched = launch("gcse")
    student = asking(launched)
    for times, state in enumerate(
        (MessageState.STOPPED, MessageState.REFUSED, MessageState.BOUNCED, MessageState.REFUSED), 1
    ):
        launched.change(Message, copy_of(launched).id, state=state)
        assert "Your copy did not arrive by email" in student.get(COPY).words
        student.press()
        assert "Your copy is on its way" in student.words
        assert copy_of(launched).attempt == times + 1
    launched.change(Message, copy_of(launched).id, state=MessageState.REFUSED)
    assert student.get(COPY).forms == []


def test_mail_that_goes_again_takes_copies_of_those_who_answered_along(launch: Launch) -> None:
    launched = launch("gcse")
    student = asking(launched)
    leader = signed_in(launched.app, launched.school)
    copy = copy_of(launched)

    launched.change(Message, copy.id, state=MessageState.HELD, reason="definition_missing")
    assert "Your email has not been sent yet" in student.get(COPY).words
    page = leader.get(f"/staff/campaigns/{launched.campaign_id}").text
    assert "a student’s own copy" in page
    assert "Send stopped or held mail" in page
    for state, reason in (
        (MessageState.HELD, "definition_missing"),
        (MessageState.STOPPED, Reason.STUDENT_EMAIL_OFF.value),
        (MessageState.STOPPED, "no_school_address"),
    ):
        launched.change(Message, copy.id, state=state, reason=reason)
        with launched.in_school() as session:
            steering.resume(session, launched.campaign_id, OPERATOR, launched.clock())
        assert fate(launched) == ("queued", None), reason

    with launched.in_school() as session:
        steering.pause(session, launched.campaign_id, OPERATOR, launched.clock())
    assert "Your email has not been sent yet" in student.get(COPY).words
    with launched.in_school() as session:
        muting.stop_mail(session, launched.invitation, launched.clock())
    assert fate(launched) == ("stopped", "unsubscribed")
    with launched.in_school() as session:
        muting.mail_again(session, launched.invitation, launched.clock())
    assert fate(launched) == ("queued", None)
    assert [one.state for one in launched.messages if one.step is MessageStep.INVITE] == [
        MessageState.STOPPED
    ]


def test_whoever_holds_somebody_elses_slip_has_nothing_mailed(launch: Launch) -> None:
    launched = launch("text")
    launched.change(Link, launched.link_id, arrives_by=ArrivedBy.CODE)
    student = launched.browser().start()
    student.answer("One").answer("Everybody dislikes you.").submit()

    assert student.get(COPY).forms == []
    student.client.post(COPY, data=student.get("/answer/sign-out").token)
    assert [one for one in launched.messages if one.step is MessageStep.COPY] == []


def test_no_words_of_a_student_are_in_the_mail(launch: Launch, mailbox: Catcher) -> None:
    launched = launch("text")
    student = launched.browser().start()
    student.answer("One").answer("Everybody dislikes you.").submit()
    page = student.get(COPY)
    assert "Everybody dislikes you." in page.words
    assert "What you wrote in your own words is not in the email." in page.words
    student.press()
    deliver(launched.parts, launched.school.id, MAKERS)

    (mail,) = copies(mailbox)
    assert "What you wrote in your own words is not in the email." in mail.text
    assert "dislikes" not in mail.message.as_string()


def test_a_copy_of_answers_that_may_be_replaced_is_not_mailed_and_the_next_ones_is(
    launch: Launch, mailbox: Catcher
) -> None:
    launched = launch("gcse")
    asking(launched)
    with launched.in_school() as session:
        let_answer_again(
            session, launched.invitation_id, None, Why.IN_A_HURRY, OPERATOR, launched.clock()
        )
    deliver(launched.parts, launched.school.id, MAKERS)
    assert fate(launched) == ("stopped", "nothing_to_copy")

    asking(launched)
    deliver(launched.parts, launched.school.id, MAKERS)
    assert fate(launched) == ("accepted", None)
    assert len(copies(mailbox)) == 1
