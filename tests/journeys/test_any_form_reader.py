"""A program that only reads forms answers each published questionnaire, as pages and as a chat."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from outreach.answering.models import Mode, Response
from outreach.profiles.models import Result
from questionnaires.loading import load_library
from tests.contract.forms import Form, read_page
from tests.factories import run_workers
from tests.journeys.dsl import Launched, launch_for, tiny_library_and_clock

MOST_PAGES = 100
Scores = dict[tuple[str, str], float | None]


def fill_in(form: Form, turn: int) -> dict[str, list[str]]:
    """What a form asks for, whatever it is called: the answers take turns."""
    sent = {name: [value] for name, value in form.hidden.items()}
    asked = form.question
    if asked is not None:
        of_numbers = ["1"] if asked.kind == "number" else ["An answer"]
        sent[asked.name] = [asked.values[turn % len(asked.values)]] if asked.values else of_numbers
    return sent


def answer_by_forms(client: FlaskClient, page: TestResponse) -> TestResponse:
    """From the first page, fill in the first form of each page until a page has none."""
    for turn in range(MOST_PAGES):
        assert page.status_code == 200, page.text
        forms = read_page(page.text).forms
        if not forms:
            return page
        page = client.post(forms[0].action, data=fill_in(forms[0], turn), follow_redirects=True)
    raise AssertionError("a hundred pages, and no end")


def first_page(client: FlaskClient, launched: Launched, mode: Mode) -> TestResponse:
    """The chat is behind a link of the first page, as the contract has it."""
    page = client.get(launched.link)
    if mode is Mode.PAGES:
        return page
    assert f"{launched.link}?language=en&amp;mode=chat" in page.text
    return client.get(f"{launched.link}?language=en&mode=chat")


def scores_of(launched: Launched, mode: Mode) -> Scores:
    client = launched.app.test_client()
    receipt = answer_by_forms(client, first_page(client, launched, mode))
    assert "FSQ-" in receipt.text
    run_workers(launched.parts)
    with launched.in_school() as session:
        response = session.scalars(select(Response)).one()
        assert response.submitted_at is not None
        rows = session.scalars(select(Result).where(Result.response_id == response.id)).all()
        return {(row.kind.value, row.key): row.score for row in rows}


@pytest.mark.parametrize("questionnaire", load_library().ids)
def test_the_same_answers_given_as_pages_and_as_a_chat_give_the_same_scores(
    app: Flask, questionnaire: str
) -> None:
    with tiny_library_and_clock(app) as clock:
        as_pages, as_chat = (
            scores_of(launch_for(app, clock, questionnaire, mode=mode), mode) for mode in Mode
        )

    assert as_pages == as_chat
    assert any(score is not None for score in as_pages.values())
