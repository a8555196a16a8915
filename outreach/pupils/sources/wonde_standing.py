"""What Wonde says of a school's permission, in words for its staff, and the trouble that it makes."""

from collections.abc import Mapping

from outreach.pupils.sources.source import (
    Declined,
    NotApproved,
    Paused,
    Revoked,
    SourceTrouble,
    Standing,
    Unreachable,
)
from outreach.pupils.sources.wonde_client import WondeClient
from outreach.pupils.sources.wonde_lists import Closed
from outreach.pupils.sources.wonde_mapping import WondeMapping
from outreach.pupils.sources.wonde_records import read_line
from outreach.pupils.sync.models import SourceState

_WORDS = {
    SourceState.AUTHORISED: "The school has approved this service at Wonde.",
    SourceState.PENDING: (
        "The school has been asked at Wonde and has not decided yet. Its Wonde administrator "
        "approves the request in the Wonde portal."
    ),
    SourceState.PAUSED: (
        "The school's data is paused at Wonde. Its Wonde administrator can end that in the Wonde "
        "portal."
    ),
    SourceState.DECLINED: (
        "The school declined the request at Wonde. If that was a mistake, request access again and "
        "its Wonde administrator can approve it."
    ),
    SourceState.REVOKED: (
        "The school took its permission back at Wonde. Its Wonde administrator can approve this "
        "service again in the Wonde portal."
    ),
}
_REFUSED = (
    "Wonde does not accept the school's token: the school took its permission back, or the token "
    "was entered wrongly. Its Wonde administrator can approve this service again; then enter the "
    "token that Wonde shows."
)
_NOT_SHOWN = (
    "Wonde does not show this school to us: it has not been asked yet, or its ID is not right. "
    "Check the ID in the Wonde portal, or request access."
)
_NO_STUDENTS = (
    "The school has approved this service at Wonde, but not to see its students. Its Wonde "
    "administrator allows that in the Wonde portal."
)
_TROUBLES: Mapping[SourceState, type[SourceTrouble]] = {
    SourceState.PENDING: NotApproved,
    SourceState.PAUSED: Paused,
    SourceState.DECLINED: Declined,
    SourceState.REVOKED: Revoked,
}


def ask_standing(client: WondeClient, mapping: WondeMapping, school_id: str) -> Standing:
    """The school itself is asked for first. Where it is not shown, the lists say why."""
    asked = frozenset(mapping.called)
    try:
        school = client.school(school_id)
    except Closed as closed:
        state = _state_in_lists(client, mapping, school_id)
        if state is not None:
            return Standing(state, _WORDS[state], asked=asked)
        if closed.status == 404:
            return Standing(SourceState.PENDING, _NOT_SHOWN, asked=asked)
        return Standing(SourceState.REVOKED, _REFUSED, asked=asked)
    state = SourceState.AUTHORISED
    return Standing(
        state,
        _WORDS[state],
        read_line(school, mapping.school.name),
        asked,
        urn=read_line(school, mapping.school.urn),
    )


def find_trouble(
    client: WondeClient, mapping: WondeMapping, school_id: str, closed: Closed
) -> SourceTrouble | None:
    """Why a list is not open to us. None where it is this list alone that the school left out.

    The lists of schools come first: Wonde might still show a school that has not approved us.
    """
    state = _state_in_lists(client, mapping, school_id)
    words = _WORDS[state] if state is not None else ""
    if state is None:
        standing = ask_standing(client, mapping, school_id)
        state, words = standing.state, standing.words
    trouble = _TROUBLES.get(state)
    if trouble is not None:
        return trouble(words)
    if closed.status == 401:
        return Unreachable(
            "Wonde refused the token once and took it when asked again. Nothing was changed. It is "
            "asked again at the next sync."
        )
    return None


def no_students() -> SourceTrouble:
    """Approved, and yet without a right to the one thing that is needed."""
    return NotApproved(_NO_STUDENTS)


def _state_in_lists(
    client: WondeClient, mapping: WondeMapping, school_id: str
) -> SourceState | None:
    for path, state in mapping.lists.items():
        try:
            for rows in client.every_page(path, {}):
                if any(isinstance(row, Mapping) and row.get("id") == school_id for row in rows):
                    return state
        except Closed:
            continue  # a school's own token may not see the lists
    return None
