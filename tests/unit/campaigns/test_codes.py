"""Personal codes as they are drawn, printed, typed and counted."""

from math import log2
from uuid import uuid4

import pytest

from outreach.campaigns.code_keys import CodeKeys
from outreach.campaigns.code_tries import guesser, network_of
from outreach.campaigns.codes import ALPHABET, DRAWN, LENGTH, draw_code, read_code, write_code
from outreach.campaigns.slip_parts import in_parts, number_in
from outreach.campaigns.slips import SlipOf, draw_qr, short_names

KEYS = ("n" * 40, "o" * 40)


def test_the_alphabet_spells_no_word_and_has_one_of_each_look_alike() -> None:
    assert not set(ALPHABET) & set("AEIOUY")
    for twins in ("0OQD", "1IL", "2Z", "5S", "8B", "UV"):
        assert len(set(twins) & set(ALPHABET)) <= 2 - (twins != "0OQD"), twins
    assert len(set(ALPHABET)) == len(ALPHABET) == 23


def test_a_code_has_more_than_40_bits_drawn_by_chance() -> None:
    assert DRAWN * log2(len(ALPHABET)) > 40
    assert len({draw_code() for _ in range(2000)}) == 2000


def test_a_drawn_code_is_read_back_and_never_has_three_alike_in_a_row() -> None:
    for _ in range(3000):
        code = draw_code()
        assert len(code) == LENGTH
        assert set(code) <= set(ALPHABET)
        assert read_code(code) == code
        assert not any(code[at] * 3 == code[at : at + 3] for at in range(LENGTH))


@pytest.mark.parametrize(
    "typed",
    [
        write_code,
        lambda code: code.lower(),
        lambda code: f"  {'-'.join(code)}\n",
        lambda code: code.replace("2", "z").replace("5", "S").replace("8", "b"),
        lambda code: "\u00a0".join(write_code(code).split()),
    ],
)
def test_typing_is_forgiving(typed) -> None:
    for _ in range(50):
        code = draw_code()
        assert read_code(typed(code)) == code


def test_one_wrong_character_or_two_that_changed_places_are_always_noticed() -> None:
    """So a slip of the finger is never counted as a guess."""
    for _ in range(20):
        code = draw_code()
        for at in range(LENGTH):
            for other in set(ALPHABET) - {code[at]}:
                assert read_code(code[:at] + other + code[at + 1 :]) is None
            for with_ in range(at):
                swapped = list(code)
                swapped[at], swapped[with_] = swapped[with_], swapped[at]
                if swapped != list(code):
                    assert read_code("".join(swapped)) is None


@pytest.mark.parametrize("typed", ["", "K7M", "A" * 10, "2" * 11, "é" * 10, "2" * 5000, "0" * 10])
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    assert read_code(typed) is None


def test_a_code_is_found_under_an_older_key_and_sealed_under_the_newest() -> None:
    old, both = CodeKeys(KEYS[1:]), CodeKeys(KEYS)
    code = draw_code()

    assert old.hash(code) in both.hashes(code)
    assert both.hash(code) != old.hash(code)
    assert both.open(old.seal(code)) == code
    assert old.open(both.seal(code)) is None
    assert code.encode() not in both.seal(code)


def test_a_network_is_an_address_or_the_64_bits_of_one_site() -> None:
    keys = CodeKeys(KEYS)
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::9")
    assert network_of("2001:db8:1:2::9") != network_of("2001:db8:1:3::9")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1")
    assert network_of("not an address") == network_of("") == "unknown"
    one, other = guesser(keys, "192.0.2.1", "a"), guesser(keys, "192.0.2.1", "b")
    assert one.network_hash == other.network_hash
    assert one.browser_hash != other.browser_hash
    assert b"192.0.2.1" not in one.network_hash


def test_a_slip_says_no_more_of_a_name_than_it_must() -> None:
    def slip(forename: str, surname: str, group: str = "10A") -> SlipOf:
        return SlipOf(uuid4(), uuid4(), forename, surname, group)

    slips = [slip("Robin", "Ash"), slip("Jo", "Birch"), slip("Jo", "Beech"), slip("Jo", "B", "10B")]

    assert list(short_names(slips).values()) == ["Robin A.", "Jo Birch", "Jo Beech", "Jo B."]


def test_a_qr_is_drawn_without_anything_from_elsewhere() -> None:
    drawn = draw_qr("https://questionnaires.example/q/" + "a" * 55)

    assert drawn.startswith("<svg")
    assert "href" not in drawn


def test_parts_hold_whole_groups_and_only_a_group_too_large_for_one_is_cut() -> None:
    groups = ["9A"] * 3 + ["9B"] * 4 + ["10A"] * 12
    slips = [SlipOf(uuid4(), uuid4(), "Jo", f"Ash{n:02}", one) for n, one in enumerate(groups)]

    parts = in_parts(slips, most=8)

    assert [(one.groups, one.slips) for one in parts] == [("9A to 9B", 7), ("10A", 8), ("10A", 4)]
    assert [one.until for one in parts] == [*(one.first for one in parts[1:]), None]
    assert in_parts([]) == []
    assert [number_in(one.key) for one in parts] == [1, 2, 3]
