"""A faulty file read as far as it goes, so that one check tells every fault and not the first."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from questionnaires.faults import MOST_FAULTS, Finding, Place
from questionnaires.languages import MAX_LANGUAGES
from questionnaires.model import Questionnaire

_SENTENCES = {
    "missing": ("It is missing.", "Add it."),
    "extra_forbidden": ("There is no such key here.", "Check its spelling, or take it away."),
    "string_pattern_mismatch": (
        "This is not a key or a language code.",
        "Use small letters, digits and underscores, beginning with a letter; for a language a "
        "code such as en or cy. If it is words, put quotes round them: a comma ends a text in {}.",
    ),
    "string_type": (
        "It should be text.",
        "Put it in quotes: bare yes, no, on, off and numbers are not text in YAML.",
    ),
    "int_type": ("It should be a whole number.", "Write it without quotes."),
    "string_too_short": ("It is empty.", "Write the words, or take the line away."),
    "dict_type": ("It should be a mapping.", 'For a text write for example {en: "Yes"}.'),
    "model_type": ("It should be a mapping.", "Write key: value lines, indented below it."),
    "model_attributes_type": (
        "It should be a mapping.",
        "Write key: value lines, indented below it.",
    ),
    "tuple_type": ("It should be a list.", "Write [one, two], or lines that begin with a dash."),
    "union_tag_not_found": (
        "It has no kind.",
        "Add kind: choice, choices, text, number or note.",
    ),
    "union_tag_invalid": (
        "There is no such kind of question.",
        "Use kind: choice, choices, text, number or note.",
    ),
}
"""By pydantic's type of error; other types keep its own words, which say what was expected."""


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
    findings = [finding_of(detail) for detail in details]
    if len(findings) > MOST_FAULTS:
        return None, set(), findings  # more than is told: stand-ins would only cost time
    repaired: dict[str, Any] = deepcopy(dict(data))
    words = _stand_in_words(data.get("languages"))
    unread = {_replace(repaired, finding.place, words) for finding in findings}
    try:
        return Questionnaire.model_validate(repaired), unread, findings
    except ValidationError:
        return None, unread, findings


def finding_of(detail: ErrorDetails) -> Finding:
    message = detail["msg"].removeprefix("Value error, ").rstrip(".")
    own_words = (f"{message[0].upper()}{message[1:]}.", "Correct it.")
    what, mend = _SENTENCES.get(detail["type"], own_words)
    return Finding(detail["loc"], what, mend)


def _replace(data: dict[str, Any], place: Place, words: dict[str, str]) -> Place:
    """Put a stand-in for the smallest part that can have one; returns where that is."""
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


def _stand_in_words(languages: object) -> dict[str, str]:
    listed = languages if isinstance(languages, list) else []
    return {str(language): "-" for language in listed[:MAX_LANGUAGES]} or {"en": "-"}
