"""In which way students answered a campaign: as pages, as a chat, or changing over between them."""

from enum import Enum
from uuid import UUID

from sqlalchemy import ColumnElement, case, exists, func, select
from sqlalchemy.orm import Session

from outreach.answering.models import Answer, Mode, Response
from outreach.campaigns.models import Invitation
from outreach.database import school_of
from outreach.reports.responses import Edition, is_its_invitation, is_of_campaign
from outreach.reports.small_numbers import hide_small


class Way(Enum):
    PAGES = "pages"
    CHAT = "chat"
    BOTH = "both"


WORDS = {Way.PAGES: "as pages", Way.CHAT: "as a chat", Way.BOTH: "in both ways"}


def mode_words(session: Session, campaign_id: UUID, floor: int, edition: Edition) -> str:
    """A sentence or two; empty where nobody has answered, or all would be hidden.

    Who may see single responses reads how many of those who began sent theirs in, too, as a share
    where as many as the floor began that way.
    """
    if edition is Edition.LIVE:
        return _live(session, campaign_id, floor)
    sent = _counts(session, is_of_campaign(session, campaign_id, edition))
    shown = hide_small(sent, floor, add_up=True)
    said = [f"{count} {WORDS[way]}" for way, count in shown.items() if count]
    hidden = " Other ways are not shown." if None in shown.values() else ""
    return f"Of the answers counted here, {_listed(said)}.{hidden}" if said else ""


def _live(session: Session, campaign_id: UUID, floor: int) -> str:
    sent = _counts(session, is_of_campaign(session, campaign_id))
    waiting = _counts(
        session,
        Response.school_id == school_of(session),
        Invitation.campaign_id == campaign_id,
        Response.submitted_at.is_(None),
        Response.superseded_at.is_(None),
    )
    said = []
    for way in Way:
        began = sent[way] + waiting[way]
        if began:
            share = f" ({100 * sent[way] // began}%)" if began >= floor else ""
            said.append(f"{sent[way]} of {began} who began {WORDS[way]}{share}")
    return f"Sent in: {_listed(said)}." if said else ""


def _counts(session: Session, *which: ColumnElement[bool]) -> dict[Way, int]:
    """Of responses with an answer, by the ways in which their answers were given."""
    in_pages, in_chat = _has_answer(Mode.PAGES), _has_answer(Mode.CHAT)
    way = case(
        (in_pages & in_chat, Way.BOTH.value),
        (in_chat, Way.CHAT.value),
        (in_pages, Way.PAGES.value),
    ).label("way")
    of_each = (
        select(way)
        .select_from(Response)
        .join(Invitation, is_its_invitation())
        .where(*which)
        .subquery("of_each")
    )
    rows = session.execute(
        select(of_each.c.way, func.count())
        .where(of_each.c.way.is_not(None))
        .group_by(of_each.c.way)
    )
    found = {Way(name): count for name, count in rows}
    return {one: found.get(one, 0) for one in Way}


def _has_answer(mode: Mode) -> ColumnElement[bool]:
    return (
        exists()
        .where(
            Answer.school_id == Response.school_id,
            Answer.response_id == Response.id,
            Answer.mode == mode,
        )
        .correlate(Response)
    )


def _listed(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
