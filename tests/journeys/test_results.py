"""Results leave the service as they came in, and are shown without pointing at anybody."""

import csv
import io
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import delete, select, update

from outreach import web
from outreach.answering.models import Answer, Mode, Response
from outreach.audit import AuditEvent
from outreach.cli.entry import outreach
from outreach.clock import now
from outreach.database import transaction
from outreach.errors import NotFound
from outreach.profiles.fields import score_fields
from outreach.pupils.models import Item, Pupil, PupilCharacteristic
from outreach.queues import Bell, Work, take_overdue
from outreach.reports.models import CountedResponse
from outreach.schools.models import Role
from questionnaires.answers import from_json
from questionnaires.model import Note
from questionnaires.scoring import score
from tests.answered import answer_and_submit, launch_campaign
from tests.factories import MadeSchool, make_pupil, make_school, put_in_group, signed_in
from tests.journeys.staff_pages import submit
from workers import write_back as job

EVERYBODY = (Role.CAREERS_LEADER, Role.VIEWER, Role.DATA_PROTECTION, Role.IT)


@dataclass(frozen=True)
class Scene:
    """A school with a launched campaign and eight pupils in it."""

    app: Flask
    wired: web.Parts
    school: MadeSchool
    campaign: UUID
    pupils: list[UUID]

    def answer(self, *places: int, **given: Any) -> list[UUID]:
        with transaction(self.wired.sessions, self.school.id) as session:
            return [
                answer_and_submit(
                    session, self.wired.library, self.campaign, self.pupils[place], now(), **given
                )
                for place in places
            ]

    def write_back(self) -> None:
        job.run(str(self.school.id))

    @property
    def results_page(self) -> str:
        return f"/staff/campaigns/{self.campaign}/results"

    def page(self, address: str | None = None, role: Role = Role.CAREERS_LEADER) -> str:
        answer = signed_in(self.app, self.school, role).get(address or self.results_page)
        assert answer.status_code == 200
        return " ".join(answer.text.split())

    def status(self, address: str, role: Role) -> int:
        return signed_in(self.app, self.school, role).get(address).status_code

    def actions(self) -> list[tuple[str, UUID | None]]:
        with transaction(self.wired.sessions, self.school.id) as session:
            rows = session.execute(
                select(AuditEvent.action, AuditEvent.subject_id).order_by(AuditEvent.at)
            )
            return [(row.action, row.subject_id) for row in rows]


@pytest.fixture
def scene(app: Flask, wired: web.Parts) -> Scene:
    school = make_school(wired.sessions, *EVERYBODY)
    with transaction(wired.sessions, school.id) as session:
        pupils = [make_pupil(session, forename=f"Robin{n}").id for n in range(8)]
        campaign = launch_campaign(session, wired.library, now())
    return Scene(app, wired, school, campaign, pupils)


def run(*words: object) -> Result:
    """`outreach …`, in this process."""
    return CliRunner().invoke(outreach, [str(word) for word in words])


def exported(campaign: UUID) -> list[dict[str, Any]]:
    result = run("results", "export", campaign, "--format", "json")
    assert result.exit_code == 0, result.stderr
    rows: list[dict[str, Any]] = json.loads(result.stdout)["results"]
    return rows


def test_an_export_has_the_answers_as_they_were_given_before_any_write_back(scene: Scene) -> None:
    (response,) = scene.answer(
        0,
        interests_sectors=("health", "sport"),
        ideas_have_one=None,
        destination_certainty="certain",
    )

    (row,) = exported(scene.campaign)

    assert row["response"] == str(response)
    assert row["mis_id"]
    assert (row["questionnaire"], row["version"]) == ("gcse", 1)
    assert row["answers"]["interests_sectors"] == ["health", "sport"]
    assert row["answers"]["ideas_have_one"] is None
    assert row["answers"]["destination_certainty"] == "certain"


