"""The tables beside this file, read once: codes, phrases, reasons, and the marks of other notices."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

from outreach.mail.bounces.reading import Verdict

_HERE = Path(__file__).parent
_GAP = ".{0,60}?"  # bounded, so that no reply can make the search slow


class Meaning(BaseModel):
    """What a reason says about the address, to whom, and who does what about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    verdict: Verdict
    words: str
    mender: Literal["it_team", "mis_office", "student", "us", "wait"]
    to_do: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code says. `unless`: the reasons that words may put in its place; None for any."""

    reason: str
    unless: frozenset[str] | None

    @property
    def is_vague(self) -> bool:
        return self.unless is None

    @property
    def is_sure(self) -> bool:
        return self.unless == frozenset()

    def allows(self, reason: str) -> bool:
        return self.unless is None or reason in self.unless or reason == self.reason


@cache
def meanings() -> dict[str, Meaning]:
    return {key: Meaning.model_validate(one) for key, one in _read("reasons").items()}


@cache
def rules() -> dict[str, Rule]:
    """By code, such as 5.1.1, x.1.1, 5.x.x or 552."""
    return {code: _rule(one) for code, one in _read("statuses").items()}


def _rule(given: dict[str, Any]) -> Rule:
    unless = given.get("unless", ())
    return Rule(given["reason"], None if unless == "any" else frozenset(unless))


@cache
def phrases() -> dict[str, re.Pattern[str]]:
    """By reason, the surest first."""
    return {reason: _pattern(listed) for reason, listed in _read("phrases").items()}


@cache
def marks(name: str) -> re.Pattern[str]:
    """One list of `notices.yaml`."""
    listed = _read("notices")[name]
    return _line_heads(listed) if name == "returned_below" else _pattern(listed)


def _pattern(listed: list[str]) -> re.Pattern[str]:
    """Finds any of the phrases, in text in small letters: those of Latin letters where a word
    begins, those of scripts without spaces anywhere."""
    latin = "|".join(_regex(one) for one in listed if one[0].isascii())
    other = [_regex(one) for one in listed if not one[0].isascii()]
    return re.compile("|".join([rf"(?<![^\W_])(?:{latin})", *other]))


def _line_heads(listed: list[str]) -> re.Pattern[str]:
    """Finds a line that begins with one of the phrases; `---` is two dashes or more."""
    said = "|".join(_regex(one).replace(r"\-\-\-\ ", "-{2,70} ?") for one in listed)
    return re.compile(rf"^[ \t*_=]{{0,40}}(?:{said})", re.MULTILINE)


def _regex(phrase: str) -> str:
    return re.escape(phrase).replace(r"\ …\ ", _GAP).replace("…", _GAP)


def _read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((_HERE / f"{name}.yaml").read_text("utf-8"))
    return loaded
