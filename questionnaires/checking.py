"""The `check` command: every fault of definitions, of a school's sections and of translations."""

import sys
from collections.abc import Iterator
from pathlib import Path

from questionnaires.extras import with_extra_section
from questionnaires.faults import DefinitionFaults, Fault
from questionnaires.loading import (
    DEFINITIONS,
    LOCK,
    Library,
    load_file,
    load_library,
    read_lock,
)
from questionnaires.model import Questionnaire
from questionnaires.path import walk
from questionnaires.source import Source
from questionnaires.texts import texts_of
from questionnaires.translations import (
    TRANSLATIONS,
    check_translation,
    load_translations,
    read_translation,
)


def check_path(path: Path, onto: str) -> tuple[int, list[Fault]]:
    """How many files were looked at, and their faults; good ones are summed up as they are read.

    `onto` names the questionnaire that a school's own section is tried on.
    """
    files = sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
    translations = sorted(TRANSLATIONS.glob("*.yaml")) if _is_definitions(path) else []
    faults = [fault for file in [*files, *translations] for fault in _check_file(file, onto)]
    if path.is_dir() and (path / LOCK).exists():
        faults += _check_lock(path, already=faults)
    return len(files) + len(translations), faults


def _is_definitions(path: Path) -> bool:
    return path.resolve() == DEFINITIONS


def _check_file(file: Path, onto: str) -> tuple[Fault, ...] | list[Fault]:
    try:
        keys = Source.of_file(file).data.keys()
        if "words" in keys:
            return _check_translation(file)
        if "questions" in keys and "sections" not in keys:
            return _check_section(file, onto)
        questionnaire = load_file(file)
    except DefinitionFaults as found:
        return found.faults
    sys.stdout.write(f"{file}: {_summary(questionnaire)}\n")
    _suggest_lock_line(file, questionnaire)
    return ()


def _check_translation(file: Path) -> list[Fault]:
    source, translation = read_translation(file)
    library = load_library()
    faults = check_translation(source, translation, published(library))
    if not faults:
        names = ", ".join(translation.reviewed) or "none"
        sys.stdout.write(f"{file}: complete; read through by a person: {names}\n")
    return faults


def _check_section(file: Path, onto: str) -> tuple[Fault, ...]:
    base = load_library().latest(onto)
    extended = with_extra_section(base, file.read_bytes(), str(file))
    section = extended.sections[-1]
    count = len(section.questions)
    sys.stdout.write(
        f"{file}: section {section.id}, {count} questions and notes, after {base.id}\n"
    )
    return ()


def published(library: Library) -> Iterator[Questionnaire]:
    for id in library.ids:
        for version in library.versions(id):
            yield library.get(id, version)


def _check_lock(folder: Path, already: list[Fault]) -> list[Fault]:
    try:
        load_library(folder)
    except DefinitionFaults as found:
        return [fault for fault in found.faults if fault not in already]
    return []


def _summary(questionnaire: Questionnaire) -> str:
    asked = len(walk(questionnaire, {}).asked)
    return (
        f"{questionnaire.id} version {questionnaire.version}, "
        f"{len(questionnaire.questions)} questions and notes in all, {asked} asked at first"
    )


def _suggest_lock_line(file: Path, questionnaire: Questionnaire) -> None:
    """A file in a library folder that is not published yet is a draft; say how to publish it."""
    lock = file.parent.parent / LOCK
    name = f"{file.parent.name}/{file.name}"
    if not lock.exists() or name in read_lock(lock):
        return
    sys.stdout.write(
        f"    A draft: it is not offered to schools. To publish it, add this line to {lock}:\n"
        f"    {questionnaire.sha256}  {name}\n"
    )
    for translation in load_translations(lock.parent.parent / "translations").files:
        missing = [
            address
            for address, text in texts_of(questionnaire)
            if translation.words_at(name.removesuffix(".yaml"), address, text) is None
        ]
        if missing:
            sys.stdout.write(
                f"    In {translation.language}, {len(missing)} of its texts are missing; "
                "until they are there, it is not offered in that language.\n"
            )
