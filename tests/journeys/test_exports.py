"""Every score can be worked out again from an export alone, whichever of the three kinds it is."""

import csv
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import select, update

from outreach import web
from outreach.answering.again import Why, let_answer_again
from outreach.answering.models import Response
from outreach.audit import OPERATOR, AuditEvent
from outreach.cli.entry import outreach
from outreach.clock import now
from outreach.database import transaction
from outreach.profiles.fields import score_fields
from outreach.pupils.models import Item, Pupil, PupilCharacteristic
from outreach.reports.exporting import SKIPPED
from outreach.schools.models import Role
from questionnaires.answers import Value
from questionnaires.loading import Library
from questionnaires.model import (
    AskedQuestion,
    ChoiceQuestion,
    ChoicesQuestion,
    Note,
    Questionnaire,
)
from questionnaires.scoring import score
from tests.answered import answer_and_submit, invitation_of, launch_campaign
from tests.factories import MadeSchool, make_pupil, make_school, signed_in

Row = dict[str, Any]
"""Column to what stands there: None, text or a number."""


@dataclass(frozen=True)
class Scene:
    """A school with a campaign that six pupils have answered, each at random."""

    app: Flask
    wired: web.Parts
    school: MadeSchool
    campaign: UUID
    pupils: list[UUID]

    def download(self, address: str, role: Role = Role.CAREERS_LEADER) -> bytes:
        with signed_in(self.app, self.school, role).get(address) as answer:
            assert answer.status_code == 200, answer.status_code
            assert "attachment" in answer.headers["Content-Disposition"]
            assert answer.headers["Cache-Control"] == "no-store"
            return answer.data

    def of_campaign(self, kind: str) -> bytes:
        return self.download(f"/staff/campaigns/{self.campaign}/results.{kind}")

    def of_pupil(self, pupil: UUID, kind: str) -> bytes:
        return self.download(f"/staff/pupils/{pupil}/results.{kind}")


@pytest.fixture
def scene(app: Flask, wired: web.Parts) -> Scene:
    school = make_school(wired.sessions, Role.CAREERS_LEADER, Role.VIEWER)
    rng = random.Random(7)
    with transaction(wired.sessions, school.id) as session:
        pupils = [make_pupil(session).id for _ in range(6)]
        campaign = launch_campaign(session, wired.library, now())
        for pupil in pupils:
            given = at_random(wired.library.latest("gcse"), rng)
            answer_and_submit(session, wired.library, campaign, pupil, now(), **given)
    return Scene(app, wired, school, campaign, pupils)


def at_random(definition: Questionnaire, rng: random.Random) -> dict[str, Value]:
    """Any answer that may be given, skips and "not sure" among them."""

    def one(question: AskedQuestion) -> Value:
        if rng.random() < 0.25:
            return None
        if isinstance(question, ChoiceQuestion):
            return rng.choice(question.values)
        assert isinstance(question, ChoicesQuestion)
        free = [value for value in question.values if value != question.exclusive]
        some = rng.sample(free, rng.randint(question.min, question.most))
        return tuple(value for value in question.values if value in some)

    return {q.id: one(q) for q in definition.questions if not isinstance(q, Note)}


def rows_of_csv(document: bytes) -> list[Row]:
    text = document.decode("utf-8-sig")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return [{key: cell or None for key, cell in row.items()} for row in rows]


