"""What a OneRoster user says of a pupil, in version 1.1 or 1.2, from a server or from a file.

OneRoster 1.1 gives a user one `role`; 1.2 a list of `roles`, each at an organisation and perhaps
with dates. A file's rows are brought into the shape of a server's objects first.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import Enum
from typing import Any

from outreach.pupils.roster.upn import check_letter, has_upn_shape
from outreach.pupils.sources.cells import MOST_GROUPS, BadCell, read_date, read_text, read_year
from outreach.pupils.sources.mapping import as_cell, pick
from outreach.pupils.sources.oneroster_mapping import Names, OneRosterMapping
from outreach.pupils.sources.records import Field, GroupPlace

Record = Mapping[str, Any]

MOST_ENTRIES = 100
"""Of a list inside a record: nobody has more grades, roles or identifiers."""
NOT_TEXT = "(not text)"
"""In place of an object or a list where text belongs: no reader of these fields takes it."""
_CHECKED = frozenset(
    {Field.UPN, Field.YEAR, Field.DATE_OF_BIRTH, Field.WORK_EMAIL, Field.HOME_EMAIL}
)


class Part(Enum):
    """What a user is at the school."""

    STUDENT = "student"
    LEFT = "left"
    OTHER = "other"


def part_of(user: Record, mapping: OneRosterMapping, today: date) -> Part:
    """A primary role counts before a secondary one; a role whose last day is past is over."""
    if _folded(user.get("status")) in mapping.gone_statuses:
        return Part.LEFT
    roles = [role for role in _entries(user.get("roles")) if isinstance(role, Mapping)]
    if not roles:
        role = _folded(user.get("role"))
        part = Part.STUDENT if role in ("", "student") else Part.OTHER
    else:
        foremost = [role for role in roles if _folded(role.get("roleType")) == "primary"] or roles
        as_student = [role for role in foremost if _folded(role.get("role")) == "student"]
        if not as_student:
            return Part.OTHER
        part = Part.LEFT if all(_is_over(role, today) for role in as_student) else Part.STUDENT
    if part is Part.STUDENT and not mapping.keep_disabled:
        is_disabled = _folded(as_cell(user.get("enabledUser"))) in ("no", "false")
        return Part.LEFT if is_disabled else part
    return part


def mis_id_of(user: Record, mapping: OneRosterMapping) -> str | None:
    """None where there is none that could be kept."""
    try:
        return read_text(_first(user, mapping.fields[Field.MIS_ID]) or "")
    except BadCell:
        return None


def given_fields(sample: Iterable[Record], mapping: OneRosterMapping) -> dict[Field, str]:
    """Every field that such records give, and its name there. Demographics and groups apart.

    What nobody of the sample has is left out, since what is read as empty is cleared.
    """
    headings = {field: names[0] for field, names in mapping.fields.items()}
    if mapping.email_field is not None:
        headings[mapping.email_field] = mapping.email[0]
    for user in sample:
        for field, names in mapping.optional_fields.items():
            if field not in headings and _value(user, names) is not None:
                headings[field] = next(name for name in names if _value(user, (name,)) is not None)
        if Field.UPN not in headings and _upn(user, mapping):
            headings[Field.UPN] = "UPN"
    return headings


def cells_of(
    user: Record, demographics: Record | None, mapping: OneRosterMapping, fields: Iterable[Field]
) -> dict[Field, str]:
    """Raw text of each of these fields; one that the record lacks is empty."""
    return {field: _cell(user, demographics, mapping, field) for field in fields}


def group_of(title: object) -> str | None:
    """A class's name; None where it cannot be one."""
    try:
        return read_text(as_cell(title) or "")
    except BadCell:
        return None


def teaching_groups(names: Iterable[str]) -> tuple[GroupPlace, ...]:
    once = list(dict.fromkeys(names))
    return tuple(GroupPlace("teaching", name) for name in once[:MOST_GROUPS])


def _cell(
    user: Record, demographics: Record | None, mapping: OneRosterMapping, field: Field
) -> str:
    if field is Field.UPN:
        return _upn(user, mapping)
    if field is Field.YEAR:
        return _year(_value(user, mapping.fields[field]), mapping.years)
    if field in mapping.demographics.fields:
        value = pick(demographics or {}, mapping.demographics.fields[field])
        text = _text(value, field)
        return mapping.genders.get(text.casefold(), text) if field is Field.GENDER else text
    if field is mapping.email_field:
        return _text(_value(user, mapping.email), field)
    names = mapping.fields.get(field) or mapping.optional_fields.get(field, ())
    return _text(_value(user, names), field)


def _upn(user: Record, mapping: OneRosterMapping) -> str:
    types = {name.casefold() for name in mapping.upn.user_id_types}
    for entry in _entries(user.get("userIds")):
        if isinstance(entry, Mapping) and _folded(entry.get("type")) in types:
            text = _text(entry.get("identifier"), Field.UPN)
            if text:
                return text
    for name in mapping.upn.attributes:
        text = (as_cell(pick(user, name)) or "").strip().upper()
        if has_upn_shape(text) and check_letter(text[1:]) == text[0]:
            return text
    return ""


def _year(grades: object, years: Mapping[str, int]) -> str:
    """The first of a pupil's grades that is a year; else the first, for a person to see."""
    listed = grades if isinstance(grades, list) else [grades]
    texts = [_text(grade, Field.YEAR).strip() for grade in listed[:MOST_ENTRIES]]
    for text in texts:
        if text in years:
            return str(years[text])
        if _is_year(text):
            return text
    return next((text for text in texts if text), "")


def _is_year(text: str) -> bool:
    try:
        return read_year(text) is not None
    except BadCell:
        return False


def _is_over(role: Record, today: date) -> bool:
    try:
        ends_on = read_date((as_cell(role.get("endDate")) or "")[:10])
    except BadCell:
        return False
    return ends_on is not None and ends_on < today


def _value(user: Record, names: Names) -> object:
    for name in names:
        found = user.get(name) if name in user else pick(user, name)
        if found is not None and found != "":
            return found
    return None


def _first(user: Record, names: Names) -> str | None:
    return as_cell(_value(user, names))


def _text(value: object, field: Field) -> str:
    text = as_cell(value)
    if text is None:
        return NOT_TEXT if field in _CHECKED else ""
    return text


def _folded(value: object) -> str:
    return value.strip().casefold() if isinstance(value, str) else ""


def _entries(value: object) -> list[Any]:
    return value[:MOST_ENTRIES] if isinstance(value, list) else []
