"""The table of data items and purposes, and the words that are made from it."""

import pytest
import yaml
from pydantic import ValidationError

from outreach.pupils.characteristics import LABELS, in_words, kept_items
from outreach.pupils.models import Item
from outreach.pupils.sync.shared_fields import ITEM_OF
from outreach.schools.purposes import DataItem, Purpose, load_table, table
from outreach.schools.sharing_words import setting_words
from outreach.schools.switches import Switches, switch_names

SPECIAL = {DataItem(item.value) for item in Item}


def changed(change: object) -> str:
    """The table as a file, after `change(file)`."""
    file = yaml.safe_load(table().model_dump_json())
    change(file)  # type: ignore[operator]
    return yaml.safe_dump(file)


def test_every_special_item_lives_behind_the_door_and_no_other() -> None:
    assert set(table().special_items) == SPECIAL
    assert set(ITEM_OF.values()) == set(Item) == set(LABELS)


@pytest.mark.parametrize("purpose", [Purpose.SENDING_MAIL, Purpose.CHOOSING_AUDIENCE])
def test_mail_and_audience_use_no_special_item(purpose: Purpose) -> None:
    assert not set(table().items_for(purpose)) & SPECIAL


def test_a_pupils_own_copy_has_every_item() -> None:
    assert table().items_for(Purpose.ANSWERING_ACCESS_REQUEST) == tuple(DataItem)


def test_every_item_is_needed_for_something_besides_a_copy() -> None:
    assert kept_items() == set(Item)
    assert all(table().needs_of(item) for item in DataItem)


def test_special_items_serve_only_purposes_that_a_school_may_switch_off() -> None:
    for item in SPECIAL:
        assert set(table().needs_of(item)) <= set(table().optional_purposes), item


def test_an_item_is_kept_only_while_it_and_something_it_serves_are_on() -> None:
    every, language = frozenset(Purpose), DataItem.FIRST_LANGUAGE

    assert Switches(frozenset({language}), every).is_kept(language)
    assert not Switches(frozenset(), every).is_kept(language)
    assert not Switches(frozenset({language}), every - {Purpose.GUIDING_PUPIL}).is_kept(language)
    assert not Switches(frozenset({language}), every).may_use(language, Purpose.COMPARING_GROUPS)


@pytest.mark.parametrize("name", switch_names())
def test_every_switch_has_a_name_and_says_what_on_and_off_do(name: str) -> None:
    words = setting_words(name)

    assert words.name
    assert words.does["on"]
    assert words.does["off"]


def test_a_setting_that_an_older_table_had_is_still_named_in_the_history() -> None:
    assert setting_words("item.shoe_size").name == "Item.shoe size"
    assert setting_words("item.shoe_size").value_name("on") == "On"


def test_codes_are_shown_in_words_and_other_values_as_they_are() -> None:
    assert in_words(Item.SEN, "K") == "SEN support"
    assert in_words(Item.ETHNICITY, "Cornish") == "Cornish"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda file: file["purposes"].pop("sending_mail"), "sending_mail"),
        (lambda file: file["items"].pop("sen"), "says nothing of sen"),
        (lambda file: file["items"].update(shoe_size=file["items"]["sen"]), "shoe_size"),
        (lambda file: file["items"]["sen"].update(purposes=["curiosity"]), "items.sen.purposes"),
        (lambda file: file["items"]["sen"].update(because="it is there"), "because"),
        (lambda file: file["purposes"]["guiding_pupil"].update(when_off=""), "what stops"),
    ],
    ids=["purpose left out", "item left out", "unknown item", "unknown purpose", "key", "when off"],
)
def test_a_table_that_is_not_whole_or_has_anything_unknown_stops_us(
    change: object, told: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        load_table(changed(change))
    assert told in str(caught.value)
