"""A OneRoster server, found by asking: where the service stands, what it takes as proof, which school.

Nothing is known of a server but the address that was typed in. Each answer here is asked for once
and kept as long as the object lives.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from outreach.clock import Clock
from outreach.pupils.sources.http import Answer, HttpClient, Patience
from outreach.pupils.sources.mapping import as_cell
from outreach.pupils.sources.oneroster_mapping import OneRosterMapping, StudentList
from outreach.pupils.sources.oneroster_tokens import REFUSED, Tokens
from outreach.pupils.sources.source import Access, Nonsense, Revoked

CALLED = "The OneRoster server"
_VERSION = re.compile(r"/v1p\d+$")
_SCHOOL = re.compile(r"(.*)/schools/([^/]+)$")
MOST_SCHOOLS = 100


@dataclass(frozen=True)
class Found:
    """Where pupils are read. `sample` are the first of them; `school` is None where unsaid."""

    base: str
    students: StudentList
    sample: tuple[Mapping[str, Any], ...] = field(repr=False)
    school: str | None = None

    def path(self, rest: str) -> str:
        return f"{self.base}/{rest}" if self.base else rest


class OneRosterServer:
    """`get` shows the proof that the server takes; a token that has run out is renewed."""

    def __init__(
        self, access: Access, patience: Patience, clock: Clock, mapping: OneRosterMapping
    ) -> None:
        address = urlsplit((access.url or "").strip())._replace(query="", fragment="")
        typed = address.geturl().rstrip("/")
        named = _SCHOOL.match(typed)
        self.address: str = named[1] if named else typed
        self._named: str | None = named[2] if named else None
        self._ids = {each for each in (access.external_id, *access.external_id.split("|")) if each}
        self._mapping = mapping
        self._client = HttpClient(CALLED, self.address, access.may_be_private, patience)
        self.begin_page()
        self._tokens = Tokens(access, self.address, self._client, mapping.token, clock)
        self._found: Found | None = None

    def find(self) -> Found:
        """Raises Revoked where no proof is taken, Nonsense where there is no OneRoster."""
        if self._found is None:
            if not self.address:
                raise Nonsense("The address of the OneRoster server is missing. Connect again.")
            bases = self._mapping.base_paths
            found = self._search(("",) if _VERSION.search(self.address) else bases)
            self._found = self._choose_school(found)
        return self._found

    def begin_page(self) -> None:
        """The next page of pupils, and all that is asked of them, has its time from here on."""
        self._client.begin_page()

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        answer = self._client.get(path, query, self._tokens.headers())
        if answer.status == 401 and self._tokens.is_bought:
            self._tokens.buy()
            answer = self._client.get(path, query, self._tokens.headers())
        return answer

    def whole_address(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """Raises Nonsense where the path leads to another host."""
        return self._client.address(path, query)

    def _search(self, bases: tuple[str, ...]) -> Found:
        trouble: Nonsense | None = None
        barred: list[str] = []
        for base in bases:
            for students in self._mapping.student_lists:
                try:
                    answer = self._look(base, students)
                except Nonsense as fault:
                    trouble = trouble or fault
                    break
                if answer.status in (401, 403):
                    barred.append(base)
                    break
                users = users_of(answer)
                if users is not None:
                    return Found(base, students, tuple(u for u in users if isinstance(u, Mapping)))
        if not barred:
            raise trouble or Nonsense(
                f"There is no OneRoster 1.1 or 1.2 at {urlsplit(self.address).hostname}, as far as "
                "could be found. Type in its address up to and with /v1p1 or /v1p2."
            )
        if self._tokens.is_bought:
            raise Revoked(REFUSED)
        self._tokens.buy()
        return self._search(tuple(barred))

    def _look(self, base: str, students: StudentList) -> Answer:
        query = {"limit": str(self._mapping.sample_size), "offset": "0"}
        if students.filter:
            query["filter"] = students.filter
        path = f"{base}/{students.path}" if base else students.path
        return self.get(path, query)

    def _choose_school(self, found: Found) -> Found:
        """A server of several schools must be told which; their pupils are not to be mixed."""
        if self._named is not None:
            return self._of_school(found, self._named)
        answer = self.get(found.path("schools"), {"limit": str(MOST_SCHOOLS), "offset": "0"})
        schools = [
            school
            for school in list_in(answer, "orgs", "schools") or ()
            if isinstance(school, Mapping)
            and as_cell(school.get("sourcedId"))
            and school.get("status") not in self._mapping.gone_statuses
        ]
        if len(schools) <= 1:
            name = as_cell(schools[0].get("name")) if schools else None
            return Found(found.base, found.students, found.sample, name or None)
        for school in schools:
            if {as_cell(school.get("sourcedId")), as_cell(school.get("identifier"))} & self._ids:
                whole = self._of_school(found, quote(as_cell(school["sourcedId"]) or "", safe=""))
                name = as_cell(school.get("name"))
                return Found(whole.base, whole.students, whole.sample, name or None)
        raise Nonsense(
            f"The OneRoster server holds {len(schools)} schools. Add the one that is meant to the "
            "address: /schools/ and the school's sourcedId. Nothing was changed."
        )

    def _of_school(self, found: Found, school: str) -> Found:
        students = StudentList(path=f"schools/{school}/students")
        answer = self._look(found.base, students)
        users = users_of(answer)
        if users is None:
            raise Nonsense(
                f"The OneRoster server gave no list of the school's pupils ({answer.status}). "
                "Check the school's sourcedId at the end of the address. Nothing was changed."
            )
        return Found(found.base, students, tuple(u for u in users if isinstance(u, Mapping)))


def users_of(answer: Answer) -> list[Any] | None:
    """OneRoster lists users under `users`; some servers list students under their own name."""
    return list_in(answer, "users", "students")


def list_in(answer: Answer, *names: str) -> list[Any] | None:
    document = answer.document
    if answer.status != 200 or not isinstance(document, dict):
        return None
    return next((document[name] for name in names if isinstance(document.get(name), list)), None)
