"""What may become of a school's own questionnaire: offered or not, in place of its base, deleted."""

from datetime import datetime

from sqlalchemy import Exists, delete, exists, func, select, update
from sqlalchemy.orm import Session

from outreach import audit
from outreach.audit import Actor
from outreach.campaigns.models import CampaignQuestionnaire
from outreach.campaigns.own.models import SchoolQuestionnaire
from outreach.database import school_of
from outreach.errors import NotFound, Refusal


def versions_of(session: Session, id: str) -> list[SchoolQuestionnaire]:
    """Oldest first. NotFound where the school has none of that id."""
    rows = session.scalars(
        select(SchoolQuestionnaire)
        .where(
            SchoolQuestionnaire.school_id == school_of(session),
            SchoolQuestionnaire.questionnaire == id,
        )
        .order_by(SchoolQuestionnaire.version)
        .execution_options(populate_existing=True)  # what is decided after a turn is of this moment
    ).all()
    if not rows:
        raise NotFound(f"This school has no questionnaire “{id}” of its own.")
    return list(rows)


def retire(session: Session, id: str, actor: Actor, now: datetime) -> None:
    """Offered to no new campaign, and given in place of nothing. Campaigns that have it go on."""
    wait_for_turn(session)
    if versions_of(session, id)[-1].retired_at is not None:
        return
    _change(session, id, retired_at=now, stands_in=False)
    _record(session, id, "questionnaire.retired", actor, now)


def offer_again(session: Session, id: str, actor: Actor, now: datetime) -> None:
    if versions_of(session, id)[-1].retired_at is None:
        return
    _change(session, id, retired_at=None)
    _record(session, id, "questionnaire.offered_again", actor, now)


def let_stand_in(
    session: Session, id: str, actor: Actor, now: datetime, *, stands_in: bool
) -> None:
    """Whether campaigns that give each pupil the one for their year give it in place of its base.

    Of several for the same base only one stands in: the one that was switched on last. It counts
    for campaigns made from now on.
    """
    wait_for_turn(session)
    latest = versions_of(session, id)[-1]
    if latest.base is None:
        raise Refusal("A whole questionnaire stands in for no other. Choose it by its name.")
    if stands_in and latest.retired_at is not None:
        raise Refusal("It is retired. Offer it again first.")
    if latest.stands_in is stands_in:
        return
    if stands_in:
        session.execute(
            update(SchoolQuestionnaire)
            .where(
                SchoolQuestionnaire.school_id == school_of(session),
                SchoolQuestionnaire.base == latest.base,
                SchoolQuestionnaire.stands_in,
            )
            .values(stands_in=False)
        )
    latest.stands_in = stands_in
    session.flush()
    _record(session, id, "questionnaire.stands_in", actor, now, is_on=stands_in)


def delete_unused(session: Session, id: str, version: int, actor: Actor, now: datetime) -> None:
    """Raises Refusal for one that a campaign has pinned, a draft included.

    Where it stood in for its base, the version before it does from now on.
    """
    wait_for_turn(session)
    row = session.scalar(
        select(SchoolQuestionnaire)
        .where(
            SchoolQuestionnaire.school_id == school_of(session),
            SchoolQuestionnaire.questionnaire == id,
            SchoolQuestionnaire.version == version,
        )
        .with_for_update()  # a campaign that pins it at this moment has it shared: see hold
    )
    if row is None:
        raise NotFound(f"This school has no version {version} of “{id}”.")
    if session.scalar(select(_is_pinned(session, id, version))):
        raise Refusal(
            "A campaign gives this version, so that it stays as it is. Retire it instead: then it "
            "is offered to no new campaign."
        )
    session.execute(
        delete(SchoolQuestionnaire).where(
            SchoolQuestionnaire.school_id == school_of(session),
            SchoolQuestionnaire.questionnaire == id,
            SchoolQuestionnaire.version == version,
        )
    )
    if row.stands_in:
        _stand_in_by_newest(session, id)
    _record(session, id, "questionnaire.deleted", actor, now, version=version)


def hold(session: Session, id: str, version: int) -> None:
    """For the campaign that pins it: nobody deletes it meanwhile. Refusal where it is gone."""
    held = session.scalar(
        select(SchoolQuestionnaire.version)
        .where(
            SchoolQuestionnaire.school_id == school_of(session),
            SchoolQuestionnaire.questionnaire == id,
            SchoolQuestionnaire.version == version,
        )
        .with_for_update(read=True, key_share=True)
    )
    if held is None:
        raise Refusal(f"Version {version} of “{id}” was deleted a moment ago. Choose again.")


def uses(session: Session) -> dict[tuple[str, int], int]:
    """Campaigns by questionnaire and version, published ones too."""
    pinned = CampaignQuestionnaire
    rows = session.execute(
        select(pinned.questionnaire, pinned.version, func.count())
        .where(pinned.school_id == school_of(session))
        .group_by(pinned.questionnaire, pinned.version)
    )
    return {(id, version): count for id, version, count in rows}


def _is_pinned(session: Session, id: str, version: int) -> Exists:
    return exists().where(
        CampaignQuestionnaire.school_id == school_of(session),
        CampaignQuestionnaire.questionnaire == id,
        CampaignQuestionnaire.version == version,
    )


def wait_for_turn(session: Session) -> None:
    """Whoever changes what a school asks does so one after the other, until the commit: of two that
    are put in place of the same base at once, the second finds the first, and takes its place."""
    lock = func.hashtextextended(f"own questionnaires {school_of(session)}", 0)
    session.execute(select(func.pg_advisory_xact_lock(lock)))


def _stand_in_by_newest(session: Session, id: str) -> None:
    here = (
        SchoolQuestionnaire.school_id == school_of(session),
        SchoolQuestionnaire.questionnaire == id,
    )
    newest = select(func.max(SchoolQuestionnaire.version)).where(*here).scalar_subquery()
    session.execute(
        update(SchoolQuestionnaire)
        .where(*here, SchoolQuestionnaire.version == newest)
        .values(stands_in=True)
    )


def _change(session: Session, id: str, **values: object) -> None:
    session.execute(
        update(SchoolQuestionnaire)
        .where(
            SchoolQuestionnaire.school_id == school_of(session),
            SchoolQuestionnaire.questionnaire == id,
        )
        .values(**values)
    )


def _record(
    session: Session, id: str, action: str, actor: Actor, now: datetime, **detail: int | bool
) -> None:
    audit.record(session, now, actor, action, "questionnaire", None, questionnaire=id, **detail)
