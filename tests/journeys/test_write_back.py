"""From a submitted response to the pupil profile: once, with provenance, whatever goes wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Thread
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from outreach import web
from outreach.answering.again import Why, let_answer_again
from outreach.answering.models import Answer, Response
from outreach.audit import OPERATOR
from outreach.campaigns.states import InvitationState
from outreach.clock import now
from outreach.database import transaction
from outreach.profiles import writing_back
from outreach.profiles.models import ProfileEntry, Result
from outreach.profiles.showing import Entry, profile_of
from outreach.queues import DueWork, Work
from questionnaires.loading import UnknownQuestionnaire
from tests.answered import answer_and_submit, invitation_of, launch_campaign
from tests.factories import MadeSchool, make_pupil, make_school
from workers import write_back as job

DAY = timedelta(days=1)
YEAR = timedelta(days=366)


@dataclass(frozen=True)
class Scene:
    """A school with a launched campaign and two of its pupils."""

    wired: web.Parts
    school: MadeSchool
    campaign: UUID
    pupil: UUID
    other: UUID

    def session(self) -> Iterator[Session]:
        return transaction(self.wired.sessions, self.school.id)

    def answer(self, pupil: UUID, at: datetime, *, campaign: UUID | None = None, **given) -> UUID:
        with self.session() as session:
            of = campaign or self.campaign
            if campaign is not None:  # a student answers once a school year, unless staff let them
                earlier = invitation_of(session, self.campaign, pupil).id
                let_answer_again(session, earlier, None, Why.NOT_SAID, OPERATOR, at)
            return answer_and_submit(session, self.wired.library, of, pupil, at, **given)

    def next_campaign(self) -> UUID:
        """Somebody who answered this school year is not mailed again, but holds a new link."""
        with self.session() as session:
            return launch_campaign(session, self.wired.library, now(), name="Next")

    def entries(self, field: str) -> list[Entry]:
        with self.session() as session:
            entries = profile_of(session, self.pupil).entries
        return [entry for entry in entries if entry.field == field]

    def run(self) -> None:
        job.run(str(self.school.id))


@pytest.fixture
def scene(wired: web.Parts) -> Scene:
    school = make_school(wired.sessions)
    with transaction(wired.sessions, school.id) as session:
        pupil, other, _ = (make_pupil(session).id for _ in range(3))
        campaign = launch_campaign(session, wired.library, now())
    return Scene(wired, school, campaign, pupil, other)


def test_a_submitted_response_becomes_profile_entries_with_their_provenance(scene: Scene) -> None:
    at = now()
    response = scene.answer(scene.pupil, at, destination_intended="apprenticeship")

    scene.run()

    (entry,) = scene.entries("intended_destination")
    assert entry == Entry(
        field="intended_destination",
        value="apprenticeship",
        source="questionnaire",
        recorded_at=at,
        response=response,
        questionnaire="gcse",
        version=1,
        superseded_at=None,
    )
    assert [entry.value for entry in scene.entries("readiness")] == [100.0]
    assert [entry.value for entry in scene.entries("skill.teamwork")] == [100.0]


def test_the_invitation_says_that_its_answers_are_written_back(scene: Scene) -> None:
    scene.answer(scene.pupil, now())

    scene.run()

    with scene.session() as session:
        invitation = invitation_of(session, scene.campaign, scene.pupil)
        assert invitation.state is InvitationState.WRITTEN_BACK


def test_a_second_delivery_of_the_job_changes_nothing(scene: Scene) -> None:
    scene.answer(scene.pupil, now())
    scene.run()
    before = counts(scene)

    scene.run()

    assert counts(scene) == before


def test_while_one_job_holds_a_response_another_leaves_it_alone(scene: Scene) -> None:
    response = scene.answer(scene.pupil, now())

    with scene.session() as first, scene.session() as second:
        assert writing_back.write_back(first, scene.wired.library, response, now())
        assert not writing_back.write_back(second, scene.wired.library, response, now())

    assert counts(scene)["profile_entry"] > 0


def test_two_jobs_at_once_write_every_response_once(scene: Scene) -> None:
    for pupil in (scene.pupil, scene.other):
        scene.answer(pupil, now())
    scene.answer(scene.pupil, now(), campaign=scene.next_campaign())

    jobs = [Thread(target=scene.run) for _ in range(2)]
    for one in jobs:
        one.start()
    for one in jobs:
        one.join()
    scene.run()

    once = counts(scene)
    with scene.session() as session:
        written = session.scalars(select(Response.written_back_at)).all()
        assert len(written) == 3
        assert all(written)
        assert once["result"] == 3 * len(session.scalars(select(Result.key).distinct()).all())


def test_a_job_killed_before_its_commit_leaves_nothing_and_the_next_does_it_all(
    scene: Scene,
) -> None:
    response = scene.answer(scene.pupil, now())
    with scene.wired.sessions() as session:
        session.info["school_id"] = scene.school.id
        writing_back.write_back(session, scene.wired.library, response, now())
        session.rollback()
    assert counts(scene) == {"result": 0, "profile_entry": 0}

    scene.run()

    assert scene.entries("readiness")


def test_a_newer_answer_supersedes_and_keeps_the_older_one(scene: Scene) -> None:
    earlier, later = now() - 2 * DAY, now()
    scene.answer(scene.pupil, earlier, destination_intended="apprenticeship")
    scene.run()
    scene.answer(
        scene.pupil, later, campaign=scene.next_campaign(), destination_intended="something_else"
    )

    scene.run()

    newest, oldest = scene.entries("intended_destination")
    assert (newest.value, newest.superseded_at) == ("something_else", None)
    assert (oldest.value, oldest.superseded_at) == ("apprenticeship", later)


def test_an_older_answer_written_back_late_does_not_push_out_a_newer_one(scene: Scene) -> None:
    earlier, later = now() - 2 * DAY, now()
    old = scene.answer(scene.pupil, earlier, destination_intended="apprenticeship")
    new = scene.answer(
        scene.pupil, later, campaign=scene.next_campaign(), destination_intended="something_else"
    )

    for response in (new, old):
        with scene.session() as session:
            assert writing_back.write_back(session, scene.wired.library, response, now())

    newest, oldest = scene.entries("intended_destination")
    assert (newest.value, newest.superseded_at) == ("something_else", None)
    assert (oldest.value, oldest.superseded_at) == ("apprenticeship", later)


def test_a_skipped_question_leaves_what_is_known(scene: Scene) -> None:
    scene.answer(scene.pupil, now() - YEAR, interests_sectors=("sport",))
    scene.run()
    scene.answer(scene.pupil, now(), campaign=scene.next_campaign(), interests_sectors=None)

    scene.run()

    (entry,) = scene.entries("interests")
    assert (entry.value, entry.is_current) == (["sport"], True)


def test_how_sure_they_were_ends_with_the_destination_it_was_said_of(scene: Scene) -> None:
    scene.answer(scene.pupil, now() - DAY, destination_certainty="certain")
    scene.run()
    scene.answer(
        scene.pupil, now(), campaign=scene.next_campaign(), destination_intended="not_sure"
    )

    scene.run()

    (entry,) = scene.entries("destination_certainty")
    assert not entry.is_current


def test_an_answer_left_on_an_abandoned_branch_is_not_written(scene: Scene) -> None:
    response = scene.answer(scene.pupil, now(), destination_certainty="certain")
    with scene.session() as session:
        session.execute(
            update(Answer)
            .where(Answer.response_id == response, Answer.question_id == "destination_intended")
            .values(value="not_sure")
        )

    scene.run()

    assert scene.entries("intended_destination")[0].value == "not_sure"
    assert scene.entries("destination_certainty") == []


def test_one_response_that_cannot_be_written_does_not_hold_up_the_others(scene: Scene) -> None:
    uninstall_definition_of(scene, scene.answer(scene.other, now() - DAY))
    scene.answer(scene.pupil, now())

    scene.run()

    assert scene.entries("readiness")
    with scene.session() as session:
        assert writing_back.is_any_failing(session)


def test_a_response_that_cannot_be_written_is_tried_again_later_and_later(scene: Scene) -> None:
    response = scene.answer(scene.pupil, now())
    waits = []
    for _ in range(8):
        at = now()
        with scene.session() as session:
            writing_back.put_off(session, response, at)
        with scene.session() as session:
            due = writing_back.next_due(session, at)
            assert writing_back.due_responses(session, at, 10) == []
            waits.append(due - at)

    assert waits == sorted(waits)
    assert waits[0] == writing_back.FIRST_WAIT
    assert waits[-1] == writing_back.LONGEST_WAIT


def test_work_that_failed_stays_due_and_is_done_once_the_definition_is_back(scene: Scene) -> None:
    response = scene.answer(scene.pupil, now())
    sha256 = uninstall_definition_of(scene, response)
    scene.run()
    with scene.session() as session:
        due = session.get_one(DueWork, (scene.school.id, Work.WRITE_BACK))
        assert due.due_at > now()
        session.execute(update(Response).values(sha256=sha256, write_back_after=now()))

    scene.run()

    assert scene.entries("readiness")
    with scene.session() as session:
        assert not writing_back.is_any_failing(session)
        assert session.get(DueWork, (scene.school.id, Work.WRITE_BACK)) is None


def test_a_definition_that_is_not_the_one_answered_is_refused(scene: Scene) -> None:
    response = scene.answer(scene.pupil, now())
    uninstall_definition_of(scene, response)

    with pytest.raises(writing_back.DefinitionChanged), scene.session() as session:
        writing_back.write_back(session, scene.wired.library, response, now())


def test_a_version_that_is_not_installed_is_refused(scene: Scene) -> None:
    response = scene.answer(scene.pupil, now())
    with scene.session() as session:
        session.execute(update(Response).where(Response.id == response).values(version=99))

    with pytest.raises(UnknownQuestionnaire), scene.session() as session:
        writing_back.write_back(session, scene.wired.library, response, now())


def test_what_the_budget_leaves_over_is_still_due(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.answer(scene.pupil, now())
    monkeypatch.setattr(job, "BUDGET_SECONDS", -1.0)
    scene.run()
    with scene.session() as session:
        assert session.get_one(DueWork, (scene.school.id, Work.WRITE_BACK)).due_at <= now()
    monkeypatch.undo()

    scene.run()

    assert scene.entries("readiness")


def test_another_school_cannot_write_a_response_back(scene: Scene) -> None:
    response = scene.answer(scene.pupil, now())
    stranger = make_school(scene.wired.sessions)

    with transaction(scene.wired.sessions, stranger.id) as session:
        assert not writing_back.write_back(session, scene.wired.library, response, now())

    assert counts(scene)["profile_entry"] == 0


def uninstall_definition_of(scene: Scene, response: UUID) -> str:
    """As after going back to a release that has another file under this version."""
    with scene.session() as session:
        row = session.get_one(Response, (scene.school.id, response))
        before, row.sha256 = row.sha256, "0" * 64
        return before


def counts(scene: Scene) -> dict[str, int | None]:
    with scene.session() as session:
        return {
            table.__tablename__: session.scalar(select(func.count()).select_from(table))
            for table in (Result, ProfileEntry)
        }