def test_exported_scores_can_be_worked_out_again_from_the_exported_answers(scene: Scene) -> None:
    scene.answer(0, is_positive=False, listening_whole="often")
    definition = scene.wired.library.latest("gcse")

    (row,) = exported(scene.campaign)

    answers = {
        question.id: from_json(question, row["answers"][question.id])
        for question in definition.questions
        if not isinstance(question, Note) and question.id in row["answers"]
    }
    scores = score(definition, answers)
    both = score_fields(definition, scores) | scores.as_json()
    assert json.loads(json.dumps(both)) == row["scores"]


def test_an_answer_left_on_an_abandoned_branch_is_not_exported(scene: Scene) -> None:
    scene.answer(0, destination_certainty="certain")
    with transaction(scene.wired.sessions, scene.school.id) as session:
        session.execute(
            update(Answer)
            .where(Answer.question_id == "destination_intended")
            .values(value="not_sure")
        )

    (row,) = exported(scene.campaign)

    assert "destination_certainty" not in row["answers"]


def test_a_response_that_was_not_sent_in_is_not_exported(scene: Scene) -> None:
    assert exported(scene.campaign) == []


def test_a_response_that_was_set_aside_is_not_exported(scene: Scene) -> None:
    aside, kept = scene.answer(0, 1)
    with transaction(scene.wired.sessions, scene.school.id) as session:
        session.execute(update(Response).where(Response.id == aside).values(superseded_at=now()))

    assert [row["response"] for row in exported(scene.campaign)] == [str(kept)]


def test_an_export_as_csv_has_one_line_a_response(scene: Scene) -> None:
    scene.answer(0, 1, 2)

    result = run("results", "export", scene.campaign, "--format", "csv")

    lines = list(csv.DictReader(io.StringIO(result.stdout, newline="")))
    assert len(lines) == 3
    assert lines[0]["readiness"] == "100.0"


def test_an_export_says_how_it_was_answered_and_a_reference_finds_the_pupil(
    scene: Scene,
) -> None:
    scene.answer(0)
    with transaction(scene.wired.sessions, scene.school.id) as session:
        put_in_group(session, "10B", scene.pupils[0])
        reference = session.scalars(select(Response.reference)).one()
        session.execute(
            update(Answer).where(Answer.question_id == "ideas_have_one").values(mode=Mode.CHAT)
        )

    (row,) = exported(scene.campaign)

    assert (row["year"], row["registration_group"]) == (10, "10B")
    assert (row["mode"], row["language"]) == ("chat;pages", "en")
    address = f"/staff/pupils/{scene.pupils[0]}"
    typed = f" {reference.lower().replace('-', ' ')} "
    client = signed_in(scene.app, scene.school)
    for search, found in ((typed, address), ("FSQ-2222-2222", "/staff/pupils")):
        asked = submit(client, "/staff/pupils", "/staff/pupils", search=search)
        assert asked.status_code == 307
        sent = submit(client, "/staff/pupils", asked.location, search=search)
        assert (sent.status_code, sent.location) == (303, found)
    assert "No response of this school has that reference" in client.get("/staff/pupils").text
    viewer = signed_in(scene.app, scene.school, Role.VIEWER)
    assert submit(viewer, "/staff/pupils", "/staff/pupils", search=typed).status_code == 200


def test_what_waited_since_before_an_upgrade_is_counted_in_without_another_write_back(
    scene: Scene,
) -> None:
    scene.answer(*range(8))
    scene.write_back()
    with transaction(scene.wired.sessions, scene.school.id) as session:
        session.execute(delete(CountedResponse))
    assert "Too few answers" in scene.page(role=Role.VIEWER)

    assert run("db", "upgrade").exit_code == 0
    with transaction(scene.wired.sessions) as session:
        assert Bell(Work.WRITE_BACK, scene.school.id) in take_overdue(session, now(), 99)
    scene.write_back()

    assert "Readiness" in scene.page(role=Role.VIEWER)


def test_an_export_of_no_such_campaign_is_refused(scene: Scene) -> None:
    result = run("results", "export", uuid4(), "--format", "json")

    assert isinstance(result.exception, NotFound)
    assert result.stdout == ""


def test_an_export_is_audited(scene: Scene) -> None:
    exported(scene.campaign)

    assert ("results.exported", scene.campaign) in scene.actions()


