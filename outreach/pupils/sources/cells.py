"""What one cell may hold: each reader gives a typed value, or says what the rule and the mend are."""

import re
import unicodedata
from datetime import date
from functools import lru_cache

from outreach.pupils.roster.upn import check_letter, has_upn_shape
from outreach.pupils.sources.records import GroupPlace, groups_as_json

LONGEST_TEXT = 200
LONGEST_KEPT = 100
"""Of a cell that is remembered with what it meant: a long one would fill the memory, padded or not."""
MOST_GROUPS = 60
YEARS = range(1, 15)
"""National Curriculum years that are kept: 14 is a special school's oldest."""

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_EDGES = " \t\r\n\u00a0\u200b\ufeff"
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ T]0?0:00(?::00)?)?")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]0?0:00(?::00)?(?:\.0+)?Z?)?")
_YEAR = re.compile(
    r"(?:n\.?c\.?\s*)?(?:year(?:\s*group)?|yr\.?|y)?\s*0?(\d{1,2})(?:\.0)?", re.IGNORECASE
)
_OTHER_YEARS = re.compile(r"(?:year|yr|y|nursery)?\s*(?:n|n1|n2|r|rec|reception|x|nursery)", re.I)
_NO_YEAR = "A year is a number from 1 to 14, such as 10 or “Year 10”."
_NO_DATE = "A date is written day/month/year, such as 04/09/2011, or 2011-09-04."
_YES_NO = {
    "y": "yes", "yes": "yes", "t": "yes", "true": "yes", "1": "yes", "eligible": "yes",
    "n": "no", "no": "no", "f": "no", "false": "no", "0": "no", "not eligible": "no",
}  # fmt: skip


class BadCell(Exception):
    """Why the cell cannot be taken, and what to write instead."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def tidy(cell: str) -> str:
    """The text without blank edges, composed (NFC); any script will do, control characters not."""
    if cell.isascii() and cell.isprintable():
        return cell.strip()
    text = unicodedata.normalize("NFC", cell).strip(_EDGES).replace("\u00a0", " ")
    if _FORBIDDEN.search(text):
        raise BadCell(
            "There is a line break or a hidden character in the cell. Type the text in again."
        )
    return text


def read_text(cell: str) -> str | None:
    text = cell.strip() if cell.isascii() and cell.isprintable() else tidy(cell)
    if len(text) > LONGEST_TEXT:
        raise BadCell(f"The text is longer than {LONGEST_TEXT} characters. Shorten it.")
    return text or None


def read_upn(cell: str) -> str | None:
    text = tidy(cell).replace(" ", "").upper()
    if not text:
        return None
    if not has_upn_shape(text):
        raise BadCell(
            "A UPN is a letter (never I, O or S) and 12 digits; a temporary one ends in a letter. "
            "Copy it again from the MIS."
        )
    if check_letter(text[1:]) != text[0]:
        raise BadCell(
            "The first letter of the UPN does not fit its digits, so a character is wrong. "
            "Copy it again from the MIS."
        )
    return text


def read_year(cell: str) -> int | None:
    if len(cell) > LONGEST_KEPT:
        raise BadCell(_NO_YEAR)
    return _read_year(cell)


@lru_cache(maxsize=1_000)
def _read_year(cell: str) -> int | None:
    text = tidy(cell)
    if not text:
        return None
    found = _YEAR.fullmatch(text)
    if found and int(found[1]) in YEARS:
        return int(found[1])
    if _OTHER_YEARS.fullmatch(text):
        raise BadCell(
            "Pupils of Nursery and Reception, and those outside the year groups (X), are not kept. "
            "Leave the row out, or give the year that the pupil is taught with, 1 to 14."
        )
    raise BadCell(_NO_YEAR)


def read_date(cell: str) -> date | None:
    if len(cell) > LONGEST_KEPT:
        raise BadCell(_NO_DATE)
    return _read_date(cell)


@lru_cache(maxsize=50_000)
def _read_date(cell: str) -> date | None:
    text = tidy(cell)
    if not text:
        return None
    if found := _DAY_FIRST.fullmatch(text):
        day, month, year = int(found[1]), int(found[2]), int(found[3])
    elif found := _ISO.fullmatch(text):
        year, month, day = int(found[1]), int(found[2]), int(found[3])
    else:
        raise BadCell(_NO_DATE)
    if not 1900 <= year <= 2100:
        raise BadCell("The year of this date is not one that a pupil could have. Check it.")
    try:
        return date(year, month, day)
    except ValueError:
        raise BadCell(
            "There is no such day. Dates are written day/month/year: the day comes first."
        ) from None


def read_groups(cell: str) -> str | None:
    """Teaching groups, with semicolons or commas between them."""
    return _read_groups(cell) if len(cell) <= LONGEST_KEPT else _groups_in(cell)


@lru_cache(maxsize=2_000)
def _read_groups(cell: str) -> str | None:
    return _groups_in(cell)


def _groups_in(cell: str) -> str | None:
    text = tidy(cell)
    names = [name.strip() for name in re.split(r"[;,]", text) if name.strip()]
    if any(len(name) > LONGEST_TEXT for name in names) or len(names) > MOST_GROUPS:
        raise BadCell(
            f"Groups are written with a semicolon between them, {MOST_GROUPS} at most, "
            f"each no longer than {LONGEST_TEXT} characters."
        )
    return groups_as_json(GroupPlace("teaching", name) for name in names) if names else None


def read_yes_no(cell: str) -> str | None:
    text = read_text(cell)
    if text is None:
        return None
    answer = _YES_NO.get(text.casefold())
    if answer is None:
        raise BadCell("This is a yes or a no. It was left out; write Y or N.")
    return answer
