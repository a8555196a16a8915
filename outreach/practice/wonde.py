"""A practice Wonde: schools that approve, decline and revoke, and what an approved one gives.

Speaks as Wonde's public documents have it: bearer tokens, `data` and `meta.pagination`, includes,
`updated_after`, deletions, leavers, counts, requests for access, and messages to a hook.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from outreach.practice.people import PracticePupil
from outreach.practice.posting import post_json
from outreach.practice.server import Integrator, Reply, Request
from outreach.practice.wonde_answers import data_of, not_found, paged
from outreach.practice.wonde_school import STATES, WondeSchool
from outreach.practice.wonde_shapes import as_school, moment

APP_TOKEN = "practice-app"  # noqa: S105 -- of a server on this machine with made-up pupils
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class WondePractice(Integrator):
    """`app_token` sees every school; a school's own token sees that school while it approves."""

    def __init__(self, app_token: str = APP_TOKEN, clock: Clock = utc_now) -> None:
        super().__init__()
        self.app_token = app_token
        self.clock = clock
        self.schools: dict[str, WondeSchool] = {}
        self.hook_url: str | None = None
        """Where messages go; none are sent without one."""

    def add_school(
        self,
        school_id: str,
        name: str,
        token: str,
        pupils: Iterable[PracticePupil] = (),
        **more: Any,
    ) -> WondeSchool:
        school = self.schools[school_id] = WondeSchool(school_id, name, token, **more)
        for pupil in pupils:
            school.put(pupil, self.clock())
        return school

    def approve(self, school_id: str, token: str | None = None) -> None:
        """As the school does in its portal. An approval may bring a new token."""
        school = self.schools[school_id]
        school.state, school.token = "approved", token or school.token
        self._tell(school, "schoolApproved", school_token=school.token)

    def revoke(self, school_id: str) -> None:
        self._end(school_id, "revoked", "accessRevoked")

    def decline(self, school_id: str) -> None:
        self._end(school_id, "declined", "accessDeclined")

    def migrate(self, school_id: str, id_prefix: str = "B") -> None:
        """The school moves to another information system, and every student has a new id."""
        school, now = self.schools[school_id], self.clock()
        school.id_prefix, school.changed = id_prefix, dict.fromkeys(school.pupils, now)
        self._tell(school, "schoolMigration", completed_at=moment(now))

    def answer(self, request: Request) -> Reply:
        token = _token(request)
        seen = [school for school in self.schools.values() if school.token == token]
        is_known = any(school.state == "approved" for school in seen)
        if token == self.app_token:
            seen, is_known = list(self.schools.values()), True
        if not is_known:
            return Reply(401, {"error": "unauthorized", "error_description": "invalid token"})
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["schools"]:
                return self._list(request, [s for s in seen if s.state == "approved"])
            case "GET", ["schools", "all"]:
                wanted = request.query.get("postcode", "").upper()
                found = [s for s in self.schools.values() if s.postcode.startswith(wanted)]
                return self._list(request, found)
            case "GET", ["schools", state] if state in STATES:
                return self._list(request, [s for s in seen if s.state == state])
            case _, ["schools", school_id, *rest]:
                for school in seen:
                    if school.id == school_id:
                        return self._of_school(request, school, rest)
        return not_found()

    def _of_school(self, request: Request, school: WondeSchool, rest: list[str]) -> Reply:
        match request.method, rest:
            case "POST", ["request-access"]:
                asked = request.document
                school.contacts = asked.get("contacts", []) if isinstance(asked, dict) else []
                school.state = "approved" if school.state == "approved" else "pending"
                return Reply(200, {"success": True, "state": school.state})
            case "DELETE", ["revoke-access"]:
                self.revoke(school.id)
                return Reply(200, {"success": True, "state": school.state})
            case "GET", [] if school.state == "approved":
                return Reply(200, {"data": as_school(school)})
            case "GET", [what] if school.state == "approved":
                return data_of(school, what, request)
            case "GET", [_]:
                return Reply(403, {"error": "access_denied"})
        return not_found()

    def _list(self, request: Request, schools: list[WondeSchool]) -> Reply:
        return paged(request, schools, as_school)

    def _end(self, school_id: str, state: str, message: str) -> None:
        school = self.schools[school_id]
        school.state = state
        self._tell(school, message)

    def _tell(self, school: WondeSchool, kind: str, **more: Any) -> None:
        if self.hook_url is not None:
            named = {"payload_type": kind, "school_id": school.id, "school_name": school.name}
            post_json(self.hook_url, named | more)


def _token(request: Request) -> str:
    """Bearer, or Basic with the token as the user's name."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind != "Basic":
        return value if kind == "Bearer" else ""
    try:
        return b64decode(value).decode("utf-8", "replace").partition(":")[0]
    except Base64Error:
        return ""
