"""What a cohort answered to the school's own questions: counts, as they are in no score."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.answering.models import Answer, Response
from outreach.campaigns.models import Invitation
from outreach.reports.plans import Said, said_to
from outreach.reports.responses import is_its_invitation, is_of_campaign
from questionnaires.answers import Value, from_json
from questionnaires.model import (
    DEFAULT_LANGUAGE,
    Block,
    ChoiceQuestion,
    ChoicesQuestion,
    Note,
    Questionnaire,
)
from questionnaires.path import walk

OwnQuestion = ChoiceQuestion | ChoicesQuestion


def own_answers_of(
    session: Session,
    definitions: Sequence[Questionnaire],
    campaign_id: UUID,
    counted: int,
) -> tuple[Said, ...]:
    """One for each own question with options, in the order asked. Where several questionnaires of
    the campaign ask it, all their students together.

    For those alone who may read single responses: what a school asks beside the questionnaire may
    be something that no purpose lets others read, not even as a number.
    """
    questions = _own_questions(definitions)
    if not questions:
        return ()
    counts: dict[str, Counter[str]] = {id: Counter() for id in questions}
    answered: Counter[str] = Counter()
    for answers in _answers(session, definitions, campaign_id):
        for id in questions.keys() & answers.keys():
            value = answers[id]
            if value is not None:
                answered[id] += 1
                counts[id].update(value if isinstance(value, tuple) else [str(value)])
    return tuple(
        said_to(
            question,
            id,
            question.text.in_(DEFAULT_LANGUAGE),
            counts[id],
            answered[id],
            counted,
            None,
            asks_all=_asks_all(definitions, id),
        )
        for id, question in questions.items()
    )


def _own_questions(definitions: Sequence[Questionnaire]) -> dict[str, OwnQuestion]:
    """By id; asked by several, with the options of all."""
    found: dict[str, OwnQuestion] = {}
    for one in definitions:
        for question in one.questions:
            if not isinstance(question, OwnQuestion) or question.block is not Block.OWN:
                continue
            known = found.get(question.id)
            options = {o.value: o for o in (*(known.options if known else ()), *question.options)}
            update = {"options": tuple(options.values())}
            found[question.id] = (known or question).model_copy(update=update)
    return found


def _asks_all(definitions: Sequence[Questionnaire], id: str) -> bool:
    """Whether every student of the campaign is asked it."""
    return all(
        any(question.id == id and question.show_if is None for question in one.questions)
        for one in definitions
    )


def _answers(
    session: Session, definitions: Sequence[Questionnaire], campaign_id: UUID
) -> Iterable[Mapping[str, Value]]:
    """Of each response that counts, what stands on its path."""
    given = (
        select(func.jsonb_object_agg(Answer.question_id, Answer.value))
        .where(Answer.school_id == Response.school_id, Answer.response_id == Response.id)
        .correlate(Response)
        .scalar_subquery()
    )
    by_hash = {one.sha256: one for one in definitions}
    rows = session.execute(
        select(Response.sha256, given)
        .join(Invitation, is_its_invitation())
        .where(is_of_campaign(session, campaign_id), Response.written_back_at.is_not(None))
    )
    for sha256, stored in rows:
        definition = by_hash.get(sha256)
        if definition is None:
            continue
        answers: dict[str, Value] = {}
        for id, value in (stored or {}).items():
            question = definition.question(id)
            if not isinstance(question, Note):
                answers[id] = from_json(question, value)
        yield walk(definition, answers).on_path(answers)
