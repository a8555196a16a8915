"""Unique pupil numbers and their check letter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.pupils.roster.upn import (
    ALPHABET,
    authority_of,
    check_letter,
    is_known_authority,
)
from outreach.pupils.sources.cells import BadCell, read_upn

digits = st.text("0123456789", min_size=12, max_size=12)
temporary = st.builds(
    str.__add__, st.text("0123456789", min_size=11, max_size=11), st.sampled_from(ALPHABET)
)


def is_taken(text: str) -> bool:
    """As a roster's cell is read."""
    try:
        return read_upn(text) == text
    except BadCell:
        return False


@pytest.mark.parametrize("upn", ["B801200005001", "P207000016049"])
def test_published_numbers_are_upns(upn: str) -> None:
    assert is_taken(upn)


@given(digits | temporary)
def test_a_number_with_its_own_check_letter_is_a_upn(rest: str) -> None:
    assert is_taken(check_letter(rest) + rest)


@given(digits | temporary, st.sampled_from(ALPHABET))
def test_any_other_letter_is_refused(rest: str, letter: str) -> None:
    assert is_taken(letter + rest) == (letter == check_letter(rest))


@given(digits, st.integers(0, 11), st.sampled_from("0123456789"))
def test_one_wrong_digit_is_always_found(rest: str, place: int, digit: str) -> None:
    wrong = rest[:place] + digit + rest[place + 1 :]

    assert is_taken(check_letter(rest) + wrong) == (wrong == rest)


@given(digits, st.integers(0, 10))
def test_two_neighbours_changing_places_are_always_found(rest: str, place: int) -> None:
    swapped = rest[:place] + rest[place + 1] + rest[place] + rest[place + 2 :]

    assert is_taken(check_letter(rest) + swapped) == (swapped == rest)


@pytest.mark.parametrize(
    "text",
    ["", "B80120000500", "B8012000050011", "I801200005001", "B80120000500O"],
)
def test_what_has_another_shape_is_no_upn(text: str) -> None:
    assert not is_taken(text)


def test_a_number_in_small_letters_is_read_in_capitals() -> None:
    assert read_upn("b801200005001") == "B801200005001"


@pytest.mark.parametrize("code", [201, 801, 838, 839, 873, 941, 943])
def test_authorities_old_and_new_are_known(code: int) -> None:
    assert is_known_authority(code)


def test_an_authority_nobody_has_heard_of_is_not_known() -> None:
    assert authority_of("B999200005001") == 999
    assert not is_known_authority(999)
