"""The page of how far students came counts saved answers, and shows no few."""

from uuid import UUID

import pytest
from flask import Flask

from outreach import web
from outreach.answering.models import Mode
from outreach.answering.saving import open_response, save_answer
from outreach.campaigns import tracking
from outreach.clock import now
from outreach.database import transaction
from outreach.schools.models import Role
from questionnaires.model import ChoiceQuestion, Note
from tests.answered import answer_and_submit, invitation_of, launch_campaign
from tests.factories import MadeSchool, make_pupil, make_school, signed_in

BEGAN, SENT_IN = 7, 6


@pytest.fixture
def school(wired: web.Parts) -> MadeSchool:
    return make_school(wired.sessions, Role.CAREERS_LEADER, Role.VIEWER)


def campaign_with(wired: web.Parts, school: MadeSchool, *, began: int) -> UUID:
    """Some sent in; the others gave the first answers and stopped, all at the third."""
    with transaction(wired.sessions, school.id) as session:
        pupils = [make_pupil(session).id for _ in range(SENT_IN + began)]
        campaign_id = launch_campaign(session, wired.library, now())
        for pupil_id in pupils[:SENT_IN]:
            answer_and_submit(session, wired.library, campaign_id, pupil_id, now())
        for pupil_id in pupils[SENT_IN:]:
            invitation = invitation_of(session, campaign_id, pupil_id)
            questionnaire = wired.library.get(invitation.questionnaire, invitation.version)
            response = open_response(session, invitation, "en", now())
            assert response is not None
            tracking.mark_started(session, invitation, now())
            choices = [one for one in questionnaire.questions if isinstance(one, ChoiceQuestion)]
            for question in choices[:3]:
                value = question.values[0]
                kept = {"mode": Mode.PAGES, "language": "en", "now": now()}
                assert save_answer(session, response, question, value, **kept)
    return campaign_id


def page_of(app: Flask, school: MadeSchool, campaign_id: UUID) -> str:
    leader = signed_in(app, school)
    address = f"/staff/campaigns/{campaign_id}/how-far"
    assert address in leader.get(f"/staff/campaigns/{campaign_id}").text
    answer = leader.get(address)
    assert answer.status_code == 200
    return " ".join(answer.text.split())


def test_where_enough_students_stopped_is_shown(
    app: Flask, wired: web.Parts, school: MadeSchool
) -> None:
    page = page_of(app, school, campaign_with(wired, school, began=BEGAN))

    for words in ('Began</dt><dd class="stat-value">13<', "46% of those who began"):
        assert words in page
    asked = [one for one in wired.library.latest("gcse").questions if not isinstance(one, Note)]
    third = asked.index([one for one in asked if isinstance(one, ChoiceQuestion)][2]) + 1
    assert f'<th scope="row">{third}</th><td class="num">7</td><td class="num">6</td>' in page
    before = f'<th scope="row">1 to {third - 1}</th><td class="num">0</td><td class="num">13</td>'
    assert before in page


def test_a_few_who_stopped_are_not_shown_and_tutors_see_none_of_it(
    app: Flask, wired: web.Parts, school: MadeSchool
) -> None:
    campaign_id = campaign_with(wired, school, began=2)

    page = page_of(app, school, campaign_id)

    assert "Too few to show yet" in page
    assert "stat-value" not in page
    tutor = signed_in(app, school, Role.VIEWER)
    assert tutor.get(f"/staff/campaigns/{campaign_id}/how-far").status_code == 403
