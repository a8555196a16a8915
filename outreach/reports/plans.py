"""What a cohort said it intends and likes: intended destinations, how sure, interests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from outreach.answering.models import Response
from outreach.campaigns.models import Invitation
from outreach.database import school_of
from outreach.profiles.models import ProfileEntry
from outreach.profiles.wording import FIELD_LABELS, asking
from outreach.reports.responses import Edition, is_its_invitation, is_of_campaign
from outreach.reports.small_numbers import hide_small, is_few
from questionnaires.model import (
    DEFAULT_LANGUAGE,
    ChoiceQuestion,
    ChoicesQuestion,
    ProfileField,
    Questionnaire,
)

NOT_SURE = "not_sure"
"""By this value a definition's questions offer “not sure”."""


@dataclass(frozen=True)
class ChoiceCount:
    """How many students chose it. None: fewer than the floor, or it would give such a one away."""

    label: str
    count: int | None
    share: int | None


@dataclass(frozen=True)
class Said:
    """What students said to one question. `apart`: not sure, none of these, skipped, not asked."""

    field: str
    label: str
    choices: tuple[ChoiceCount, ...]
    apart: tuple[ChoiceCount, ...]
    is_several: bool

    @property
    def chosen(self) -> tuple[ChoiceCount, ...]:
        return tuple(one for one in self.choices if one.count != 0)

    @property
    def unchosen(self) -> tuple[ChoiceCount, ...]:
        return tuple(one for one in self.choices if one.count == 0)


def plans_of(
    session: Session,
    definitions: Sequence[Questionnaire],
    campaign_id: UUID,
    counted: int,
    floor: int | None,
    edition: Edition,
) -> tuple[Said, ...]:
    """With a floor, small numbers are hidden. Answers that only a questionnaire offers which nobody was
    given are no rows."""
    counts = _choice_counts(session, campaign_id, edition)
    answered = _answered_counts(session, campaign_id, edition)
    given = _given(session, campaign_id)
    questions = [
        question for one in definitions if one.sha256 in given for question in one.questions
    ]
    asked = [(field, asking(field.value, questions)) for field in ProfileField]
    return tuple(
        said_to(
            question,
            field.value,
            FIELD_LABELS[field.value],
            counts.get(field.value, {}),
            answered.get(field.value, 0),
            counted,
            floor,
        )
        for field, question in asked
        if question is not None
    )


def _given(session: Session, campaign_id: UUID) -> frozenset[str]:
    """By hash, the questionnaires of the campaign that some pupil has."""
    rows = select(Invitation.sha256).where(
        Invitation.school_id == school_of(session), Invitation.campaign_id == campaign_id
    )
    return frozenset(session.scalars(rows.distinct()))


def _choice_counts(
    session: Session, campaign_id: UUID, edition: Edition
) -> dict[str, dict[str, int]]:
    """Field to option to students: a list in the profile counts once for each of its items."""
    value = ProfileEntry.value
    each = (
        func.jsonb_array_elements_text(
            case((func.jsonb_typeof(value) == "array", value), else_=func.jsonb_build_array(value))
        )
        .table_valued("option", name="each_option")
        .render_derived()
    )
    rows = session.execute(
        select(ProfileEntry.field, each.c.option, func.count())
        .select_from(ProfileEntry)
        .join(Response, _response_of_entry())
        .join(Invitation, is_its_invitation())
        .join(each, each.c.option.is_not(None))
        .where(is_of_campaign(session, campaign_id, edition), _is_said())
        .group_by(ProfileEntry.field, each.c.option)
    )
    counts: dict[str, dict[str, int]] = {}
    for field, option, count in rows:
        counts.setdefault(field, {})[option] = count
    return counts


def _answered_counts(session: Session, campaign_id: UUID, edition: Edition) -> dict[str, int]:
    rows = session.execute(
        select(ProfileEntry.field, func.count().label("students"))
        .join(Response, _response_of_entry())
        .join(Invitation, is_its_invitation())
        .where(is_of_campaign(session, campaign_id, edition), _is_said())
        .group_by(ProfileEntry.field)
    )
    return {row.field: row.students for row in rows}


def _response_of_entry() -> ColumnElement[bool]:
    return and_(
        Response.school_id == ProfileEntry.school_id, Response.id == ProfileEntry.response_id
    )


def _is_said() -> ColumnElement[bool]:
    return ProfileEntry.field.in_([field.value for field in ProfileField])


def said_to(
    question: ChoiceQuestion | ChoicesQuestion,
    field: str,
    label: str,
    counts: Mapping[str, int],
    answered: int,
    counted: int,
    floor: int | None,
    *,
    asks_all: bool = True,
) -> Said:
    """`asks_all`: every student of the campaign has a questionnaire with this question."""
    is_several = isinstance(question, ChoicesQuestion)
    exclusive = question.exclusive if isinstance(question, ChoicesQuestion) else None
    silent = "Skipped" if asks_all and question.show_if is None else "Skipped, or not asked"
    labels = {one.value: one.label.in_(DEFAULT_LANGUAGE) for one in question.options} | {"": silent}
    every = {value: counts.get(value, 0) for value in question.values} | {"": counted - answered}
    kept: Mapping[str, int | None] = every
    if floor is not None:
        kept = hide_small(every, floor, add_up=not is_several)
        if (
            is_several
        ):  # each is a yes or no of its own: those who did not choose it are a number too
            kept = {
                value: None if is_few(counted - every[value], floor) else count
                for value, count in kept.items()
            }
    shown = {
        value: ChoiceCount(
            label=labels[value],
            count=count,
            share=None if count is None else round(100 * count / counted),
        )
        for value, count in kept.items()
    }
    apart = {NOT_SURE, exclusive, ""}
    return Said(
        field=field,
        label=label,
        choices=tuple(
            sorted(
                (one for value, one in shown.items() if value not in apart),
                key=lambda one: -(0.5 if one.count is None else one.count),
            )
        ),
        apart=tuple(one for value, one in shown.items() if value in apart),
        is_several=is_several,
    )
