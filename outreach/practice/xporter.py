"""A practice Xporter on Demand: tokens, pages, change sets, refusals and calls, as documented."""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from outreach.practice.posting import post_form, post_json
from outreach.practice.server import Integrator, Reply, Request
from outreach.practice.xporter_school import ENDPOINTS, Endpoint, Row, XporterSchool

THIRD_PARTY = "XporterOnDemand"
NEVER = "0001-01-01T00:00:00"
NOT_FOUND = "Relying Party not found for estab or secret not correct"
IS_PAUSED = (
    "Authorisation is currently paused while the school finalises the selection of people to share"
)
MOST_SNAPSHOTS = 400


class XporterPractice(Integrator):
    """Schools by their number. Tests may change whatever is here.

    `is_plain`: the envelope's keys are written `Pagination` in place of `__pagination__`.
    """

    def __init__(
        self,
        *schools: XporterSchool,
        app_id: str = "outreach",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self.schools = {school.estab: school for school in schools}
        self.app_id, self.clock = app_id, clock
        self.token_seconds = 3600
        self.refusal_status = 200
        self.heeds_ids = True
        self.is_plain = False
        self.tokens: dict[str, tuple[str, datetime]] = {}
        self.callbacks: dict[str, set[str]] = {}
        self._snapshots: dict[str, dict[str, str]] = {}

    def answer(self, request: Request) -> Reply:
        if request.path == "/api/oauth/GetToken" and request.method == "POST":
            return self._give_token(request.document)
        school = self._school_of_token(request)
        if school is None:
            return Reply(401, {"Message": "Authorization has been denied for this request."})
        match request.path.strip("/").split("/"):
            case ["api", "v1", "TokenDetails"]:
                return Reply(200, self._details_of(school))
            case ["api", "v1", "School", school.estab, name, *rest] if len(rest) < 2:
                return self._give_data(school, ENDPOINTS.get(name.casefold()), request.query, rest)
        return Reply(404, {"Message": "No such resource."})

    def authorise(self, estab: str, address: str) -> int:
        """The school agrees, perhaps anew: it gets another secret, which is posted to `address`."""
        school = self.schools[estab]
        school.secret, school.state = secrets.token_hex(16), "valid"
        form = {
            "schoolSecret": school.secret,
            "schoolId": estab,
            "schoolEmail": "office@practice-school.example",
            "schoolName": school.name,
            "templateScopes": ",".join(school.asked),
            "scopes": ",".join(school.granted),
            "thirdParty": THIRD_PARTY,
            "partnerId": self.app_id,
        }
        return post_form(address, form)

    def refresh(self, estab: str) -> int:
        """The school's data are fresh: whoever asked to be called is. Gives how many were."""
        self.schools[estab].db_status = "OK"
        addresses = self.callbacks.pop(estab, set())
        for address in addresses:
            post_json(address, self._wrap("dbstatus", [self._db_status(self.schools[estab])]))
        return len(addresses)

    def _give_token(self, asked: Any) -> Reply:
        asked = asked if isinstance(asked, dict) else {}
        school = self.schools.get(str(asked.get("estab")))
        is_right = (
            school is not None
            and school.state != "revoked"
            and asked.get("relyingParty") == self.app_id
            and asked.get("password") == school.secret
            and asked.get("thirdpartyid") == THIRD_PARTY
        )
        if school is None or not is_right:
            return self._refuse(NOT_FOUND)
        if school.state == "paused":
            return self._refuse(IS_PAUSED)
        token = secrets.token_urlsafe(24)
        expires = self.clock() + timedelta(seconds=self.token_seconds)
        self.tokens[token] = school.estab, expires
        written = expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
        return Reply(200, {"token": token, "expires": written, "Message": None})

    def _refuse(self, words: str) -> Reply:
        document = {
            "token": None,
            "expires": NEVER,
            "Message": "An error has occurred.",
            "ExceptionType": "SecurityTokenException",
            "ExceptionMessage": words,
        }
        return Reply(self.refusal_status, document)

    def _school_of_token(self, request: Request) -> XporterSchool | None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        estab, expires = self.tokens.get(token, ("", self.clock()))
        school = self.schools.get(estab)
        if kind != "Idaas" or school is None or expires <= self.clock():
            return None
        return school if school.state == "valid" else None

    def _give_data(
        self,
        school: XporterSchool,
        endpoint: Endpoint | None,
        query: Mapping[str, str],
        rest: list[str],
    ) -> Reply:
        if endpoint is None:
            return Reply(404, {"Message": "No such endpoint."})
        if endpoint.scope not in school.granted:
            return Reply(403, {"Message": "The scope is not authorised."})
        if address := query.get("callbackUrl"):
            self.callbacks.setdefault(school.estab, set()).add(address)
        document = self._wrap("dbstatus", [self._db_status(school)])
        if query.get("onlyGetDbStatus") == "true":
            return Reply(200, document)
        ids = set(rest) or None
        if self.heeds_ids and endpoint.by_person in query:
            ids = set(query[endpoint.by_person].split(","))
        rows = list(endpoint.rows(school, query, ids))
        if mark := query.get("changedRows"):
            changes = self._changes(rows, mark)
            if changes is None:
                return Reply(400, {"ExceptionMessage": "The snapshot is not known."})
            rows, deleted, following = changes
            document |= self._wrap("changedrows", [{"NextChangedRows": following}])
            document[f"{endpoint.data}_deleted"] = [{"Id": key} for key in deleted]
        size, page = int(query.get("pageSize", "25")), int(query.get("page", "1"))
        paging = {
            "PageSize": size,
            "PageNumber": page,
            "PageCount": max(1, -(-len(rows) // size)),
            "RowCount": len(rows),
        }
        document |= self._wrap("pagination", [paging])
        document |= self._wrap("meta", [{"Version": "1", "MIS": "Practice"}])
        document[endpoint.data] = rows[(page - 1) * size : page * size]
        return Reply(200, document)

    def _changes(self, rows: list[Row], mark: str) -> tuple[list[Row], list[str], str] | None:
        """Rows that differ from the snapshot, identifiers gone since, and the new snapshot."""
        present = {str(row["Id"]): _digest(row) for row in rows}
        before = {} if mark == "*" else self._snapshots.get(mark)
        if before is None:
            return None
        following = _digest(present)
        self._snapshots[following] = present
        while len(self._snapshots) > MOST_SNAPSHOTS:
            del self._snapshots[next(iter(self._snapshots))]
        changed = [row for row in rows if before.get(str(row["Id"])) != present[str(row["Id"])]]
        return changed, sorted(before.keys() - present.keys()), following

    def _details_of(self, school: XporterSchool) -> dict[str, Any]:
        return {
            "Estab": school.estab,
            "Scopes": ",".join(school.granted),
            "OptionalFields": school.optional_fields(),
        }

    def _db_status(self, school: XporterSchool) -> dict[str, str]:
        return {"Id": "XodSchoolData", "Status": school.db_status}

    def _wrap(self, key: str, value: list[dict[str, Any]]) -> dict[str, Any]:
        plain = {
            "dbstatus": "DbStatus",
            "changedrows": "ChangedRows",
            "pagination": "Pagination",
            "meta": "Meta",
        }
        return {plain[key]: value[0]} if self.is_plain else {f"__{key}__": value}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]
