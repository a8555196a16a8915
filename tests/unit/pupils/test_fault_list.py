"""The list of faults to download."""

import csv
import io

import pytest

from outreach.errors import Refusal
from outreach.pupils.roster.fault_list import carry, receive, write_faults
from outreach.pupils.sources.records import CellFault

FAULT = CellFault(3, "Surname", "O'Neill, Zoë", "Write it again.")


def lines(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_list_says_row_column_value_and_what_to_do() -> None:
    assert lines(write_faults([FAULT]))[1] == ["3", "Surname", "O'Neill, Zoë", "Write it again."]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_list_is_a_formula(start: str) -> None:
    fault = CellFault(3, f"{start}A", f"{start}HYPERLINK(1)", "Mend it.")

    assert lines(write_faults([fault]))[1][1:3] == [f"'{start}A", f"'{start}HYPERLINK(1)"]


def test_a_page_carries_its_faults_there_and_back() -> None:
    assert receive(carry([FAULT])) == [FAULT]


@pytest.mark.parametrize("carried", ["", "{", "[1]", '[["x", "a", "b", "c"]]', "[[1, 2]]", "5"])
def test_a_list_that_did_not_arrive_whole_is_refused(carried: str) -> None:
    with pytest.raises(Refusal, match="did not arrive whole"):
        receive(carried)
