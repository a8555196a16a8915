"""The `preview` command: a definition walked in the terminal, as a student would be asked it."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, TextIO

from questionnaires.answers import (
    AnswerFault,
    Given,
    Value,
    describe,
    from_json,
    parse,
    to_json,
)
from questionnaires.loading import DEFINITIONS, load_file
from questionnaires.model import (
    AskedQuestion,
    ChoiceQuestion,
    ChoicesQuestion,
    Note,
    Questionnaire,
)
from questionnaires.path import Path as Walked
from questionnaires.path import walk
from questionnaires.scoring import profile_facts, score
from questionnaires.translations import load_translations, translated

SKIP, BACK, QUIT = "s", "b", "q"
HELP = (
    f"Type the number of an answer (several with spaces), {SKIP} to skip, {BACK} to go back, "
    f"{QUIT} to end."
)


class Said(NamedTuple):
    language: str
    phrases: Mapping[str, str]


class CannotPreview(Exception):
    """Said on standard error, with what to do."""


def preview(
    file: Path, language: str, answers: Path | None, stdin: TextIO, stdout: TextIO = sys.stdout
) -> None:
    """Ask, or take the answers of a JSON file; then show path, answers and scores.

    Raises DefinitionFaults for a faulty definition and CannotPreview for the rest.
    """
    translations = load_translations()
    questionnaire = translated(load_file(file), translations.files)
    codes = [one.code for one in questionnaire.offered]
    if language not in codes:
        raise CannotPreview(f"It is not offered in {language}. Use one of: {', '.join(codes)}.")
    phrases = {one.language: one.phrases for one in translations.files}
    said = Said(language, phrases.get(language, {}))
    if answers is None:
        given = _Conversation(questionnaire, said, stdin, stdout).hold()
    else:
        given = read_answers(questionnaire, answers)
    _sum_up(questionnaire, said, given, stdout)


def read_answers(questionnaire: Questionnaire, file: Path) -> dict[str, Value]:
    """From JSON as exported: question id to string, number, list or null."""
    try:
        written = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CannotPreview(f"{file} cannot be read as JSON: {error}.") from error
    if not isinstance(written, dict):
        raise CannotPreview(f"{file} holds no answers. Write {{question id: answer, …}}.")
    given: dict[str, Value] = {}
    for id, stored in written.items():
        asked = {q.id: q for q in questionnaire.questions if not isinstance(q, Note)}
        if id not in asked:
            raise CannotPreview(f"{file}: there is no question “{id}” in {questionnaire.id}.")
        try:
            given[id] = from_json(asked[id], stored)
        except AnswerFault as fault:
            raise CannotPreview(f"{file}, “{id}”: {fault.message}") from fault
    return given


class _Conversation:
    def __init__(
        self, questionnaire: Questionnaire, said: Said, stdin: TextIO, stdout: TextIO
    ) -> None:
        self.questionnaire = questionnaire
        self.said = said
        self.stdin = stdin
        self.stdout = stdout
        self.answers: dict[str, Value] = {}

    def hold(self) -> dict[str, Value]:
        language = self.said.language
        self._tell(self.questionnaire.title.in_(language), self.questionnaire.intro.in_(language))
        self._tell(HELP)
        path = walk(self.questionnaire, self.answers)
        current = path.first
        while current is not None:
            if isinstance(current, Note):
                self._tell(current.text.in_(language))
                current = path.after(current.id)
                continue
            wanted = self._ask(path, current)
            if wanted == QUIT:
                break
            path = walk(self.questionnaire, self.answers)
            if wanted == BACK:
                current = self._asked_before(path, current.id)
            else:
                current = path.after(current.id)
        return self.answers

    def _asked_before(self, path: Walked, id: str) -> AskedQuestion:
        """The question before, notes passed over; the first where there is none."""
        place = self.questionnaire.place_of(id)
        before = [q for q in path.asked if self.questionnaire.place_of(q.id) < place]
        return before[-1] if before else path.asked[0]

    def _ask(self, path: Walked, question: AskedQuestion) -> str:
        language = self.said.language
        number = path.asked.index(question) + 1
        section = self.questionnaire.section_of(question.id)
        self._tell(
            f"\n{number} of {len(path.asked)} · {section.title.in_(language)}",
            question.text.in_(language),
        )
        if question.hint is not None:
            self._tell(question.hint.in_(language))
        options = question.options if isinstance(question, ChoiceQuestion | ChoicesQuestion) else ()
        for place, option in enumerate(options, start=1):
            self._tell(f"  {place}  {option.label.in_(language)}")
        while True:
            self.stdout.write("> ")
            self.stdout.flush()
            line = self.stdin.readline()
            typed = line.strip()
            if not line or typed == QUIT:
                return QUIT
            if typed == BACK:
                return BACK
            if typed == SKIP:
                self.answers[question.id] = None
                return SKIP
            try:
                self.answers[question.id] = self._parse(question, typed)
            except AnswerFault as fault:
                self._tell(fault.said_in(language, self.said.phrases))
            else:
                return typed

    def _parse(self, question: AskedQuestion, typed: str) -> Given:
        if not isinstance(question, ChoiceQuestion | ChoicesQuestion):
            return parse(question, [typed])
        values = question.values
        places = [word for word in typed.replace(",", " ").split() if word.isdecimal()]
        chosen = [values[int(p) - 1] if 0 < int(p) <= len(values) else p for p in places]
        return parse(question, chosen)

    def _tell(self, *lines: str) -> None:
        for line in lines:
            self.stdout.write(f"{line}\n")


def _sum_up(
    questionnaire: Questionnaire, said: Said, answers: dict[str, Value], stdout: TextIO
) -> None:
    path = walk(questionnaire, answers)
    left = len(answers) - len(path.on_path(answers))
    stdout.write(f"\nPath: {path.progress.answered} of {path.progress.total} answered or skipped")
    stdout.write(f"; {left} more are off the path and do not count.\n" if left else ".\n")
    for question in path.asked:
        words = "–"
        if question.id in answers:
            words = describe(question, answers[question.id], said.language, said.phrases)
        stdout.write(f"  {question.id}: {words}\n")
    scores = score(questionnaire, answers)
    stdout.write(f"Readiness: {_shown(scores.readiness)}\n")
    for title, tallies in (("Constructs", scores.constructs), ("Blocks", scores.blocks)):
        stdout.write(f"{title} (score: positive, not positive, not sure, skipped, of asked)\n")
        for key, one in tallies.items():
            stdout.write(
                f"  {key}: {_shown(one.score)}: {one.positive}, {one.not_positive}, "
                f"{one.unsure}, {one.skipped}, of {one.asked}\n"
            )
    facts = json.dumps(profile_facts(questionnaire, answers), ensure_ascii=False)
    stdout.write(f"Profile: {facts}\n")
    kept = {id: to_json(value) for id, value in path.on_path(answers).items()}
    stdout.write(f"Answers as JSON: {json.dumps(kept, ensure_ascii=False)}\n")
    stdout.write(f"Definition: {questionnaire.id} version {questionnaire.version}, ")
    stdout.write(f"sha256 {questionnaire.sha256}\n")


def _shown(score: float | None) -> str:
    return "no score" if score is None else f"{score:g}"


def file_of(name: str) -> Path:
    """A path as it is; or an id such as gcse, or gcse/v1, of those that ship."""
    path = Path(name)
    if path.exists():
        return path
    shipped = DEFINITIONS / f"{name}.yaml" if "/" in name else _latest(name)
    if shipped is None or not shipped.exists():
        raise CannotPreview(f"There is no file {name}. Name a file, or a questionnaire’s id.")
    return shipped


def _latest(id: str) -> Path | None:
    versions = sorted(
        (DEFINITIONS / id).glob("v*.yaml"), key=lambda path: int(path.stem.removeprefix("v"))
    )
    return versions[-1] if versions else None
