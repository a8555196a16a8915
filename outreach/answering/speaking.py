"""What the answering pages themselves say, in each language that has all of it.

A file a language in `words/`; the English one is what the others translate. A file that lacks a
text, or whose blanks are not those of the English, is not used: pages are then in English.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import yaml
from markupsafe import Markup, escape

from outreach.clock import in_london, london
from questionnaires.languages import offered
from questionnaires.model import DEFAULT_LANGUAGE, Questionnaire

FILES = Path(__file__).parent / "words"
MONTHS = 12
MOMENT_BLANKS = {"day", "month", "year", "time"}
"""Of a date in every language but English, which `outreach.clock` writes."""


class Words:
    """`say("continue")` in a template. What fills a blank is escaped, unless it is Markup."""

    def __init__(self, file: Mapping[str, Any]) -> None:
        self.language: str = file["language"]
        self.html_language: str = file.get("html_language", self.language)
        self.direction = offered(self.language, is_by_a_person=True).direction
        self.is_by_a_person: bool = file["reviewed"]
        self._plain: dict[str, str] = file["words"]
        self._texts = {key: escape(text) for key, text in self._plain.items()}
        self._months: list[str] = file.get("months", [])
        self._moment: str = file.get("moment", "")

    def __call__(self, key: str, **blanks: object) -> Markup:
        """Raises KeyError for words that no file has."""
        text = self._texts[key]
        return text.format(**blanks) if blanks else text

    def plain(self, key: str, **blanks: object) -> str:
        """For documents that are not HTML."""
        return self._plain[key].format(**blanks)

    def moment(self, moment: datetime) -> str:
        """Day and time in London."""
        if self.language == DEFAULT_LANGUAGE:
            return in_london(moment)
        local = london(moment)
        return self._moment.format(
            day=local.day,
            month=self._months[local.month - 1],
            year=local.year,
            time=f"{local:%H:%M}",
        )

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(self._texts)


def words_in(language: str) -> Words:
    """In that language; in English where there is no whole file for it."""
    return _files().get(language) or _files()[DEFAULT_LANGUAGE]


def all_words() -> list[Words]:
    """In every language that has all of them, English first."""
    return list(_files().values())


def is_unread(questionnaire: Questionnaire, language: str) -> bool:
    """Whether a machine put the questions or the page into this language, and nobody read them."""
    offers = {one.code: one for one in questionnaire.offered}
    is_read = words_in(language).is_by_a_person
    return not is_read or (language in offers and not offers[language].is_by_a_person)


def language_for(questionnaire: Questionnaire, wanted: str | None) -> str:
    """The wanted language where this questionnaire can be answered in it, else its first."""
    codes = [one.code for one in questionnaire.offered]
    return wanted if wanted is not None and wanted in codes else codes[0]


def faults_of(file: Mapping[str, Any], english: Mapping[str, Any]) -> list[str]:
    """What keeps a translation from being used, in words for whoever mends it."""
    ours, theirs = english["words"], file["words"]
    faults = _date_faults(file)
    faults += [f"“{key}” is missing." for key in ours if key not in theirs]
    faults += [f"“{key}” is said by no page." for key in theirs if key not in ours]
    for key in ours.keys() & theirs.keys():
        if not theirs[key].strip():
            faults.append(f"“{key}” is empty.")
        elif _blanks(theirs[key]) != _blanks(ours[key]):
            faults.append(f"“{key}” needs the blanks {sorted(_blanks(ours[key]))}, each once.")
    return faults


def _date_faults(file: Mapping[str, Any]) -> list[str]:
    faults = []
    if len(file.get("months", ())) != MONTHS:
        faults.append("“months” needs the names of all twelve, as they stand in a date.")
    if _blanks(file.get("moment", "")) != MOMENT_BLANKS:
        faults.append(f"“moment” needs the blanks {sorted(MOMENT_BLANKS)}, each once.")
    return faults


def read_file(language: str) -> dict[str, Any]:
    file: dict[str, Any] = yaml.safe_load((FILES / f"{language}.yaml").read_text("utf-8"))
    return file


@cache
def _files() -> dict[str, Words]:
    english = read_file(DEFAULT_LANGUAGE)
    others = [read_file(path.stem) for path in sorted(FILES.glob("*.yaml")) if path.stem != "en"]
    whole = [file for file in others if not faults_of(file, english)]
    return {file["language"]: Words(file) for file in (english, *whole)}


def _blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