def test_results_of_fewer_than_six_are_not_drawn(scene: Scene) -> None:
    scene.answer(0, 1, 2, 3, 4)
    scene.write_back()

    page = scene.page()

    assert "5 of 8 students asked have answered (62%)" in page
    assert "Too few answers to show yet" in page
    assert "Strongest" not in page


def test_a_line_says_in_which_way_students_answered_and_hides_a_few(scene: Scene) -> None:
    changed, *_ = scene.answer(*range(8))
    with transaction(scene.wired.sessions, scene.school.id) as session:
        answers = (Answer.response_id == changed, Answer.question_id == "ideas_have_one")
        session.execute(update(Answer).where(*answers).values(mode=Mode.CHAT))
    scene.write_back()

    assert (
        "Sent in: 7 of 7 who began as pages (100%) and 1 of 1 who began in both ways."
        in scene.page()
    )
    assert "as pages" not in scene.page(role=Role.VIEWER), "one is what is left of eight"


def test_results_of_enough_students_show_averages_and_what_they_intend(scene: Scene) -> None:
    scene.answer(0, 1, 2, 3, 4, 5, destination_intended="apprenticeship")
    scene.answer(6, 7, is_positive=False, destination_intended="not_sure")
    scene.write_back()

    page = scene.page()

    assert "75.0" in page
    assert "Intended destinations" in page
    assert "Start an apprenticeship" in page


def test_a_count_under_six_is_not_written_anywhere_on_a_tutors_page(scene: Scene) -> None:
    scene.answer(0, 1, 2, 3, 4, 5, destination_intended="apprenticeship")
    scene.answer(6, 7, destination_intended="specialist_college")
    scene.write_back()

    page = scene.page(role=Role.VIEWER)

    intended = page.split('id="intended_destination"')[1].split('id="destination_certainty"')[0]
    assert ">2<" not in intended
    assert ">6<" not in intended, "the two would be what is left of eight"
    assert "not shown" in intended


def test_answers_still_to_be_worked_out_are_said_to_be_so(scene: Scene) -> None:
    scene.answer(0, 1, 2, 3, 4, 5)
    scene.write_back()
    scene.answer(6)

    assert "1 more has been sent in and is being worked out" in scene.page()


def test_the_download_is_for_those_who_may_read_answers(scene: Scene) -> None:
    download = f"{scene.results_page}.csv"

    assert scene.status(download, Role.CAREERS_LEADER) == 200
    assert "Download" not in scene.page(role=Role.VIEWER)
    for role in (Role.VIEWER, Role.DATA_PROTECTION, Role.IT):
        assert scene.status(download, role) == 403


def test_the_download_opens_in_a_spreadsheet_and_is_audited(scene: Scene) -> None:
    scene.answer(0)

    answer = signed_in(scene.app, scene.school).get(f"{scene.results_page}.csv")

    assert answer.data.startswith(b'\xef\xbb\xbf"upn",')
    assert "attachment" in answer.headers["Content-Disposition"]
    assert ("results.exported", scene.campaign) in scene.actions()


def test_results_and_pupils_are_not_for_data_protection_or_it(scene: Scene) -> None:
    for address in (scene.results_page, f"/staff/pupils/{scene.pupils[0]}"):
        assert scene.status(address, Role.VIEWER) == 200
        assert scene.status(address, Role.DATA_PROTECTION) == 403
        assert scene.status(address, Role.IT) == 403


def test_another_schools_results_and_pupils_are_not_found(scene: Scene) -> None:
    stranger = make_school(scene.wired.sessions)
    client = signed_in(scene.app, stranger)

    for address in (
        scene.results_page,
        f"{scene.results_page}.csv",
        f"/staff/pupils/{scene.pupils[0]}",
    ):
        assert client.get(address).status_code == 404, address


def test_a_pupils_page_shows_what_they_said_and_where_it_comes_from(scene: Scene) -> None:
    scene.answer(0, destination_intended="apprenticeship")
    scene.write_back()

    page = scene.page(f"/staff/pupils/{scene.pupils[0]}")

    assert "Start an apprenticeship" in page
    assert "The student’s own answers" in page
    assert "Future Skills Questionnaire: GCSE years, version 1" in page
    assert "Spring" in page