def rows_of_workbook(document: bytes) -> list[Row]:
    """Both sheets side by side, joined by the response."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(document))
    assert book.sheet_names == ["Answers", "Scores", "Explained"]
    found: dict[str, Row] = {}
    for name in ("Answers", "Scores"):
        head, *rows = book.get_sheet_by_name(name).to_python()
        for cells in rows:
            filled = (None if cell == "" else cell for cell in cells)
            row = dict(zip(head, filled, strict=True))
            found.setdefault(row["response"], {}).update(row)
    return list(found.values())


def rows_of_json(document: bytes) -> list[Row]:
    def flat(row: Row) -> Iterator[tuple[str, Any]]:
        for key, value in row["answers"].items():
            said = ";".join(value) if isinstance(value, list) else value
            yield key, SKIPPED if said is None else said
        yield from row["scores"].items()

    return [{**row, **dict(flat(row))} for row in json.loads(document)["results"]]


READERS: dict[str, Callable[[bytes], list[Row]]] = {
    "csv": rows_of_csv,
    "xlsx": rows_of_workbook,
    "json": rows_of_json,
}


def worked_out_again(library: Library, row: Row) -> dict[str, float | None]:
    """From the answers of a row and the definition that it names, and from nothing else."""
    definition = library.get(row["questionnaire"], int(row["version"]))
    answers: dict[str, Value] = {}
    for question in definition.questions:
        cell = row.get(question.id)
        if cell is None or isinstance(question, Note):
            continue
        if cell == SKIPPED:
            answers[question.id] = None
        elif isinstance(question, ChoicesQuestion):
            answers[question.id] = tuple(cell.split(";"))
        else:
            answers[question.id] = cell
    return score_fields(definition, score(definition, answers))


@pytest.mark.parametrize("kind", READERS)
def test_every_exported_score_follows_from_the_exported_answers(scene: Scene, kind: str) -> None:
    rows = READERS[kind](scene.of_campaign(kind))
    alone = READERS[kind](scene.of_pupil(scene.pupils[0], kind))

    assert len(rows) == 6
    by_response = {row["response"]: row for row in rows}
    (own,) = alone
    assert by_response[own["response"]]["readiness"] == own["readiness"]
    for row in (*rows, *alone):
        again = worked_out_again(scene.wired.library, row)
        exported = {key: None if row[key] is None else float(row[key]) for key in again}
        assert exported == again
    assert len({row["readiness"] for row in rows}) > 1
    assert any(row[key] is None for row in rows for key in again), "a score was left out"


def test_a_pupils_export_holds_what_was_replaced_and_a_campaigns_does_not(scene: Scene) -> None:
    pupil = scene.pupils[0]
    with transaction(scene.wired.sessions, scene.school.id) as session:
        invitation = invitation_of(session, scene.campaign, pupil)
        let_answer_again(session, invitation.id, None, Why.NOT_SAID, OPERATOR, now())
        new = answer_and_submit(session, scene.wired.library, scene.campaign, pupil, now())

    first, second = rows_of_json(scene.of_pupil(pupil, "json"))
    assert first["superseded_at"] == second["submitted_at"]
    assert (second["response"], second["superseded_at"]) == (str(new), None)
    assert first["academic_year"] == second["academic_year"]
    assert len(rows_of_csv(scene.of_campaign("csv"))) == 6
    assert first["response"] not in {
        row["response"] for row in rows_of_csv(scene.of_campaign("csv"))
    }


def test_text_that_looks_like_a_formula_is_text_and_the_workbook_explains_itself(
    scene: Scene,
) -> None:
    bad = '=HYPERLINK("http://example.test","x")'
    with transaction(scene.wired.sessions, scene.school.id) as session:
        session.execute(update(Pupil).where(Pupil.id == scene.pupils[0]).values(mis_id=bad))
        held = {"school_id": scene.school.id, "pupil_id": scene.pupils[0], "changed_at": now()}
        session.add(PupilCharacteristic(item=Item.ETHNICITY, value="Cornish", **held))

    made = scene.of_campaign("xlsx")

    assert bad in {row["mis_id"] for row in rows_of_workbook(made)}
    with zipfile.ZipFile(io.BytesIO(made)) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if "sheets/sheet" in name]
        assert not any(b"<f>" in sheet or b"<hyperlink" in sheet for sheet in sheets)
        assert sum(b'state="frozen"' in sheet for sheet in sheets) == 3
    explained = CalamineWorkbook.from_filelike(io.BytesIO(made)).get_sheet_by_name("Explained")
    cells = {cell for row in explained.to_python() for cell in row}
    definition = scene.wired.library.latest("gcse")
    columns = {key for row in rows_of_workbook(made) for key in row}
    assert columns <= cells
    assert {q.text.in_("en") for q in definition.questions if not isinstance(q, Note)} <= cells
    for kind in READERS:
        assert b"Cornish" not in scene.of_campaign(kind)
    assert f"'{bad}" in {row["mis_id"] for row in rows_of_csv(scene.of_campaign("csv"))}


def test_downloads_are_on_record_and_not_for_tutors(scene: Scene) -> None:
    addresses = [
        f"/staff/campaigns/{scene.campaign}/results",
        f"/staff/pupils/{scene.pupils[0]}/results",
    ]
    tutor = signed_in(scene.app, scene.school, Role.VIEWER)
    for address in addresses:
        for kind in READERS:
            assert tutor.get(f"{address}.{kind}").status_code == 403
            scene.download(f"{address}.{kind}")

    with transaction(scene.wired.sessions, scene.school.id) as session:
        rows = session.execute(
            select(AuditEvent.subject_id, AuditEvent.detail)
            .where(AuditEvent.action == "results.exported")
            .order_by(AuditEvent.at)
        ).all()
    assert [(row.subject_id, row.detail) for row in rows] == [
        (subject, {"format": kind, "responses": count})
        for subject, count in ((scene.campaign, 6), (scene.pupils[0], 1))
        for kind in READERS
    ]


def test_the_commands_write_the_same_files(scene: Scene, tmp_path: Path) -> None:
    with transaction(scene.wired.sessions, scene.school.id) as session:
        pupil = session.get_one(Pupil, (scene.school.id, scene.pupils[0]))
        mis_id, whole = pupil.mis_id, session.scalars(select(Response.id)).all()

    def run(*words: object) -> bytes:
        made = CliRunner().invoke(outreach, [str(word) for word in words])
        assert made.exit_code == 0, made.output
        return made.stdout_bytes

    for kind, read in READERS.items():
        rows = read(run("results", "export", scene.campaign, "--format", kind))
        assert {row["response"] for row in rows} == {str(one) for one in whole}
        own = ("pupil", "export", "--school", scene.school.urn, "--mis-id", mis_id)
        (row,) = read(run(*own, "--format", kind))
        assert row["mis_id"] == mis_id
