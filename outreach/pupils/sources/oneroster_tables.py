"""What the files of a OneRoster zip say together: users with their roles, birth dates and groups.

users.csv is read as a stream. What is joined to it is held by pupil, so that memory grows with the
pupils of the zip and not with what else stands in it: a birth date, a few roles, names of groups.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from outreach.pupils.sources.cells import MOST_GROUPS
from outreach.pupils.sources.oneroster_mapping import OneRosterMapping
from outreach.pupils.sources.oneroster_shapes import Part, given_fields, group_of, part_of
from outreach.pupils.sources.table_file import MOST_ROWS, limit
from outreach.pupils.sources.zipped_tables import ZippedTables, refused

USERS, ROLES, ORGS = "users.csv", "roles.csv", "orgs.csv"
DEMOGRAPHICS, CLASSES, ENROLMENTS = "demographics.csv", "classes.csv", "enrollments.csv"
MOST_ROLES = 10
BEYOND = ""
"""Under this name a user holds the first cell that stands beyond the headings."""
_USER_ID = re.compile(r"\{([^{}:]{1,100}):([^{}]{0,200})\}")
Cells = tuple[str, ...]
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class OneRosterTables:
    """Raises UnreadableFile where the files say too little, or hold pupils of several schools."""

    def __init__(self, tables: ZippedTables, mapping: OneRosterMapping, today: date) -> None:
        self._tables, self._mapping, self._today = tables, mapping, today
        if USERS not in tables:
            raise refused("There is no users.csv in the zip.")
        self.headings = tables.headings(USERS)
        self._require_columns()
        self._roles = self._read_roles()
        self._students: set[str] = set()
        self.given = given_fields(self._note_students(), mapping)
        """What anybody among the pupils has in users.csv, and its heading."""
        self._born = self._read_demographics()
        self._classes = dict(self._read_classes())
        self._groups = self._read_groups()

    @property
    def has_groups(self) -> bool:
        return CLASSES in self._tables and ENROLMENTS in self._tables

    @property
    def has_homerooms(self) -> bool:
        return self.has_groups and any(is_homeroom for _, is_homeroom in self._classes.values())

    @property
    def demographic_columns(self) -> Sequence[str]:
        return self._tables.headings(DEMOGRAPHICS) if DEMOGRAPHICS in self._tables else ()

    @property
    def is_delta(self) -> bool:
        """By the manifest: the zip holds what changed, not the whole school."""
        told = (
            tuple(cell.strip() for cell in cells[:2])
            for _, cells in self._tables.rows("manifest.csv")
        )
        return ("file.users", "delta") in told

    def demographics_of(self, pupil: str) -> Mapping[str, str] | None:
        return self._born.get(pupil)

    def groups_of(self, pupil: str) -> tuple[str, Sequence[str]]:
        """The registration group, and the teaching groups."""
        return self._groups.get(pupil, ("", ()))

    def users(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Rows in the shape of a server's users."""
        width = len(self.headings)
        for row, cells in limit(self._tables.rows(USERS)):
            if cells is None:
                continue
            user: dict[str, Any] = dict(
                zip(self.headings, cells + [""] * (width - len(cells)), strict=False)
            )
            user[BEYOND] = next((cell for cell in cells[width:] if cell.strip()), "")
            user["sourcedId"] = user["sourcedId"].strip()
            user["grades"] = _listed(user["grades"])
            user["userIds"] = [
                {"type": kind.strip(), "identifier": number.strip()}
                for kind, number in _USER_ID.findall(user.get("userIds", ""))
            ]
            user["roles"] = self._roles.get(user["sourcedId"], [])
            yield row, user

    def part(self, user: dict[str, Any]) -> Part:
        """A user without a role, here or in roles.csv, is nothing at the school."""
        if not user["roles"] and not user.get("role", "").strip():
            return Part.OTHER
        return part_of(user, self._mapping, self._today)

    def _require_columns(self) -> None:
        needed = ("sourcedId", "givenName", "familyName", "grades")
        missing = [each for each in needed if each not in self.headings]
        if missing:
            raise refused(f"users.csv has no column for: {', '.join(missing)}.")
        if "role" not in self.headings and ROLES not in self._tables:
            raise refused("Neither users.csv nor a roles.csv says who is a student.")

    def _read_roles(self) -> dict[str, list[dict[str, str]]]:
        """Of the users of users.csv, and a few of each."""
        if ROLES not in self._tables:
            return {}
        ids = self._tables.columns(USERS, "sourcedId")
        roles: dict[str, list[dict[str, str]]] = {user: [] for (user,) in self._few(USERS, ids)}
        kept = ("roleType", "role", "endDate", "orgSourcedId")
        for user, status, *told in self._tables.columns(ROLES, "userSourcedId", "status", *kept):
            held = roles.get(user)
            if held is not None and len(held) < MOST_ROLES and not self._is_gone(status):
                held.append(dict(zip(kept, told, strict=True)))
        return roles

    def _note_students(self) -> Iterator[dict[str, Any]]:
        """The pupils, who must all be of one school; their ids are kept."""
        schools = self._schools()
        common: set[str] | None = None
        seen: set[str] = set()
        for _, user in self.users():
            if self.part(user) is not Part.STUDENT:
                continue
            self._students.add(user["sourcedId"])
            here = _orgs_of(user) & schools if schools else _orgs_of(user)
            if here:
                seen |= here
                common = here if common is None else common & here
            yield user
        if common is not None and not common:
            raise refused(
                f"The zip holds pupils of {len(seen)} schools, and they are not to be mixed. "
                "Choose one school where you export it."
            )

    def _schools(self) -> frozenset[str]:
        rows = self._few(ORGS, self._tables.columns(ORGS, "sourcedId", "type"))
        return frozenset(org for org, kind in rows if kind.casefold() == "school")

    def _few(self, name: str, rows: Iterator[Cells]) -> Iterator[Cells]:
        """Of a file that is kept whole: no school has more classes than pupils."""
        for count, row in enumerate(rows):
            if count >= MOST_ROWS:
                raise refused(f"{name} has more than {MOST_ROWS:,} rows.")
            yield row

    def _read_demographics(self) -> dict[str, dict[str, str]]:
        names = tuple(self._mapping.demographics.fields.values())
        return {
            pupil: dict(zip(names, told, strict=True))
            for pupil, *told in self._tables.columns(DEMOGRAPHICS, "sourcedId", *names)
            if pupil in self._students
        }

    def _read_groups(self) -> Mapping[str, tuple[str, Sequence[str]]]:
        """By pupil."""
        groups: dict[str, tuple[str, list[str]]] = {}
        wanted = ("userSourcedId", "classSourcedId", "role", "status", "endDate")
        for pupil, of_class, role, status, ends_on in self._tables.columns(ENROLMENTS, *wanted):
            found = self._classes.get(of_class)
            is_student = role.casefold() in ("", "student")
            if found is None or pupil not in self._students or not is_student:
                continue
            if self._is_gone(status) or self._is_past(ends_on[:10]):
                continue
            name, is_homeroom = found
            registration, teaching = groups.get(pupil, ("", []))
            if is_homeroom:
                registration = registration or name
            elif len(teaching) < MOST_GROUPS:
                teaching.append(name)
            groups[pupil] = (registration, teaching)
        return groups

    def _read_classes(self) -> Iterator[tuple[str, tuple[str, bool]]]:
        wanted = ("sourcedId", "title", "classCode", "status", "classType")
        rows = self._few(CLASSES, self._tables.columns(CLASSES, *wanted))
        for sourced_id, title, code, status, kind in rows:
            name = group_of(title) or group_of(code)
            if name and not self._is_gone(status):
                yield sourced_id, (name, kind.casefold() in self._mapping.homeroom_types)

    def _is_gone(self, status: str) -> bool:
        return status.casefold() in self._mapping.gone_statuses

    def _is_past(self, day: str) -> bool:
        return bool(_DAY.fullmatch(day)) and day < self._today.isoformat()


def _listed(cell: str) -> list[str]:
    return [each.strip() for each in cell.split(",")]


def _orgs_of(user: dict[str, Any]) -> set[str]:
    orgs = {role["orgSourcedId"] for role in user["roles"] if role["role"] == "student"}
    orgs |= set(_listed(user.get("orgSourcedIds", "")))
    return orgs - {""} or {user.get("primaryOrgSourcedId", "").strip()} - {""}