def test_a_careers_leader_reads_what_guidance_needs_of_the_roster_and_a_viewer_nothing(
    scene: Scene,
) -> None:
    with transaction(scene.wired.sessions, scene.school.id) as session:
        for item, value in ((Item.FIRST_LANGUAGE, "Welsh"), (Item.ETHNICITY, "Cornish")):
            session.add(
                PupilCharacteristic(
                    school_id=scene.school.id,
                    pupil_id=scene.pupils[0],
                    item=item,
                    value=value,
                    changed_at=now(),
                )
            )
    address = f"/staff/pupils/{scene.pupils[0]}"

    assert "Welsh" in scene.page(address)
    assert "Cornish" not in scene.page(address)
    assert "Welsh" not in scene.page(address, role=Role.VIEWER)


def test_a_viewer_sees_of_a_pupil_who_they_are_and_whether_they_were_mailed_and_answered(
    scene: Scene,
) -> None:
    scene.answer(0, destination_intended="apprenticeship")
    scene.write_back()
    with transaction(scene.wired.sessions, scene.school.id) as session:
        pupil = session.get_one(Pupil, (scene.school.id, scene.pupils[0]))
        pupil.upn, mis_id = "A873200412345", pupil.mis_id
    address = f"/staff/pupils/{scene.pupils[0]}"

    whole = scene.page(address)
    seen = scene.page(address, role=Role.VIEWER)

    for shown in ("Robin0 Ashdown", "Year 10", "Spring", "Answered", "Stopped"):
        assert shown in whole, shown
        assert shown in seen, shown
    for hidden in ("A873200412345", mis_id, "Start an apprenticeship", "Readiness", "Scores"):
        assert hidden in whole, hidden
        assert hidden not in seen, hidden
    for hidden in ("Where each fact", "Special educational", "WorkEmail", "<form method"):
        assert hidden in whole, hidden
        assert hidden not in seen.split("<main")[1], hidden


def test_a_pupils_page_says_why_they_cannot_be_mailed(scene: Scene) -> None:
    with transaction(scene.wired.sessions, scene.school.id) as session:
        left = make_pupil(session, leaving_date=now().date()).id

    assert "Has left the school" in scene.page(f"/staff/pupils/{left}")


def test_an_objection_is_recorded_and_lifted_on_the_pupils_page(scene: Scene) -> None:
    address = f"/staff/pupils/{scene.pupils[0]}"
    client = signed_in(scene.app, scene.school)

    submit(client, address, f"{address}/objection", do="record")
    assert "No: Asked not to be mailed" in scene.page(address)
    submit(client, address, f"{address}/objection", do="lift")
    assert "Yes, at the school address" in scene.page(address)


def test_whoever_looks_at_a_pupil_is_on_record(scene: Scene) -> None:
    scene.page(f"/staff/pupils/{scene.pupils[0]}", role=Role.VIEWER)

    assert ("pupil.viewed", scene.pupils[0]) in scene.actions()


def test_the_command_shows_every_entry_with_its_source(scene: Scene) -> None:
    (response,) = scene.answer(0, interests_sectors=("sport",))
    scene.write_back()
    with transaction(scene.wired.sessions, scene.school.id) as session:
        mis_id = session.get_one(Pupil, (scene.school.id, scene.pupils[0])).mis_id

    result = run("pupil", "show", "--school", scene.school.urn, "--mis-id", mis_id, "--json")

    shown = json.loads(result.stdout)
    assert shown["pupil"]["mis_id"] == mis_id
    (entry,) = [one for one in shown["entries"] if one["field"] == "interests"]
    assert entry["value"] == ["sport"]
    assert entry["response"] == str(response)
    assert (entry["source"], entry["questionnaire"], entry["version"]) == (
        "questionnaire",
        "gcse",
        1,
    )
    assert entry["superseded_at"] is None
    assert ("pupil.viewed", scene.pupils[0]) in scene.actions()


def test_the_command_wants_one_identifier(scene: Scene) -> None:
    assert run("pupil", "show", "--school", scene.school.urn).exit_code == 2
