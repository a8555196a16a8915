"""A faulty file read as far as it goes, so that one check tells every fault and not the first."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from questionnaires.faults import Finding, Place
from questionnaires.model import Questionnaire

_MENDS = {
    "missing": "Add it.",
    "extra_forbidden": "Check its spelling, or take it away.",
    "string_pattern_mismatch": (
        "Use small letters, digits and underscores, beginning with a letter; "
        "for a language use a code such as en or cy."
    ),
    "string_type": "Put it in quotes: YAML reads bare yes, no, on, off and numbers as no text.",
    "enum": "Use one of those.",
}


def read_draft(
    data: Mapping[str, object],
) -> tuple[Questionnaire | None, set[Place], list[Finding]]:
    """The questionnaire with stand-ins for what is faulty in shape, where they stand, and why.

    None instead of a questionnaire where even stand-ins do not make one.
    """
    try:
        return Questionnaire.model_validate(data), set(), []
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    findings = [_finding(detail) for detail in details]
    repaired: dict[str, Any] = deepcopy(dict(data))
    unread = {_replace(repaired, finding.place) for finding in findings}
    try:
        return Questionnaire.model_validate(repaired), unread, findings
    except ValidationError:
        return None, unread, findings


def _finding(detail: ErrorDetails) -> Finding:
    kind, message = detail["type"], detail["msg"]
    what = {
        "missing": "It is missing.",
        "extra_forbidden": "There is no such key here.",
    }.get(kind, message.removeprefix("Value error, ").rstrip(".") + ".")
    return Finding(detail["loc"], what, _MENDS.get(kind, "Correct it."))


def _replace(data: dict[str, Any], place: Place) -> Place:
    """Put a stand-in for the smallest part that can have one; returns where that is."""
    words = {str(language): "-" for language in _listed(data.get("languages"))} or {"en": "-"}
    stand_ins: dict[str, Any] = {
        "id": "draft",
        "version": 1,
        "title": words,
        "intro": words,
        "languages": ["en"],
        "years": [10],
        "minimum_answered": 0.5,
        "constructs": {},
        "scales": {},
        "sections": [],
    }
    match place:
        case ("sections", int(s), "questions", int(q), *_):
            questions = data["sections"][s]["questions"]
            old = questions[q].get("id") if isinstance(questions[q], dict) else None
            id = old if isinstance(old, str) and old.isidentifier() else f"unread_{s}_{q}"
            questions[q] = {"id": id, "kind": "note", "text": words}
            return place[:4]
        case ("sections", int(s), str(key), *_):
            stand_in = {"id": f"unread_{s}", "title": words, "questions": []}
            return _put(data["sections"][s], key, stand_in, place[:2])
        case ("sections", int(s), *_):
            data["sections"][s] = {"id": f"unread_{s}", "title": words, "questions": []}
            return place[:2]
        case ("constructs" | "scales" as table, str(key), *_) if key in data[table]:
            label = {"label": words, "block": "career_knowledge"}
            data[table][key] = label if table == "constructs" else {"options": []}
            if place[-1] == "[key]":
                del data[table][key]
            return place[:2]
        case (str(key), *_):
            return _put(data, key, stand_ins, ())
    return place


def _put(part: dict[str, Any], key: str, stand_ins: dict[str, Any], place: Place) -> Place:
    if key in stand_ins:
        part[key] = stand_ins[key]
    else:
        part.pop(key, None)
    return (*place, key)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []
