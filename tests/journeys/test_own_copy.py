"""After sending: the student's own copy, for the student who sent it and nobody else."""

from collections.abc import Callable, Mapping

from outreach.campaigns.progress import status
from outreach.campaigns.states import MessageState, MessageStep
from outreach.profiles.copying import next_steps
from tests.contract.catching import Catcher, CaughtMail
from tests.factories import run_workers
from tests.journeys.dsl import Browser, Launched

Launch = Callable[..., Launched]
COPY, PDF = "/answer/copy", "/answer/copy.pdf"


def answer_all(student: Browser) -> None:
    while (question := student.get("/answer/").forms[0].question) is not None:
        student.answer(question.values[0])
    student.press()


def test_the_receipt_leads_to_a_copy_in_words_and_as_a_pdf(launch: Launch) -> None:
    student = launch("gcse").browser().start()
    assert student.get(COPY).heading != "Your own copy", "nothing is sent yet"
    answer_all(student)
    assert student.heading == "Your answers have been sent"
    assert COPY in student.text

    page = student.get(COPY)

    assert page.heading == "Your own copy"
    assert "I have at least one idea for what I want to do in the future." in page.words
    assert "Three things to do next" in page.words
    assert "%" not in page.words
    document = student.client.get(PDF)
    assert document.mimetype == "application/pdf"
    assert document.data.startswith(b"%PDF-")
    assert document.headers["Cache-Control"] == "no-store"
    assert len(document.data) < 300_000


def test_another_browser_and_one_that_signed_out_get_no_copy(launch: Launch) -> None:
    launched = launch("gcse")
    first, other = launched.browser().start(), launched.browser()
    answer_all(first)

    assert other.client.get(PDF).status_code == 403
    first.get("/answer/sign-out").press()
    for path in (COPY, PDF):
        assert first.client.get(path).status_code == 403


def copies(mailbox: Catcher) -> list[CaughtMail]:
    return [mail for mail in mailbox.mails if "Your own copy" in mail.message["Subject"]]


def mail_of(launched: Launched) -> Mapping[MessageState, int]:
    with launched.in_school() as session:
        return status(session, launched.campaign_id, launched.clock()).messages


def test_a_copy_is_mailed_once_to_the_school_address_if_asked_for(
    launch: Launch, mailbox: Catcher
) -> None:
    launched = launch("gcse")
    run_workers(launched.parts)
    before = mail_of(launched)
    student = launched.browser().start()
    answer_all(student)
    run_workers(launched.parts)
    assert not copies(mailbox), "only if asked for"

    page = student.get(COPY)
    assert "It goes to the email address that Hill Test School gave you." in page.words
    student.press()
    assert "Your copy is on its way" in student.words
    assert student.forms == []
    student.client.post(COPY, data=student.get("/answer/sign-out").token)
    run_workers(launched.parts)

    (copy,) = copies(mailbox)
    assert "I have at least one idea for what I want to do in the future." in copy.text
    assert "Three things to do next" in copy.text
    assert "What you said" in copy.text
    assert "List-Unsubscribe" not in copy.message
    assert "/q/" not in copy.text, "no link by which whoever reads it could answer"
    assert mail_of(launched) == before, "a copy is no mail that asks to answer"


def test_no_copy_is_mailed_to_a_home_address_or_where_there_is_none(launch: Launch) -> None:
    for addresses in ({"work": None, "home": "parent@hill-test-home.example"}, {"work": None}):
        launched = launch("gcse", **addresses)
        student = launched.browser().start()
        answer_all(student)

        page = student.get(COPY)
        assert page.forms == []
        student.client.post(COPY, data=student.get("/answer/sign-out").token)
        assert [one.step for one in launched.messages if one.step is MessageStep.COPY] == []


def test_the_copy_and_its_next_steps_are_in_the_language_of_the_student(launch: Launch) -> None:
    student = launch("gcse").browser().start()
    student.change_way("uk")
    answer_all(student)

    page = student.get(COPY)
    assert all(step in page.words for step in next_steps("uk").keep_going)
    assert not any(step in page.words for step in next_steps("en").keep_going)
    assert student.client.get(PDF).data.startswith(b"%PDF-")
