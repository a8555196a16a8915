"""Translations of published questionnaires, a file a language, laid over the English texts.

A file maps each English text to its translation, so that what several questionnaires share is
translated once; `in_place` holds what has to read otherwise in one place. See
docs/questionnaires.md.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from questionnaires.drafts import finding_of
from questionnaires.faults import DefinitionFaults, Fault, Finding
from questionnaires.languages import Offered, offered
from questionnaires.model import DEFAULT_LANGUAGE, Language, Questionnaire, Text
from questionnaires.phrases import PHRASES, blanks_of
from questionnaires.source import Source
from questionnaires.texts import texts_of, with_texts

TRANSLATIONS = Path(__file__).parent / "translations"

Words = Annotated[str, Field(min_length=1, pattern=r"\S")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}/v[1-9][0-9]*$")]


class TranslationFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    language: Language
    reviewed: tuple[Name, ...]
    """Questionnaires, as <id>/v<N>, that a person who knows the language has read through."""
    phrases: dict[str, Words] = Field(default_factory=dict)
    """What the engine itself says of an answer, by its English."""
    words: dict[str, Words]
    in_place: dict[Name, dict[str, Words]] = Field(default_factory=dict)
    """By questionnaire and address (questionnaires/texts.py), before `words`."""

    def words_at(self, name: str, address: str, text: Text) -> str | None:
        """None where this file does not translate it."""
        own = self.in_place.get(name, {}).get(address)
        return own if own is not None else self.words.get(text.in_(DEFAULT_LANGUAGE))


@dataclass(frozen=True)
class Translations:
    """Those files of a folder that can be read, and what is wrong with the others."""

    sources: tuple[tuple[Source, TranslationFile], ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def files(self) -> tuple[TranslationFile, ...]:
        return tuple(file for _, file in self.sources)


def name_of(questionnaire: Questionnaire) -> str:
    return f"{questionnaire.id}/v{questionnaire.version}"


def load_translations(folder: Path | str = TRANSLATIONS) -> Translations:
    """Every `<language>.yaml` of the folder; none where there is no folder. Raises nothing."""
    read: list[tuple[Source, TranslationFile]] = []
    faults: list[Fault] = []
    for path in sorted(Path(folder).glob("*.yaml")):
        try:
            read.append(read_translation(path))
        except DefinitionFaults as found:
            faults += found.faults
    return Translations(tuple(read), tuple(faults))


def read_translation(path: Path) -> tuple[Source, TranslationFile]:
    """Raises DefinitionFaults with the faults of its shape."""
    source = Source.of_file(path)
    findings = source.repeated_keys()
    try:
        file = TranslationFile.model_validate(source.data)
    except ValidationError as error:
        findings += [finding_of(detail) for detail in error.errors(include_url=False)]
        raise DefinitionFaults(source.located(findings)) from error
    if path.stem != file.language:
        what = f"It holds “{file.language}”, which is not the name of the file."
        findings.append(Finding(("language",), what, f"Name the file {file.language}.yaml."))
    if findings:
        raise DefinitionFaults(source.located(findings))
    return source, file


def translated(questionnaire: Questionnaire, files: Iterable[TranslationFile]) -> Questionnaire:
    """The questionnaire with each language that has every one of its texts.

    A file that lacks one is refused for this questionnaire: a page half in one language and half
    in another helps nobody. Texts that the definition itself has in a language are kept.
    """
    name = name_of(questionnaire)
    whole = [
        file
        for file in files
        if file.language not in questionnaire.languages
        and all(file.words_at(name, *place) is not None for place in texts_of(questionnaire))
    ]

    def layer(address: str, text: Text) -> Text:
        """The file's own languages first: the first is what `Text.in_` falls back to."""
        more = {file.language: file.words_at(name, address, text) or "" for file in whole}
        return Text(
            text.root | {code: words for code, words in more.items() if code not in text.root}
        )

    offers = [_offer(file, name) for file in whole]
    return with_texts(questionnaire, layer).offering(offers)


def _offer(file: TranslationFile, name: str) -> Offered:
    return offered(file.language, is_by_a_person=name in file.reviewed)


def check_translation(
    source: Source, file: TranslationFile, questionnaires: Iterable[Questionnaire]
) -> list[Fault]:
    """Every text of these questionnaires that is missing, and every entry that none of them has."""
    known = {name_of(one): dict(texts_of(one)) for one in questionnaires}
    return source.located([*_missing(file, known), *_surplus(file, known), *_phrases(file)])


Known = Mapping[str, Mapping[str, Text]]


def _missing(file: TranslationFile, known: Known) -> Iterator[Finding]:
    told: set[str] = set()
    for name, texts in known.items():
        for address, text in texts.items():
            english = text.in_(DEFAULT_LANGUAGE)
            if file.words_at(name, address, text) is None and english not in told:
                told.add(english)
                what = f"“{english}” ({name}, {address}) is not translated."
                yield Finding(("words",), what, f"Add under words: “{english}”: and the words.")


def _surplus(file: TranslationFile, known: Known) -> Iterator[Finding]:
    english = {text.in_(DEFAULT_LANGUAGE) for texts in known.values() for text in texts.values()}
    for words in file.words:
        if words not in english:
            what = "No published questionnaire has this text."
            yield Finding(("words", words), what, "Correct the English, or take it away.")
    for name, places in file.in_place.items():
        for address in places:
            if address not in known.get(name, {}):
                what = f"There is no such text in {name}."
                mend = "Correct it: <question>.text, .hint or .options.<value>; or take it away."
                yield Finding(("in_place", name, address), what, mend)
    for position, name in enumerate(file.reviewed):
        if name not in known:
            what = f"There is no published questionnaire “{name}”."
            yield Finding(("reviewed", position), what, "Write <id>/v<N>, or take it away.")


def _phrases(file: TranslationFile) -> Iterator[Finding]:
    for phrase in PHRASES:
        if phrase not in file.phrases:
            what = f"“{phrase}” is not translated."
            yield Finding(("phrases",), what, f"Add under phrases: “{phrase}”: and the words.")
    for phrase, words in file.phrases.items():
        if phrase not in PHRASES:
            what = "Nothing says this phrase."
            yield Finding(("phrases", phrase), what, "Correct the English, or take it away.")
        elif blanks_of(phrase) != blanks_of(words):
            names = ", ".join(f"{{{one}}}" for one in blanks_of(phrase) or ()) or "no {…} at all"
            what = "Its blanks are not those of the English."
            yield Finding(("phrases", phrase), what, f"Use {names}, each once.")
