"""The form by which staff who know no YAML write a section: what was typed, and the YAML it makes.

Keys of questions and values of options are made from the words once. A next version keeps the key
of a question whose words were corrected, so that exports go on under the same heading.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from questionnaires.extras import MOST_OPTIONS, MOST_QUESTIONS, OWN_PREFIX
from questionnaires.plain import without_unseen

AGREE = "agree"
ONE = "choice"
SEVERAL = "choices"
KINDS = {
    AGREE: "How far they agree",
    ONE: "Choose one",
    SEVERAL: "Choose several",
}
SCALE = f"{OWN_PREFIX}agree"
AGREE_OPTIONS = (
    ("agree_strongly", "Agree strongly"),
    ("agree", "Agree"),
    ("disagree", "Disagree"),
    ("disagree_strongly", "Disagree strongly"),
    ("not_sure", "Not sure"),
)

SHOWN_FIRST = 3
LONGEST_TITLE = 80
LONGEST_INTRO = 400
LONGEST_TEXT = 250
LONGEST_OPTION = 100
LONGEST_KEY = 25

_NOT_IN_KEYS = re.compile(r"[^a-z0-9]+")
_COMMENT = "# A school's own questions, written in the browser.\n"


@dataclass(frozen=True)
class TypedQuestion:
    """As typed. `key` is empty for a new one; `options` stand one a line."""

    key: str = ""
    text: str = ""
    kind: str = AGREE
    options: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.text.strip() and not self.options.strip()

    @property
    def labels(self) -> list[str]:
        return [_tidy(line) for line in self.options.splitlines() if line.strip()]


@dataclass(frozen=True)
class SectionForm:
    """As typed. `key` is empty for a new section."""

    key: str = ""
    title: str = ""
    intro: str = ""
    questions: tuple[TypedQuestion, ...] = ()

    @property
    def written(self) -> list[tuple[int, TypedQuestion]]:
        """Those that hold anything, by their place in the form."""
        return [(place, one) for place, one in enumerate(self.questions) if not one.is_empty]

    def with_room(self, more: int = 0) -> "SectionForm":
        """With empty places to fill in, as the page shows them; at most ten in all."""
        wanted = min(MOST_QUESTIONS, max(SHOWN_FIRST, len(self.questions) + more))
        room = wanted - len(self.questions)
        questions = (*self.questions, *(TypedQuestion() for _ in range(room)))
        return SectionForm(self.key, self.title, self.intro, questions)


def read_section_form(form: Mapping[str, str]) -> SectionForm:
    """Every question whose text field was on the page, at most ten."""
    questions = []
    for place in range(MOST_QUESTIONS):
        if f"text-{place}" not in form:
            break
        kind = form.get(f"kind-{place}", AGREE)
        questions.append(
            TypedQuestion(
                key=form.get(f"key-{place}", ""),
                text=_tidy(form[f"text-{place}"]),
                kind=kind if kind in KINDS else AGREE,
                options=form.get(f"options-{place}", ""),
            )
        )
    return SectionForm(
        key=form.get("key", ""),
        title=_tidy(form.get("title", "")),
        intro=_tidy(form.get("intro", "")),
        questions=tuple(questions),
    )


def faults_of_form(typed: SectionForm) -> dict[str, str]:
    """Field to what is wrong, in the order of the page. Empty where a section can be made of it."""
    errors: dict[str, str] = {}
    if not typed.title:
        errors["title"] = "Enter a title, for example Our careers fair"
    elif len(typed.title) > LONGEST_TITLE:
        errors["title"] = f"Use {LONGEST_TITLE} characters or fewer for the title"
    if len(typed.intro) > LONGEST_INTRO:
        errors["intro"] = f"Use {LONGEST_INTRO} characters or fewer for the introduction"
    if not typed.written:
        errors["text-0"] = "Write at least one question"
    for place, question in typed.written:
        name = f"Question {place + 1}"
        if not question.text:
            errors[f"text-{place}"] = f"{name} has options and no question: write it, or clear them"
        elif len(question.text) > LONGEST_TEXT:
            errors[f"text-{place}"] = f"{name}: use {LONGEST_TEXT} characters or fewer"
        if fault := _options_fault(question):
            errors[f"options-{place}"] = f"{name}: {fault}"
    return errors


def questions_to_agree_with(typed: SectionForm) -> list[str]:
    """Those that ask how far students agree, and end as a question does: nobody can say."""
    return [one.text for _, one in typed.written if one.kind == AGREE and one.text.endswith("?")]


def write_yaml(typed: SectionForm) -> bytes:
    """The section's file. Only of a form without faults."""
    taken: set[str] = {one.key for _, one in typed.written if one.key}
    section: dict[str, Any] = {
        "id": typed.key or f"{OWN_PREFIX}{_key(typed.title, (), 'questions')}",
        "title": {"en": typed.title},
    }
    if typed.intro:
        section["intro"] = {"en": typed.intro}
    if any(one.kind == AGREE for _, one in typed.written):
        section["scales"] = {SCALE: {"options": _options(AGREE_OPTIONS)}}
    section["questions"] = []
    for _, one in typed.written:
        key = one.key
        if not key:
            key = OWN_PREFIX + _key(
                one.text, {t.removeprefix(OWN_PREFIX) for t in taken}, "question"
            )
            taken.add(key)
        section["questions"].append(_question(key, one))
    written: str = yaml.safe_dump(section, sort_keys=False, allow_unicode=True, width=100)
    return (_COMMENT + written).encode()


