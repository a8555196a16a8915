"""Results of a campaign or of a pupil, one row a response, worked out anew from the answers.

The scores are those the answers give under the version that was answered, so that anybody can
work them out again; a response counts as soon as it is submitted, written back or not. It is the
school's own record, so objections to sharing with others leave it as it is: those are obeyed by
`lists_for_others`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Text, cast, distinct, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from outreach.answering.models import Answer, AnsweringSession, Response
from outreach.campaigns import pinning
from outreach.campaigns.finding import find_campaign
from outreach.campaigns.models import Invitation
from outreach.campaigns.own.library import of_school
from outreach.campaigns.pinning import Pin, definitions_of
from outreach.clock import academic_year, london_date
from outreach.errors import Refusal
from outreach.profiles.fields import score_fields
from outreach.profiles.history import year_name
from outreach.pupils.finding import get_pupil
from outreach.pupils.groups import is_in_registration_group
from outreach.pupils.models import Pupil, RosterGroup
from outreach.reports.responses import is_its_invitation, is_of_campaign, is_of_pupil
from outreach.spreadsheets import csv_line
from questionnaires.answers import AnswerFault, Json, Value, from_json, to_json
from questionnaires.loading import Library
from questionnaires.model import Note, Questionnaire
from questionnaires.path import walk
from questionnaires.scoring import Scores, score

ROWS_AT_A_TIME = 200

SKIPPED = "(skipped)"
IDENTITY_COLUMNS = (
    *("upn", "mis_id", "response", "submitted_at", "questionnaire", "version"),
    *("academic_year", "campaign", "superseded_at"),
    *("year", "registration_group", "mode", "language", "arrived_by"),
)


@dataclass(frozen=True, repr=False)
class ResultRow:
    """One submitted response: only answers on the path, and what they add up to."""

    upn: str | None
    mis_id: str | None
    response: UUID
    submitted_at: datetime
    questionnaire: str
    version: int
    campaign: UUID
    superseded_at: datetime | None
    """None: it counts. Else when the student sent another in its place."""

    answers: Mapping[str, Json]
    scores: Scores
    fields: Mapping[str, float | None]
    """Every score under the name it has in the pupil profile."""

    year: int | None = None
    """The year group that the pupil was in when asked."""
    registration_group: str | None = None
    """On the day it was sent."""
    mode: str | None = None
    language: str | None = None
    """Of the answers; several, as of the next, stand between semicolons."""
    arrived_by: str | None = None

    @property
    def academic_year(self) -> str:
        return year_name(academic_year(london_date(self.submitted_at)))

    @property
    def identity(self) -> tuple[str | int | None, ...]:
        """In the order of IDENTITY_COLUMNS."""
        superseded_at = self.superseded_at.isoformat() if self.superseded_at else None
        return (
            *(self.upn, self.mis_id, str(self.response), self.submitted_at.isoformat()),
            *(self.questionnaire, self.version),
            *(self.academic_year, str(self.campaign), superseded_at),
            *(self.year, self.registration_group),
            *(self.mode, self.language, self.arrived_by),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            **dict(zip(IDENTITY_COLUMNS, self.identity, strict=True)),
            "answers": dict(self.answers),
            "scores": dict(self.fields) | self.scores.as_json(),
        }


@dataclass(frozen=True)
class Results:
    """`rows` are read from the database as they are taken, and can be taken once."""

    definitions: tuple[Questionnaire, ...]
    """All that the campaign gives, or the pupil answered; a row says which one it answers."""

    rows: Iterator[ResultRow]

    @property
    def questions(self) -> list[str]:
        """The column of each question, once, whichever definitions ask it."""
        return _each_once(
            q.id for one in self.definitions for q in one.questions if not isinstance(q, Note)
        )

    @property
    def fields(self) -> list[str]:
        """The column of each score."""
        return _each_once(
            field for one in self.definitions for field in score_fields(one, score(one, {}))
        )


def results_of(session: Session, library: Library, campaign_id: UUID) -> Results:
    """Raises NotFound, and Refusal where a definition is not the installed one."""
    find_campaign(session, campaign_id)
    definitions = definitions_of(session, library, campaign_id)
    return Results(definitions, _rows(session, definitions, is_of_campaign(session, campaign_id)))


def results_of_pupil(session: Session, library: Library, pupil_id: UUID) -> Results:
    """Every response that the pupil has sent, in any campaign and year, replaced ones too.

    Raises NotFound, and Refusal where a definition is not the installed one."""
    get_pupil(session, pupil_id)
    theirs = is_of_pupil(session, pupil_id)
    rows = session.execute(
        select(Response.questionnaire, Response.version, Response.sha256, Invitation.family)
        .join(Invitation, is_its_invitation())
        .where(theirs)
        .group_by(Response.questionnaire, Response.version, Response.sha256, Invitation.family)
        .order_by(Response.questionnaire, Response.version, Response.sha256)
    )
    here = of_school(session, library)
    definitions = tuple(pinning.definition(here, Pin(*row)) for row in rows)
    return Results(definitions, _rows(session, definitions, theirs))


def count_responses(session: Session, which: ColumnElement[bool]) -> int:
    """As many as an export of the campaign, or of the pupil, has rows."""
    submitted = (
        select(func.count())
        .select_from(Response)
        .join(Invitation, is_its_invitation())
        .where(which)
    )
    return session.scalar(submitted) or 0


def _rows(
    session: Session, definitions: Sequence[Questionnaire], which: ColumnElement[bool]
) -> Iterator[ResultRow]:
    """Oldest submission first. The answers come as one JSON object a response, not row by row."""
    given = (
        select(
            func.jsonb_object_agg(Answer.question_id, Answer.value).label("answers"),
            _each(Answer.mode).label("mode"),
            _each(Answer.language).label("language"),
        )
        .where(Answer.school_id == Response.school_id, Answer.response_id == Response.id)
        .correlate(Response)
        .lateral("given")
    )
    submitted = (
        select(Pupil.upn, Pupil.mis_id, Response.id, Response.submitted_at, given)
        .add_columns(
            *(Response.sha256, Invitation.campaign_id, Response.superseded_at),
            Invitation.pupil_year,
            _group_when_sent().label("registration_group"),
            _ways_of_arriving().label("arrived_by"),
        )
        .join(Invitation, is_its_invitation())
        .join(Pupil, (Pupil.school_id == Response.school_id) & (Pupil.id == Invitation.pupil_id))
        .join(given, true())
        .where(which)
        .order_by(Response.submitted_at, Response.id)
        .execution_options(yield_per=ROWS_AT_A_TIME)
    )
    by_hash = {one.sha256: one for one in definitions}
    for row in session.execute(submitted):
        definition = by_hash[row.sha256]
        answers = _read_answers(definition, row.id, row.answers or {})
        on_path = walk(definition, answers).on_path(answers)
        scores = score(definition, on_path)
        yield ResultRow(
            upn=row.upn,
            mis_id=row.mis_id,
            response=row.id,
            submitted_at=row.submitted_at,
            questionnaire=definition.id,
            version=definition.version,
            campaign=row.campaign_id,
            superseded_at=row.superseded_at,
            year=row.pupil_year,
            registration_group=row.registration_group,
            mode=row.mode,
            language=row.language,
            arrived_by=row.arrived_by,
            answers={question_id: to_json(value) for question_id, value in on_path.items()},
            scores=scores,
            fields=score_fields(definition, scores),
        )


def _each(column: InstrumentedAttribute[Any]) -> ColumnElement[str | None]:
    """Every value once, between semicolons."""
    return func.string_agg(distinct(cast(column, Text)), ";")


def _group_when_sent() -> ColumnElement[str | None]:
    day = cast(func.timezone("Europe/London", Response.submitted_at), Date)
    return (
        select(func.min(RosterGroup.name))
        .where(is_in_registration_group(day))
        .correlate(Pupil, Response)
        .scalar_subquery()
    )


def _ways_of_arriving() -> ColumnElement[str | None]:
    return (
        select(_each(AnsweringSession.arrived_by))
        .where(
            AnsweringSession.school_id == Response.school_id,
            AnsweringSession.invitation_id == Response.invitation_id,
            AnsweringSession.response_id == Response.id,
        )
        .correlate(Response)
        .scalar_subquery()
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


def write_json(results: Results) -> Iterator[str]:
    """One JSON document, in pieces: `{"results": […]}`."""
    yield '{"results": ['
    for number, row in enumerate(results.rows):
        yield ",\n" if number else "\n"
        yield json.dumps(row.as_json(), ensure_ascii=False)
    yield "\n]}\n"


def write_csv(results: Results) -> Iterator[str]:
    """RFC 4180, a line at a time: one column a question and one a score, by stable key.

    Empty: not asked, or too few answers for a score. Several choices stand between semicolons.
    """
    questions, fields = results.questions, results.fields
    yield csv_line([*IDENTITY_COLUMNS, *questions, *fields])
    for row in results.rows:
        answers = [answer_cell(row.answers, question_id) for question_id in questions]
        yield csv_line([*row.identity, *answers, *(row.fields.get(field) for field in fields)])


def _each_once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def answer_cell(answers: Mapping[str, Json], question_id: str) -> str | int | None:
    """What stands in a table for the answer; None where the question was not asked."""
    if question_id not in answers:
        return None
    value = answers[question_id]
    if value is None:
        return SKIPPED
    return ";".join(value) if isinstance(value, list) else value
