"""What can be asked of Wonde besides students: which schools there are, and access to them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from outreach.errors import Refusal
from outreach.pupils.sources.http import Answer
from outreach.pupils.sources.source import Nonsense
from outreach.pupils.sources.wonde_lists import Closed, WondeLists
from outreach.pupils.sources.wonde_mapping import SchoolRule
from outreach.pupils.sources.wonde_records import read_line

_SCHOOL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class SchoolList(Enum):
    """Wonde's lists of schools, by what stands between this application and their data."""

    APPROVED = "schools"
    PENDING = "schools/pending"
    AUDITED = "schools/audited"
    DECLINED = "schools/declined"
    REVOKED = "schools/revoked"
    ALL = "schools/all"
    """Every school at Wonde, to search in."""


@dataclass(frozen=True)
class FoundSchool:
    """A school as Wonde lists it."""

    id: str
    name: str
    urn: str | None
    town: str | None
    postcode: str | None


class WondeClient(WondeLists):
    """With an application's token: all schools. With a school's own: that school."""

    def school(self, school_id: str) -> Mapping[str, Any]:
        """What Wonde says of the school itself. Raises Closed."""
        data = self.read(school_path(school_id)).get("data")
        if not isinstance(data, Mapping) or str(data.get("id", school_id)) != school_id:
            raise Nonsense(
                "Wonde answered with something else than the school that was asked for. Check the "
                "school's ID in the Wonde portal."
            )
        return data

    def find_schools(
        self, which: SchoolList = SchoolList.APPROVED, *, postcode: str | None = None
    ) -> Iterator[FoundSchool]:
        """Schools of one list, as they come in; `postcode` may be the beginning of one.

        Raises Refusal where Wonde does not show us the list.
        """
        query = {"postcode": postcode} if postcode else {}
        try:
            for rows in self.every_page(which.value, query):
                found = (_found(self._mapping.school, row) for row in rows)
                yield from (school for school in found if school is not None)
        except Closed as closed:
            raise _refusal(closed.status, "the schools are not shown") from None

    def request_access(self, school_id: str, contacts: Sequence[Mapping[str, str]] = ()) -> None:
        """Ask the school, at Wonde, to share its data with this application.

        `contacts` tell Wonde whom to ask there: first_name, last_name, email_address, phone_number,
        notes [U]. Asking twice does no harm. Raises Refusal where Wonde does not take the request.
        """
        path = f"{school_path(school_id)}/request-access"
        body = {"contacts": [dict(contact) for contact in contacts]} if contacts else {}
        _require_taken(self._http.post_json(path, body, self._headers), "access was not requested")

    def revoke_access(self, school_id: str) -> None:
        """Give the access back, or take the request back. Raises Refusal."""
        path = f"{school_path(school_id)}/revoke-access"
        _require_taken(self._http.delete(path, self._headers), "access was not given back")


def school_path(school_id: str) -> str:
    if not _SCHOOL_ID.fullmatch(school_id):
        raise Nonsense(
            "The school's ID is not one of Wonde's: letters and digits only, such as A1930499544. "
            "Copy it again from the Wonde portal."
        )
    return f"schools/{school_id}"


def _found(rule: SchoolRule, row: Any) -> FoundSchool | None:
    school_id = read_line(row, ["id"]) if isinstance(row, Mapping) else None
    if school_id is None:
        return None
    return FoundSchool(
        id=school_id,
        name=read_line(row, rule.name) or school_id,
        urn=read_line(row, rule.urn),
        town=read_line(row, rule.town),
        postcode=read_line(row, rule.postcode),
    )


def _require_taken(answer: Answer, undone: str) -> None:
    if not 200 <= answer.status < 300:
        raise _refusal(answer.status, undone)


def _refusal(status: int, undone: str) -> Refusal:
    match status:
        case 401 | 403:
            words = "Wonde does not accept this service's own token. Whoever runs the service checks WONDE_APP_TOKEN."
        case 404:
            words = "Wonde knows no school with this ID. Copy it again from the Wonde portal."
        case _:
            words = f"Wonde answered {status}. If it stays so, ask Wonde's support."
    return Refusal(f"At Wonde, {undone}. {words}")
