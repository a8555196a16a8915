"""After sending: the student's own copy, for the student who sent it and nobody else."""

from collections.abc import Callable

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
