"""A school's own questions: one more section after a published questionnaire, never scored."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from questionnaires.checks import check
from questionnaires.drafts import read_draft
from questionnaires.faults import DefinitionFaults, Finding, Place
from questionnaires.languages import MAX_LANGUAGES
from questionnaires.model import Block, Note, Questionnaire
from questionnaires.source import Source

OWN_PREFIX = "own_"
"""Of section, questions and scales, so that no later version of ours can take the same id."""
OWN_CONSTRUCT = "own_questions"
MOST_QUESTIONS = 10
MOST_OPTIONS = 12

_CODE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_KEYS = ("id", "title", "intro", "languages", "open_text", "scales", "questions")
_NOT_OURS_TO_GIVE = {
    "construct": "A school's own question measures nothing that other schools ask too.",
    "gatsby": "Benchmarks are set for the questions that every school asks.",
    "scoring": "A school's own question is never scored, so that scores stay comparable.",
    "profile_field": "A school's own question writes nothing into the profile.",
}


def with_extra_section(
    base: Questionnaire, content: bytes, name: str = "The section"
) -> Questionnaire:
    """The questionnaire with the section of this YAML file at its end; `base` stays as it is.

    The file has id, title, questions and perhaps intro, scales, languages and open_text. Its
    `show_if` may look at any question of `base`. The result keeps the id and version of `base`;
    its sha256 is that of the line of the base's hash and the line of the file's.
    Raises DefinitionFaults with every fault, each with its line.
    """
    if base.extra_sha256 is not None:
        raise ValueError("this questionnaire has a school's own section already")
    source = Source(name, content)
    findings = [*source.repeated_keys(), *_strange(source.data), *_not_ours(source.data)]
    draft, unread, shape = read_draft(_as_definition(source.data, base))
    found = shape
    if draft is not None:
        found += [*check(draft, unread, asked_before=base.questions), *_limits(draft, base)]
    findings += [_moved(finding) for finding in found]
    if findings or draft is None:
        raise DefinitionFaults(source.first_located(findings))
    ready = draft.completed(source.sha256)
    return base.extended(
        ready.sections[0], dict(ready.constructs), source.sha256, open_text=ready.open_text
    )


def _as_definition(data: Mapping[str, object], base: Questionnaire) -> dict[str, object]:
    """The section as a questionnaire of its own, for the checks that every questionnaire has."""
    languages = data.get("languages", list(base.languages))
    listed = languages if isinstance(languages, list) else []
    named = [one for one in listed if isinstance(one, str) and _CODE.fullmatch(one)] or ["en"]
    named = named[:MAX_LANGUAGES]
    words = dict.fromkeys(named, "-")
    label = dict.fromkeys(named, "Questions of your own school")
    section = {key: data[key] for key in ("id", "title", "intro") if key in data}
    section["questions"] = _questions(data.get("questions", []))
    definition: dict[str, object] = {
        "id": base.id,
        "version": base.version,
        "title": words,
        "intro": words,
        "languages": languages,
        "years": [7],
        "minimum_answered": 0.5,
        "constructs": {OWN_CONSTRUCT: {"block": Block.OWN.value, "label": label}},
        "sections": [section],
    }
    if "open_text" in data:
        definition["open_text"] = data["open_text"]
    if "scales" in data:
        definition["scales"] = _unscored(data["scales"])
    return definition


def _unscored(scales: object) -> object:
    if not isinstance(scales, dict):
        return scales
    return {
        key: {k: v for k, v in scale.items() if k != "scoring"}
        if isinstance(scale, dict)
        else scale
        for key, scale in scales.items()
    }


def _questions(written: object) -> object:
    if not isinstance(written, list):
        return written
    return [_measuring_nothing(one) for one in written]


def _measuring_nothing(question: object) -> object:
    if not isinstance(question, dict):
        return question
    kept: dict[str, Any] = {k: v for k, v in question.items() if k not in _NOT_OURS_TO_GIVE}
    return kept if kept.get("kind") == "note" else kept | {"construct": OWN_CONSTRUCT}


def _strange(data: Mapping[str, object]) -> Iterator[Finding]:
    for key in data:
        if key not in _KEYS:
            mend = f"A section has only: {', '.join(_KEYS)}. Take this one away."
            yield Finding((str(key),), "There is no such key here.", mend)
    if "questions" not in data:
        yield Finding(("questions",), "It is missing.", "Add the questions of the section.")


def _not_ours(data: Mapping[str, object]) -> Iterator[Finding]:
    questions, scales = data.get("questions"), data.get("scales")
    for position, question in enumerate(questions if isinstance(questions, list) else ()):
        for key in question if isinstance(question, dict) else ():
            if key in _NOT_OURS_TO_GIVE:
                yield Finding(("questions", position, key), _NOT_OURS_TO_GIVE[key], "Take it away.")
    for name, scale in scales.items() if isinstance(scales, dict) else ():
        if isinstance(scale, dict) and "scoring" in scale:
            what = _NOT_OURS_TO_GIVE["scoring"]
            yield Finding(("scales", str(name), "scoring"), what, "Take it away.")


def _limits(draft: Questionnaire, base: Questionnaire) -> Iterator[Finding]:
    for language in base.languages:
        if language not in draft.languages:
            what = f"The questionnaire is in “{language}” too, and this section is not."
            yield Finding(("languages",), what, f"Add {language}, and every text in it.")
    for section in draft.sections:
        yield from _own_key(("sections", 0, "id"), section.id)
        asked = [question for question in section.questions if not isinstance(question, Note)]
        if len(asked) > MOST_QUESTIONS:
            what = f"It asks {len(asked)} questions; {MOST_QUESTIONS} is the most."
            mend = "Leave some out: every extra question makes it more likely that a student stops early."
            yield Finding(("sections", 0, "questions"), what, mend)
        for position, question in enumerate(section.questions):
            place = ("sections", 0, "questions", position)
            yield from _own_key((*place, "id"), question.id)
            options = getattr(question, "options", ())
            if len(options) > MOST_OPTIONS:
                what = f"It has {len(options)} options; {MOST_OPTIONS} is the most."
                yield Finding((*place, "options"), what, "Leave some out.")
    for key in draft.scales:
        yield from _own_key(("scales", key), key)


def _own_key(place: Place, key: str) -> Iterator[Finding]:
    if not key.startswith((OWN_PREFIX, "unread_")):
        what = f"“{key}” does not begin with {OWN_PREFIX}"
        mend = f"Write {OWN_PREFIX}{key}, so that it can never be one of the questionnaire’s."
        yield Finding(place, f"{what}.", mend)


def _moved(finding: Finding) -> Finding:
    """From its place in the stand-in questionnaire to its place in the section's file."""
    place = finding.place
    if place[:2] == ("sections", 0):
        place = place[2:]
    return Finding(place, finding.what, finding.mend)
