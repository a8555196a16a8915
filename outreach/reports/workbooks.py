"""An export as an Excel workbook: answers, scores, and a sheet that says what each column is.

Written a row at a time, so that its size in memory does not grow with the number of responses.
Text is written as text, whatever it begins with, so that nothing in it is ever run.
"""

from collections.abc import Iterator, Sequence
from tempfile import TemporaryDirectory
from typing import IO

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from outreach.errors import Refusal
from outreach.profiles.fields import score_field
from outreach.profiles.wording import field_label
from outreach.reports.exporting import IDENTITY_COLUMNS, SKIPPED, Results, answer_cell
from questionnaires.model import (
    DEFAULT_LANGUAGE,
    AskedQuestion,
    ChoiceQuestion,
    ChoicesQuestion,
    Note,
    Questionnaire,
)
from questionnaires.scoring import score

Cell = str | int | float | None

EXPLAINED = ("column", "questionnaire", "version", "what it is", "values", "positive", "not sure")
WIDTH, WIDE = 18, 60
LONGEST_CELL = 32_767
"""Characters, as Excel has it."""

IDENTITY_WORDS = {
    "upn": "Unique pupil number",
    "mis_id": "The pupil’s id in the school’s MIS",
    "response": "One response: the same on both sheets",
    "submitted_at": "When it was sent in, in universal time",
    "questionnaire": "Which questionnaire was answered",
    "version": "Which version of it",
    "academic_year": "The school year, from 1 September, in which it was sent",
    "campaign": "The campaign that asked for it",
    "superseded_at": "Empty: it counts. Otherwise when the student sent another in its place",
    "year": "The year group that the pupil was in when asked",
    "registration_group": "The pupil’s registration group on the day it was sent",
    "mode": "pages or chat: how the answers were given; both where the student changed over",
    "language": "In which language, or languages, the questions were read",
    "arrived_by": "link (mailed), code (printed) or staff (opened beside the pupil); several if so",
}

RULE = (
    "How scores are worked out",
    "Only questions on the student’s path that have positive values (below) are scored.",
    "An answer is positive, not sure, skipped, or neither of these (not positive).",
    "Score = 100 × positive ÷ (positive + not positive), with one decimal, halves up.",
    "“Not sure” and skipped neither raise nor lower a score.",
    "A score is empty where clear answers (positive or not) are fewer than the share that the "
    "questionnaire asks for, or none.",
    "Readiness is the score of the block “career knowledge” alone.",
    f"An empty answer was not asked. {SKIPPED} was asked and skipped. Several choices stand between "
    "semicolons.",
)


def write_workbook(results: Results, file: IO[bytes]) -> int:
    """Write the whole workbook, and return how many responses it holds."""
    with TemporaryDirectory() as folder:  # the parts of sheets, gone too if this fails half-way
        options = {"constant_memory": True, "tmpdir": folder, "in_memory": False}
        book = xlsxwriter.Workbook(file, options)
        head = book.add_format({"bold": True, "bottom": 1})
        count = _write_responses(book, head, results)
        _write_explained(book, head, results)
        book.close()
    return count


def _write_responses(book: xlsxwriter.Workbook, head: Format, results: Results) -> int:
    questions, fields = results.questions, results.fields
    answers = _sheet(book, "Answers", [*IDENTITY_COLUMNS, *questions], head)
    scores = _sheet(book, "Scores", [*IDENTITY_COLUMNS, *fields], head)
    count = 0
    for count, row in enumerate(results.rows, start=1):
        given = [answer_cell(row.answers, question_id) for question_id in questions]
        _put(answers, count, [*row.identity, *given])
        _put(scores, count, [*row.identity, *(row.fields.get(field) for field in fields)])
    return count


def _sheet(book: xlsxwriter.Workbook, name: str, columns: Sequence[str], head: Format) -> Worksheet:
    sheet = book.add_worksheet(name)
    sheet.set_column(0, len(columns) - 1, WIDTH)
    sheet.freeze_panes(1, 0)
    _put(sheet, 0, columns, head)
    return sheet


def _put(sheet: Worksheet, row: int, cells: Sequence[Cell], style: Format | None = None) -> None:
    for column, cell in enumerate(cells):
        if cell is None:
            continue
        write = sheet.write_string if isinstance(cell, str) else sheet.write_number
        if write(row, column, cell, style) != 0:
            raise Refusal(
                f"Row {row + 1} of sheet “{sheet.get_name()}” is more than an Excel workbook can "
                "hold. Nothing was exported: take CSV or JSON instead."
            )


def _write_explained(book: xlsxwriter.Workbook, head: Format, results: Results) -> None:
    sheet = _sheet(book, "Explained", EXPLAINED, head)
    sheet.set_column(3, 4, WIDE)
    rows = [*_explained(results), ()]
    for number, cells in enumerate(rows, start=1):
        _put(sheet, number, [_shortened(cell) for cell in cells])
    for number, words in enumerate(RULE, start=len(rows) + 1):
        _put(sheet, number, [words], head if words is RULE[0] else None)


def _explained(results: Results) -> Iterator[Sequence[Cell]]:
    for column in IDENTITY_COLUMNS:
        yield column, None, None, IDENTITY_WORDS[column]
    for one in results.definitions:
        share = round(100 * one.minimum_answered)
        yield None, one.id, one.version, f"{_title(one)}. Share that must be clear: {share}%"
        for question in one.questions:
            if not isinstance(question, Note):
                yield question.id, one.id, one.version, *_question(question)
        yield from _explained_scores(one)


def _explained_scores(one: Questionnaire) -> Iterator[Sequence[Cell]]:
    scores = score(one, {})
    for kind, keys in (("block", scores.blocks), ("construct", scores.constructs)):
        for key in keys:
            field = score_field(one, kind, key)
            yield field, one.id, one.version, f"Score, 0 to 100: {field_label(field, one)}"


def _shortened(cell: Cell) -> Cell:
    """Forty options of the longest labels are more than a cell holds. Nothing given is ever cut."""
    if isinstance(cell, str) and len(cell) > LONGEST_CELL:
        return f"{cell[: LONGEST_CELL - 1]}…"
    return cell


def _title(one: Questionnaire) -> str:
    return one.title.in_(DEFAULT_LANGUAGE)


def _question(question: AskedQuestion) -> tuple[Cell, ...]:
    """What it asks, its values, and which of them count."""
    text = question.text.in_(DEFAULT_LANGUAGE)
    if not isinstance(question, ChoiceQuestion | ChoicesQuestion):
        return (text,)
    values = "; ".join(
        f"{option.value} = {option.label.in_(DEFAULT_LANGUAGE)}" for option in question.options
    )
    scoring = question.scoring if isinstance(question, ChoiceQuestion) else None
    if scoring is None:
        return text, values
    return text, values, "; ".join(scoring.positive), "; ".join(scoring.unsure)
