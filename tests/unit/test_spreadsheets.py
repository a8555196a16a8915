"""CSV that a spreadsheet opens and never runs, however it is told to split it."""

import csv
import re
from pathlib import Path

import pytest

from outreach.spreadsheets import FORMULA_STARTS, csv_line, safe_cell

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_text_that_a_spreadsheet_would_run_is_shown_as_text(start: str) -> None:
    assert safe_cell(f"{start}1+1") == f"'{start}1+1"


def test_numbers_and_other_text_are_left_as_they_are() -> None:
    cells = ("a=1", -5, 62.5, None, "sport;health", "one - two", "Ola Nowak-Kent")
    assert tuple(safe_cell(cell) for cell in cells) == cells


@pytest.mark.parametrize("words", ["y;=1+1", 'y;"=1+1', "y; @a", "y\n=1+1", "y\t+1", "=1;-2;=3"])
def test_no_part_of_a_text_is_a_formula_wherever_a_spreadsheet_splits_it(words: str) -> None:
    line = csv_line(["Ola", words, "z"])
    parts = re.split(r"[;|\t\r\n]", line.replace('"', ""))
    assert not [part for part in parts if part.strip().startswith(("=", "+", "-", "@"))]


def test_all_text_stands_in_quotes_and_reads_back_as_it_was() -> None:
    line = csv_line(['Zoë O\'Neill, "Zo"', 3, 62.5, None, "two\r\nlines"])
    assert line.endswith('"two\r\nlines"\r\n')
    assert line.startswith('"Zoë O')
    assert ",3,62.5," in line
    [read] = csv.reader(line.splitlines(keepends=True))
    assert read == ['Zoë O\'Neill, "Zo"', "3", "62.5", "", "two\r\nlines"]


def test_csv_is_written_in_one_place_only() -> None:
    """But for practice data, which hold nobody's words."""
    files = [*(PROJECT / "outreach").rglob("*.py"), *(PROJECT / "workers").rglob("*.py")]
    writing = {
        str(file.relative_to(PROJECT / "outreach").parts[0])
        for file in files
        if re.search(r"csv\.(writer|DictWriter)\(", file.read_text("utf-8"))
    }
    assert writing <= {"spreadsheets.py", "demo", "practice"}
