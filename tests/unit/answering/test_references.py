"""References that can be read out and written down."""

import re

from outreach.answering.submitting import REFERENCE_LETTERS, make_reference


def test_a_reference_is_two_groups_of_four() -> None:
    assert re.fullmatch(r"FSQ-[2-9A-Y]{4}-[2-9A-Y]{4}", make_reference())


def test_no_letter_can_be_taken_for_another() -> None:
    assert not set("01OILSZU") & set(REFERENCE_LETTERS)
    assert len(set(REFERENCE_LETTERS)) == len(REFERENCE_LETTERS)


def test_references_do_not_repeat() -> None:
    assert len({make_reference() for _ in range(2000)}) == 2000