def read_yaml(source: str) -> SectionForm | None:
    """The form that a stored section fills in; None where it has what the form cannot write."""
    if not source.startswith(_COMMENT):
        return None
    try:
        form = _form_of(yaml.safe_load(source))
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        return None
    return form if write_yaml(form) == source.encode() else None


def _form_of(section: Any) -> SectionForm:
    return SectionForm(
        key=section["id"],
        title=section["title"]["en"],
        intro=section.get("intro", {}).get("en", ""),
        questions=tuple(
            TypedQuestion(
                key=one["id"],
                text=one["text"]["en"],
                kind=AGREE if "scale" in one else one["kind"],
                options="\n".join(option["label"]["en"] for option in one.get("options", ())),
            )
            for one in section["questions"]
        ),
    )


def _options_fault(question: TypedQuestion) -> str | None:
    labels = question.labels
    if question.kind == AGREE:
        return "leave the options empty, as agreeing has its own" if labels else None
    if len(labels) < 2:
        return "write at least two options, one a line"
    if len(labels) > MOST_OPTIONS:
        return f"{MOST_OPTIONS} options are the most"
    if len({label.casefold() for label in labels}) < len(labels):
        return "two options read the same"
    if any(len(label) > LONGEST_OPTION for label in labels):
        return f"use {LONGEST_OPTION} characters or fewer for each option"
    return None


def _question(key: str, typed: TypedQuestion) -> dict[str, Any]:
    question: dict[str, Any] = {
        "id": key,
        "kind": SEVERAL if typed.kind == SEVERAL else ONE,
        "text": {"en": typed.text},
    }
    if typed.kind == AGREE:
        return question | {"scale": SCALE}
    options: list[tuple[str, str]] = []
    for label in typed.labels:
        options.append((_key(label, {value for value, _ in options}, "option"), label))
    return question | {"options": _options(options)}


def _options(pairs: Collection[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"value": value, "label": {"en": label}} for value, label in pairs]


def _key(words: str, taken: Collection[str], instead: str) -> str:
    """A stable key out of words: small letters and digits, another than those taken."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    whole = _NOT_IN_KEYS.sub("_", plain).strip("_")
    key = whole[:LONGEST_KEY]
    if len(whole) > LONGEST_KEY and whole[LONGEST_KEY] != "_" and "_" in key:
        key = key.rpartition("_")[0]  # at the end of a word
    key = key.strip("_") or instead
    if not key[0].isalpha():
        key = f"n_{key}"
    number, free = 1, key
    while free in taken:
        number += 1
        free = f"{key}_{number}"
    return free


def _tidy(words: str) -> str:
    return " ".join(without_unseen(words).split())
