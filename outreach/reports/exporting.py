"""A campaign's results, one row a response, worked out anew from the answers.

The scores are those the answers give under the version that was answered, so that anybody can
work them out again; a response counts as soon as it is submitted, written back or not. It is the
school's own record, so objections to sharing with others leave it as it is: those are obeyed by
`lists_for_others`.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.answering.models import Answer, Response
from outreach.campaigns.finding import find_campaign
from outreach.campaigns.models import Invitation
from outreach.campaigns.pinning import definitions_of
from outreach.errors import Refusal
from outreach.profiles.fields import score_fields
from outreach.pupils.models import Pupil
from outreach.reports.responses import is_its_invitation, is_of_campaign
from outreach.spreadsheets import safe_cell
from questionnaires.answers import AnswerFault, Json, Value, from_json, to_json
from questionnaires.loading import Library
from questionnaires.model import Note, Questionnaire
from questionnaires.path import walk
from questionnaires.scoring import Scores, score

ROWS_AT_A_TIME = 200

SKIPPED = "(skipped)"
IDENTITY_COLUMNS = ("upn", "mis_id", "response", "submitted_at", "questionnaire", "version")


@dataclass(frozen=True, repr=False)
class ResultRow:
    """One submitted response: only answers on the path, and what they add up to."""

    upn: str | None
    mis_id: str | None
    response: UUID
    submitted_at: datetime
    questionnaire: str
    version: int
    answers: Mapping[str, Json]
    scores: Scores
    fields: Mapping[str, float | None]
    """Every score under the name it has in the pupil profile."""

    def as_json(self) -> dict[str, Any]:
        return {
            "upn": self.upn,
            "mis_id": self.mis_id,
            "response": str(self.response),
            "submitted_at": self.submitted_at.isoformat(),
            "questionnaire": self.questionnaire,
            "version": self.version,
            "answers": dict(self.answers),
            "scores": dict(self.fields) | self.scores.as_json(),
        }


@dataclass(frozen=True)
class Results:
    """`rows` are read from the database as they are taken, and can be taken once."""

    definitions: tuple[Questionnaire, ...]
    """All that the campaign gives; a row says which one it answers."""

    rows: Iterator[ResultRow]


def results_of(session: Session, library: Library, campaign_id: UUID) -> Results:
    """Raises NotFound, and Refusal where a definition is not the installed one."""
    find_campaign(session, campaign_id)
    definitions = definitions_of(session, library, campaign_id)
    return Results(definitions, _rows(session, definitions, campaign_id))


def count_responses(session: Session, campaign_id: UUID) -> int:
    """As many as an export of the campaign has rows."""
    submitted = (
        select(func.count())
        .select_from(Response)
        .join(Invitation, is_its_invitation())
        .where(is_of_campaign(session, campaign_id))
    )
    return session.scalar(submitted) or 0


def _rows(
    session: Session, definitions: Sequence[Questionnaire], campaign_id: UUID
) -> Iterator[ResultRow]:
    """Oldest submission first. The answers come as one JSON object a response, not row by row."""
    given = (
        select(func.jsonb_object_agg(Answer.question_id, Answer.value))
        .where(Answer.school_id == Response.school_id, Answer.response_id == Response.id)
        .correlate(Response)
        .scalar_subquery()
    )
    submitted = (
        select(Pupil.upn, Pupil.mis_id, Response.id, Response.submitted_at, given.label("given"))
        .add_columns(Response.sha256)
        .join(Invitation, is_its_invitation())
        .join(Pupil, (Pupil.school_id == Response.school_id) & (Pupil.id == Invitation.pupil_id))
        .where(is_of_campaign(session, campaign_id))
        .order_by(Response.submitted_at, Response.id)
        .execution_options(yield_per=ROWS_AT_A_TIME)
    )
    by_hash = {one.sha256: one for one in definitions}
    for upn, mis_id, response_id, submitted_at, stored, sha256 in session.execute(submitted):
        definition = by_hash[sha256]
        answers = _read_answers(definition, response_id, stored or {})
        on_path = walk(definition, answers).on_path(answers)
        scores = score(definition, on_path)
        yield ResultRow(
            upn=upn,
            mis_id=mis_id,
            response=response_id,
            submitted_at=submitted_at,
            questionnaire=definition.id,
            version=definition.version,
            answers={question_id: to_json(value) for question_id, value in on_path.items()},
            scores=scores,
            fields=score_fields(definition, scores),
        )


def _read_answers(
    definition: Questionnaire, response_id: UUID, stored: Mapping[str, object]
) -> dict[str, Value]:
    answers: dict[str, Value] = {}
    for question_id, value in stored.items():
        try:
            question = definition.question(question_id)
            if not isinstance(question, Note):
                answers[question_id] = from_json(question, value)
        except (KeyError, AnswerFault) as fault:
            raise Refusal(
                f"Response {response_id} holds an answer to “{question_id}” that its "
                "questionnaire does not have, so nothing was exported. Nothing is lost: tell "
                "whoever runs this service, and give them that id."
            ) from fault
    return answers


def write_json(rows: Iterable[ResultRow]) -> Iterator[str]:
    """One JSON document, in pieces: `{"results": […]}`."""
    yield '{"results": ['
    for number, row in enumerate(rows):
        yield ",\n" if number else "\n"
        yield json.dumps(row.as_json(), ensure_ascii=False)
    yield "\n]}\n"


def write_csv(definitions: Sequence[Questionnaire], rows: Iterable[ResultRow]) -> Iterator[str]:
    """RFC 4180, a line at a time: one column a question and one a score, by stable key.

    Empty: not asked, or too few answers for a score. Several choices stand between semicolons.
    """
    questions = _each_once(
        q.id for one in definitions for q in one.questions if not isinstance(q, Note)
    )
    fields = _each_once(field for one in definitions for field in score_fields(one, score(one, {})))
    yield _csv_line([*IDENTITY_COLUMNS, *questions, *fields])
    for row in rows:
        yield _csv_line(
            [
                row.upn,
                row.mis_id,
                str(row.response),
                row.submitted_at.isoformat(),
                row.questionnaire,
                row.version,
                *(_answer_cell(row.answers, question_id) for question_id in questions),
                *(row.fields.get(field) for field in fields),
            ]
        )


def _each_once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _answer_cell(answers: Mapping[str, Json], question_id: str) -> str | int | None:
    if question_id not in answers:
        return None
    value = answers[question_id]
    if value is None:
        return SKIPPED
    return ";".join(value) if isinstance(value, list) else value


def _csv_line(cells: list[str | int | float | None]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([safe_cell(cell) for cell in cells])
    return line.getvalue()
