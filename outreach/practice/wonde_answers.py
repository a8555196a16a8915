"""What the practice Wonde gives of an approved school, page by page, and what it refuses."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from outreach.practice.people import PracticePupil
from outreach.practice.server import Reply, Request
from outreach.practice.wonde_school import WondeSchool
from outreach.practice.wonde_shapes import INCLUDES, as_leaver, as_student, moment

MOST_PER_PAGE = 200


def data_of(school: WondeSchool, what: str, request: Request) -> Reply:
    since = _moment(request.query.get("updated_after"))
    if since is None:
        return unprocessable("updated_after")
    match what:
        case "students":
            return _students(school, request, since)
        case "students-leaver":
            return paged(request, list(school.leavers.values()), lambda p: as_leaver(school, p))
        case "deletions":
            return paged(request, _deletions(school, since), lambda row: row)
        case "counts":
            return _counts(school, request)
    return not_found()


def paged(request: Request, rows: Sequence[Any], shown: Callable[[Any], Any]) -> Reply:
    given, page = request.query.get("per_page", "50"), request.query.get("page", "1")
    if not given.isdigit() or not 0 < int(given) <= MOST_PER_PAGE or not page.isdigit():
        return unprocessable("per_page")
    size, number = int(given), max(1, int(page))
    more = number * size < len(rows)
    following = urlencode({**request.query, "page": number + 1})
    pagination = {
        "next": f"{request.base_url}{request.path}?{following}" if more else None,
        "previous": None,
        "more": more,
        "per_page": size,
        "current_page": number,
    }
    part = [shown(row) for row in rows[(number - 1) * size : number * size]]
    return Reply(200, {"data": part, "meta": {"pagination": pagination}})


def not_found() -> Reply:
    return Reply(404, {"error": "not_found"})


def unprocessable(what: str) -> Reply:
    return Reply(422, {"error": "validation_failed", "errors": {what: ["is not valid"]}})


def _students(school: WondeSchool, request: Request, since: datetime) -> Reply:
    includes = [name for name in request.query.get("include", "").split(",") if name]
    if not INCLUDES.issuperset(includes):
        return unprocessable("include")
    rows: list[Any] = [p for p in school.pupils.values() if school.changed[p.id] > since]

    def shown(row: Any) -> Any:
        is_pupil = isinstance(row, PracticePupil)
        return as_student(school, row, includes, school.changed[row.id]) if is_pupil else row

    return paged(request, rows + school.odd_records, shown)


def _deletions(school: WondeSchool, since: datetime) -> list[dict[str, Any]]:
    return [
        {"id": student, "type": "student", "deleted_at": moment(at), "restored_at": None}
        for student, at in school.deleted.items()
        if at > since
    ]


def _counts(school: WondeSchool, request: Request) -> Reply:
    count = len(school.pupils) if school.counted is None else school.counted
    named = request.query.get("include", "").split(",")
    return Reply(200, {"data": {name: {"data": {"count": count}} for name in named}, "meta": {}})


def _moment(text: str | None) -> datetime | None:
    """`YYYY-MM-DD HH:MM:SS`; nothing given is the beginning of time, and nonsense is None."""
    if text is None:
        return datetime.min.replace(tzinfo=UTC)
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
