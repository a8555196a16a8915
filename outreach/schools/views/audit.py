"""The audit page: who did what, and when, for administrators and data protection."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.audit import ActorKind
from outreach.schools.access import staff_page
from outreach.schools.models import Role
from outreach.schools.trail import TrailEvent, read_trail
from outreach.schools.views.room import room
from outreach.schools.views.words import action_words

_ACTORS = {
    ActorKind.STAFF: "A staff member",
    ActorKind.STUDENT: "A student",
    ActorKind.OPERATOR: "The operator of the service",
    ActorKind.SYSTEM: "The service itself",
}


@dataclass(frozen=True)
class EventView:
    """One line: when, who, what, to what, and the particulars as key and value."""

    at: datetime
    who: str
    what: str
    subject: str
    details: list[str]
    lists: list[tuple[str, list[str]]]
    """Particulars that are many ids, by what they are."""


def _event_view(event: TrailEvent) -> EventView:
    subject = event.subject_kind.replace("_", " ")
    who = event.staff_name or _ACTORS[event.actor_kind]
    if event.actor_kind is ActorKind.STUDENT and event.actor_id:
        who = f"{who} {event.actor_id}"
    return EventView(
        at=event.at,
        who=who,
        what=action_words(event.action),
        subject=f"{subject} {event.subject_id}" if event.subject_id else subject,
        details=_details(event.detail),
        lists=[
            (f"{len(value)} {key}".replace("_", " "), value)
            for key, value in sorted(event.detail.items())
            if isinstance(value, list) and value
        ],
    )


def _details(detail: dict[str, Any]) -> list[str]:
    """A change reads “from … to …”; the rest as it was written, by name."""
    rest = {key: value for key, value in detail.items() if not isinstance(value, list)}
    words = []
    if {"before", "after"} <= rest.keys():
        change = f"from {rest.pop('before')} to {rest.pop('after')}".replace("_", " ")
        words.append(change)
    return [_detail_words(key, value) for key, value in sorted(rest.items())] + words


def _detail_words(key: str, value: object) -> str:
    shown = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
    return f"{key}: {shown}".replace("_", " ")


@room.get("/staff/audit")
@staff_page(Role.ADMIN, Role.DATA_PROTECTION)
def show_audit() -> ResponseReturnValue:
    page = read_trail(web.db(), request.args.get("page", 1, type=int))
    return render_template(
        "staff/schools/audit.html",
        events=[_event_view(event) for event in page.events],
        page=page.number,
        pages=page.pages,
    )
