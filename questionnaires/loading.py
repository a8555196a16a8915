"""From files to questionnaires: one file checked, and the library of published versions."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from questionnaires.audience import ChosenBy, Setting
from questionnaires.checks import check
from questionnaires.drafts import read_draft
from questionnaires.faults import DefinitionFaults, Fault
from questionnaires.model import Questionnaire
from questionnaires.source import Source
from questionnaires.translations import Translations, load_translations, translated

__all__ = [
    "DEFINITIONS",
    "LOCK",
    "DefinitionFaults",
    "Fault",
    "Library",
    "UnknownQuestionnaire",
    "load_file",
    "load_library",
    "load_text",
    "read_lock",
]

DEFINITIONS = Path(__file__).parent / "definitions"
LOCK = "published.lock"

NO_TRANSLATIONS = Translations()

_LOCK_LINE = re.compile(r"([0-9a-f]{64})  (([a-z][a-z0-9_]*)/v([1-9][0-9]*)\.yaml)")


class UnknownQuestionnaire(LookupError):
    """No published questionnaire of that id, or none of that version."""


class Library:
    """Published questionnaires by id and version."""

    def __init__(
        self,
        questionnaires: Iterable[Questionnaire],
        translations: Translations = NO_TRANSLATIONS,
    ) -> None:
        self._by_id: dict[str, dict[int, Questionnaire]] = {}
        self.translations = translations
        """Laid over the questionnaires; `faults` are of files that were refused as a whole."""
        for one in questionnaires:
            offering = translated(one, translations.files) if translations.files else one
            self._by_id.setdefault(one.id, {})[one.version] = offering

    def phrases(self, language: str) -> Mapping[str, str]:
        """What the engine says of an answer (questionnaires/phrases.py); empty for English."""
        for file in self.translations.files:
            if file.language == language:
                return file.phrases
        return {}

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(sorted(self._by_id))

    def versions(self, id: str) -> tuple[int, ...]:
        """Oldest first. Raises UnknownQuestionnaire."""
        return tuple(sorted(self._of(id)))

    def get(self, id: str, version: int) -> Questionnaire:
        """Raises UnknownQuestionnaire."""
        versions = self._of(id)
        if version not in versions:
            known = ", ".join(str(one) for one in sorted(versions))
            raise UnknownQuestionnaire(
                f"The questionnaire “{id}” has no published version {version}. It has: {known}."
            )
        return versions[version]

    def latest(self, id: str) -> Questionnaire:
        """Raises UnknownQuestionnaire."""
        return self.get(id, max(self._of(id)))

    def of_hash(self, sha256: str) -> Questionnaire:
        """The published version with that hash, as an export names it. UnknownQuestionnaire."""
        for versions in self._by_id.values():
            for one in versions.values():
                if one.sha256 == sha256:
                    return one
        raise UnknownQuestionnaire(f"No published questionnaire has the sha256 {sha256}.")

    def for_year(self, year: int, setting: Setting = Setting.SCHOOL) -> Questionnaire | None:
        """The latest of those given by year, for that year and place; None where there is none."""
        for id in self.ids:
            latest = self.latest(id)
            audience = latest.audience
            is_by_year = audience.chosen_by is ChosenBy.YEAR
            if is_by_year and year in latest.years and setting in audience.settings:
                return latest
        return None

    @property
    def published(self) -> "Library":
        """Without what somebody added to it."""
        return self

    def base_of(self, id: str) -> str | None:  # noqa: ARG002 -- a school's library looks it up
        """The published questionnaire that this one adds questions to, where it does."""
        return None

    def given_for(self, id: str) -> Questionnaire:
        """What is given in place of this published one, or itself. UnknownQuestionnaire."""
        return self.latest(id)

    def _of(self, id: str) -> Mapping[int, Questionnaire]:
        if id not in self._by_id:
            known = ", ".join(self.ids) or "none"
            raise UnknownQuestionnaire(
                f"There is no published questionnaire “{id}”. There are: {known}."
            )
        return self._by_id[id]


def load_file(path: Path | str) -> Questionnaire:
    """One definition, published or not. Raises DefinitionFaults with every fault of the file."""
    return _load(Source.of_file(Path(path)))


def load_text(content: bytes, name: str = "The file") -> Questionnaire:
    """One definition from bytes, such as an upload; `name` is what its faults call it.

    Raises DefinitionFaults with every fault, each with its line, as for a file on disk.
    """
    return _load(Source(name, content))


def _load(source: Source) -> Questionnaire:
    draft, unread, findings = read_draft(source.data)
    findings = [*source.repeated_keys(), *findings]
    if draft is not None:
        findings += check(draft, unread)
    if findings or draft is None:
        raise DefinitionFaults(source.first_located(findings))
    return draft.completed(source.sha256)


def load_library(
    folder: Path | str = DEFINITIONS, translations: Path | str | None = None
) -> Library:
    """Every published definition under `folder`, as `<id>/v<N>.yaml`, in every language that the
    files of `translations` (by default the folder of that name beside it) have in full.

    Published is what published.lock names; its sha256 must be that of the file, since responses
    pin it. A file that the lock does not name is a draft, and stays out.
    Raises DefinitionFaults with the faults of all files.
    """
    folder = Path(folder)
    loaded: list[Questionnaire] = []
    faults: list[Fault] = []
    for name, sha256 in read_lock(folder / LOCK).items():
        try:
            questionnaire = load_file(folder / name)
        except DefinitionFaults as found:
            faults += found.faults
            continue
        faults += _check_published(folder / name, questionnaire, sha256)
        loaded.append(questionnaire)
    if faults:
        raise DefinitionFaults(faults)
    beside = folder.parent / "translations" if translations is None else translations
    return Library(loaded, load_translations(beside))


def read_lock(path: Path) -> dict[str, str]:
    """File name to sha256, from lines as `sha256sum` writes and checks them."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        what = f"It cannot be read ({error.strerror}), so no questionnaire counts as published."
        mend = f"Make it in {path.parent}: sha256sum */v*.yaml > {path.name}"
        raise DefinitionFaults([Fault(str(path), what, mend)]) from error
    published: dict[str, str] = {}
    faults: list[Fault] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LOCK_LINE.fullmatch(line)
        if match is None or match[2] in published:
            what = "The line is written twice." if match else "The line cannot be read."
            mend = "Write one line a file: its sha256, two spaces, <id>/v<N>.yaml."
            faults.append(Fault(f"{path}, line {number}", what, mend))
        else:
            published[match[2]] = match[1]
    if faults:
        raise DefinitionFaults(faults)
    return published


def _check_published(path: Path, questionnaire: Questionnaire, sha256: str) -> list[Fault]:
    faults = []
    if questionnaire.sha256 != sha256:
        what = (
            f"This published file has changed: {LOCK} has sha256 {sha256}, the file now has "
            f"{questionnaire.sha256}. Answers already given refer to the file as it was."
        )
        mend = (
            f"Put the file back as it was, and make the change in "
            f"v{questionnaire.version + 1}.yaml beside it."
        )
        faults.append(Fault(str(path), what, mend))
    if (path.parent.name, path.stem) != (questionnaire.id, f"v{questionnaire.version}"):
        what = f"It holds “{questionnaire.id}” version {questionnaire.version}."
        faults.append(Fault(str(path), what, "Let id and version be those of folder and file."))
    return faults
