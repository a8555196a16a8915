"""The words of each mail that asks a student to answer: the usual ones, or the school's own.

One source for text and HTML. Plain text with placeholders; nothing else of it is ever read as
markup, and no web address can be put in but the student's own link.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from uuid import UUID

import yaml
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach import audit
from outreach.audit import Actor
from outreach.campaigns.models import Campaign
from outreach.campaigns.reminder_models import CampaignWords
from outreach.campaigns.states import ASKING, MessageStep
from outreach.database import school_of
from outreach.errors import Refusal

FILE = Path(__file__).with_suffix(".yaml")
LONGEST_SUBJECT, LONGEST_BODY = 100, 2000
PLACEHOLDERS: Mapping[str, str] = {
    "first_name": "The student’s first name",
    "link": "The student’s own link; alone in its paragraph it becomes a button",
    "closes_on": "The closing date; its paragraph is left out where there is none",
    "school": "The name of the school",
    "questionnaire": "The title of the questionnaire",
    "minutes": "How many minutes it takes at most",
}
NOT_IN_SUBJECT = frozenset({"link", "closes_on"})

_PLACE = re.compile(r"\{([a-z_]+)\}")
_BRACE = re.compile(r"\{[^{}\n]*\}?|\}")
_WEB = re.compile(r"https?://|www\.", re.IGNORECASE)


@dataclass(frozen=True)
class StepWords:
    subject: str = field(repr=False)
    body: str = field(repr=False)


@dataclass(frozen=True)
class Piece:
    """A run of a paragraph: words, the link, or the end of a line."""

    kind: str
    text: str = field(default="", repr=False)


Paragraph = tuple[Piece, ...]


class BadWords(Refusal):
    """Words that cannot be used as they are; `faults` says what and where, by field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = faults


@cache
def usual_words(step: MessageStep) -> StepWords:
    said = yaml.safe_load(FILE.read_text("utf-8"))[step.value]
    return StepWords(said["subject"], said["body"].strip())


def own_words(session: Session, campaign_id: UUID) -> Mapping[MessageStep, StepWords]:
    """What the school has put in its own words, by step."""
    rows = session.scalars(
        select(CampaignWords)
        .where(
            CampaignWords.school_id == school_of(session), CampaignWords.campaign_id == campaign_id
        )
        .execution_options(populate_existing=True)
    )
    return {row.step: StepWords(row.subject, row.body) for row in rows}


def keep_words(
    session: Session,
    campaign: Campaign,
    step: MessageStep,
    given: StepWords,
    actor: Actor,
    now: datetime,
) -> bool:
    """From now on mail of this step says this; the usual words take the school's own away.

    Raises BadWords, and Refusal where the campaign is over.
    """
    if campaign.ended_at is not None:
        raise Refusal("This campaign is over, so no more mail of it goes out.")
    wanted = check_words(given)
    if wanted == own_words(session, campaign.id).get(step, usual_words(step)):
        return False
    here = {"school_id": campaign.school_id, "campaign_id": campaign.id, "step": step}
    if wanted == usual_words(step):
        session.execute(
            delete(CampaignWords).where(
                CampaignWords.school_id == campaign.school_id,
                CampaignWords.campaign_id == campaign.id,
                CampaignWords.step == step,
            )
        )
    else:
        values = {"subject": wanted.subject, "body": wanted.body, "changed_at": now}
        keys = [CampaignWords.school_id, CampaignWords.campaign_id, CampaignWords.step]
        session.execute(
            insert(CampaignWords)
            .values(**here, **values)
            .on_conflict_do_update(index_elements=keys, set_=values)
        )
    detail = {"step": step.value}
    audit.record(session, now, actor, "campaign.words_changed", "campaign", campaign.id, **detail)
    return True


def check_words(given: StepWords) -> StepWords:
    """Tidied. Raises BadWords with every fault, each with its place."""
    subject = " ".join(given.subject.split())
    body = tidy(given.body)
    found = {
        "subject": _faults(subject, LONGEST_SUBJECT, NOT_IN_SUBJECT),
        "body": _faults(body, LONGEST_BODY, frozenset()),
    }
    if body and "{link}" not in body:
        found["body"].append(
            "Put {link} where the student’s own link goes: without it nobody can answer."
        )
    faults = {field: "\n".join(words) for field, words in found.items() if words}
    if faults:
        raise BadWords(faults)
    return StepWords(subject, body)


def tidy(body: str) -> str:
    lines = [line.strip() for line in body.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _faults(text: str, longest: int, refused: frozenset[str]) -> list[str]:
    if not text:
        return ["Write something here."]
    faults = []
    if len(text) > longest:
        faults.append(f"This is {len(text)} characters long; {longest} at most.")
    for number, line in enumerate(text.split("\n"), 1):
        place = f"Line {number}" if "\n" in text else "Here"
        for found in _BRACE.finditer(line):
            faults += _placeholder_fault(
                found[0], f"{place}, character {found.start() + 1}", refused
            )
        if _WEB.search(line):
            faults.append(
                f"{place}: a web address cannot be put in. Only the student’s own link is, as "
                "{link}."
            )
        if any(not mark.isprintable() for mark in line):
            faults.append(f"{place}: it has a mark that cannot be shown. Type the line again.")
    return faults


def _placeholder_fault(text: str, place: str, refused: frozenset[str]) -> list[str]:
    named = _PLACE.fullmatch(text)
    if named is None or named[1] not in PLACEHOLDERS:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS if name not in refused)
        return [f"{place}: “{text}” is not known. These are: {known}."]
    if named[1] in refused:
        return [f"{place}: {text} cannot stand in the subject."]
    return []


def fill_subject(subject: str, values: Mapping[str, str | None]) -> str:
    return _PLACE.sub(lambda found: values[found[1]] or "", subject)


def fill_body(body: str, values: Mapping[str, str | None]) -> list[Paragraph]:
    """Paragraphs as templates draw them. One whose placeholder has no value is left out."""
    paragraphs = []
    for text in body.split("\n\n"):
        if all(values[name] is not None for name in _PLACE.findall(text)):
            paragraphs.append(_pieces(text, values))
    return paragraphs


def _pieces(text: str, values: Mapping[str, str | None]) -> Paragraph:
    pieces: list[Piece] = []
    for place, line in enumerate(text.split("\n")):
        if place:
            pieces.append(Piece("break"))
        for count, words in enumerate(line.split("{link}")):
            if count:
                pieces.append(Piece("link"))
            if words:
                filled = _PLACE.sub(lambda found: values[found[1]] or "", words)
                pieces.append(Piece("words", filled))
    return tuple(pieces)


def step_of(text: str) -> MessageStep | None:
    """A step that asks, by its value in an address."""
    return next((step for step in ASKING if step.value == text), None)
