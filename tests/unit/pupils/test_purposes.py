"""The table of characteristics and purposes."""

import pytest
from pydantic import ValidationError

from outreach.pupils.characteristics import LABELS, Purpose, kept_items, load_purposes, purposes
from outreach.pupils.models import Item

ALL = "\n".join(
    f"  {purpose.value}: {{words: w, to_students: s, items: []}}" for purpose in Purpose
)


def test_every_purpose_says_what_it_is_for() -> None:
    assert set(purposes()) == set(Purpose)
    assert all(rule.words for rule in purposes().values())


def test_mail_and_audience_use_no_characteristic() -> None:
    assert not purposes()[Purpose.SENDING_MAIL].items
    assert not purposes()[Purpose.CHOOSING_AUDIENCE].items


def test_a_pupils_own_copy_has_every_item() -> None:
    assert purposes()[Purpose.ANSWERING_ACCESS_REQUEST].items == frozenset(Item)


def test_nothing_is_kept_for_the_sake_of_a_copy_or_for_no_purpose() -> None:
    assert kept_items() == {Item.SEN, Item.FIRST_LANGUAGE}
    assert not purposes()[Purpose.ANSWERING_ACCESS_REQUEST].needs_it


def test_every_item_has_a_name_for_people() -> None:
    assert set(LABELS) == set(Item)


def test_a_purpose_left_out_stops_us() -> None:
    text = "purposes:\n" + ALL.replace(
        "  sending_mail: {words: w, to_students: s, items: []}\n", ""
    )

    with pytest.raises(ValueError, match="sending_mail"):
        load_purposes(text)


@pytest.mark.parametrize("bad", ["items: [shoe_size]", "items: [sen], because: it is there"])
def test_a_table_with_anything_unknown_in_it_stops_us(bad: str) -> None:
    text = "purposes:\n" + ALL.replace("items: []", bad, 1)

    with pytest.raises(ValidationError):
        load_purposes(text)
