"""A practice OneRoster server, version 1.1 or 1.2: tokens, pages, filters, counts and links."""

import base64
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlencode

from outreach.practice import oneroster_shapes as shapes
from outreach.practice.oneroster_filter import BadFilter, kept
from outreach.practice.people import PracticePupil
from outreach.practice.server import Integrator, Reply, Request

BASES = {"1.1": "/ims/oneroster/v1p1", "1.2": "/ims/oneroster/rostering/v1p2"}
NOT_FOUND = Reply(404, {"imsx_description": "not found"})
BEGAN = datetime(2026, 9, 1, tzinfo=UTC)


@dataclass
class OneRosterWays:
    """How this server differs from others: tests set what they like."""

    token_path: str = "/token"  # noqa: S105 -- a path
    token_seconds: int = 3600
    takes_secret_as_token: bool = False
    wants_client_in_body: bool = False
    has_students: bool = True
    has_demographics: bool = True
    filters: bool = True
    most_in_page: int = 1_000
    counts: bool = True
    links: bool = True


class OneRosterPractice(Integrator):
    """One school's pupils. Tests may change whatever is here between two requests."""

    def __init__(
        self,
        pupils: Iterable[PracticePupil],
        *,
        version: str = "1.1",
        client_id: str = "practice-client",
        secret: str = "practice-oneroster-secret",  # noqa: S107 -- of a practice server
        school_name: str = "Hillside Demo School",
    ) -> None:
        super().__init__()
        self.version, self.client_id, self.secret = version, client_id, secret
        self.ways = OneRosterWays()
        self.base = BASES[version]
        self.schools = {"school-1": school_name}
        self.pupils = {pupil.id: pupil for pupil in pupils}
        self.changed: dict[int, datetime] = {}
        self.deleted: set[int] = set()
        self.odd_records: list[Any] = []
        """Sent after the pupils as they are, whatever they are."""
        self.is_revoked = False
        self.tokens: set[str] = set()

    def put(self, pupil: PracticePupil, now: datetime) -> None:
        """A new pupil, or one whose record is another now."""
        self.pupils[pupil.id], self.changed[pupil.id] = pupil, now

    def delete(self, number: int, now: datetime) -> None:
        """The record stays, marked, for those who ask for changes."""
        self.deleted.add(number)
        self.changed[number] = now

    def answer(self, request: Request) -> Reply:
        if request.path == self.ways.token_path and request.method == "POST":
            return self._give_token(request)
        if not request.path.startswith(f"{self.base}/"):
            return NOT_FOUND
        if not self._is_proven(request):
            return Reply(401, {"imsx_description": "unauthorised"})
        steps = [unquote(step) for step in request.path.removeprefix(f"{self.base}/").split("/")]
        match steps:
            case ["demographics", pupil] if self.ways.has_demographics:
                return self._one("demographics", self._demographics(), pupil)
            case _:
                name, records = self._collection(steps)
                return NOT_FOUND if records is None else self._list(request, name, records)

    def _collection(self, steps: list[str]) -> tuple[str, list[Any] | None]:  # noqa: PLR0911
        match steps:
            case ["students"] if self.ways.has_students:
                return "users", self._students()
            case ["schools", school, "students"] if school in self.schools:
                return "users", self._students()
            case ["users"]:
                return "users", [*self._students(), self._teacher()]
            case ["schools" | "orgs"]:
                return "orgs", self._orgs()
            case ["demographics"] if self.ways.has_demographics:
                return "demographics", self._demographics()
            case ["students", pupil, "classes"]:
                return "classes", self._classes(pupil)
            case _:
                return "", None

    def _teacher(self) -> Any:
        return shapes.teacher(self.version, "school-1", BEGAN)

    def _give_token(self, request: Request) -> Reply:
        form = request.form
        given = (form.get("client_id"), form.get("client_secret"))
        if not self.ways.wants_client_in_body:
            scheme, _, packed = request.headers.get("authorization", "").partition(" ")
            pair = base64.b64decode(packed).decode() if scheme == "Basic" else ""
            client_id, _, secret = pair.partition(":")
            given = (client_id, secret)
        if self.is_revoked or given != (self.client_id, self.secret):
            return Reply(401, {"error": "invalid_client"})
        if form.get("grant_type") != "client_credentials":
            return Reply(400, {"error": "unsupported_grant_type"})
        version = "v1p1" if self.version == "1.1" else "v1p2"
        if f"/or/{version}/scope/roster-core.readonly" not in form.get("scope", ""):
            return Reply(400, {"error": "invalid_scope"})
        token = secrets.token_urlsafe(24)
        self.tokens.add(token)
        kind = {"token_type": "bearer", "expires_in": self.ways.token_seconds}
        return Reply(200, {"access_token": token, **kind})

    def _is_proven(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if self.is_revoked or scheme != "Bearer":
            return False
        is_secret = self.ways.takes_secret_as_token and token == self.secret
        return is_secret or token in self.tokens

    def _students(self) -> list[Any]:
        known: list[Any] = [
            shapes.student(
                pupil,
                self.version,
                "school-1",
                "tobedeleted" if number in self.deleted else "active",
                self.changed.get(number, BEGAN),
            )
            for number, pupil in self.pupils.items()
        ]
        return known + self.odd_records

    def _demographics(self) -> list[Any]:
        return [
            shapes.demographics(pupil, self.changed.get(number, BEGAN))
            for number, pupil in self.pupils.items()
        ]

    def _orgs(self) -> list[Any]:
        return [
            {"sourcedId": sourced_id, "status": "active", "name": name, "type": "school"}
            for sourced_id, name in self.schools.items()
        ]

    def _classes(self, sourced_id: str) -> list[Any]:
        found = (p for p in self.pupils.values() if shapes.user_id(p) == sourced_id)
        return [each for pupil in found for each in shapes.classes(pupil, BEGAN)]

    def _one(self, name: str, records: list[Any], sourced_id: str) -> Reply:
        found = next((each for each in records if each["sourcedId"] == sourced_id), None)
        if found is None:
            return NOT_FOUND
        return Reply(200, {name: found})

    def _list(self, request: Request, name: str, records: list[Any]) -> Reply:
        wanted = request.query.get("filter", "")
        if wanted and not self.ways.filters:
            return Reply(400, {"imsx_description": "filter not supported"})
        try:
            found = kept(records, wanted)
            offset = int(request.query.get("offset", "0"))
            limit = min(int(request.query.get("limit", "100")), self.ways.most_in_page)
        except (BadFilter, ValueError):
            return Reply(400, {"imsx_description": "bad request"})
        headers = {"X-Total-Count": str(len(found))} if self.ways.counts else {}
        if self.ways.links and offset + limit < len(found):
            query = urlencode({**request.query, "offset": str(offset + limit), "limit": str(limit)})
            headers["Link"] = f'<{request.base_url}{request.path}?{query}>; rel="next"'
        return Reply(200, {name: found[offset : offset + limit]}, headers=headers)
