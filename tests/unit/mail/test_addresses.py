"""Addresses: what passes, what is said where one does not, and what never leaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.mail.addresses import (
    AddressFault,
    UnsendableAddress,
    check,
    domain_of,
    normalise,
    scrub,
    sendable,
)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("amy@hill.example", "amy@hill.example"),
        ("  Amy.Field@Hill.Example ", "Amy.Field@hill.example"),
        ("22field-a@pupils.hill.test", "22field-a@pupils.hill.test"),
        ("o'neil+10a@hill.example", "o'neil+10a@hill.example"),
        ("amy@bücher.example", "amy@xn--bcher-kva.example"),
    ],
)
def test_a_usable_address_is_kept_in_the_form_to_mail(written: str, kept: str) -> None:
    assert check(written) == kept
    assert sendable(kept) == kept


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "The address is empty."),
        ("amy.hill.example", "There is no @ in the address."),
        ("amy@@hill.example", "There is more than one @ in the address."),
        ("amy@hill.example; bo@hill.example", "There is more than one address here. Keep one."),
        ("@hill.example", "There is nothing before the @."),
        ("amy@", "There is nothing after the @."),
        ("amy field@hill.example", "There is a space in the address."),
        ("amy@hill,example", "There is a comma after the @ where a full stop should be."),
        ("amy@hill", "The part after the @ has no full stop, so it is not a mail domain."),
        ("amy.@hill.example", "The part before the @ has a full stop too many."),
        ("amy@hill..example", "The part after the @ has a full stop too many."),
        ("a" * 65 + "@hill.example", "The address is longer than mail servers take."),
        ("amy(10a)@hill.example", "The part before the @ has a character that cannot stand there."),
        ("amy@-hill.example", "The part after the @ is not the name of a mail domain."),
        ("amy@hill.123", "The part after the @ is not the name of a mail domain."),
    ],
)
def test_each_slip_has_its_own_plain_sentence(written: str, said: str) -> None:
    assert check(written) == AddressFault(said)


@pytest.mark.parametrize("domain", ["hill.local", "hill.invalid", "mail.localhost"])
def test_a_domain_that_no_mail_reaches_is_refused(domain: str) -> None:
    found = check(f"amy@{domain}")
    assert isinstance(found, AddressFault)
    assert "never used for mail" in found.reason


def test_letters_beyond_ascii_before_the_at_are_named_as_the_reason() -> None:
    found = check("zoë@hill.example")
    assert isinstance(found, AddressFault)
    assert "letters beyond A to Z" in found.reason


@given(st.text(max_size=80))
def test_whatever_check_passes_can_be_sent_and_nothing_raises(text: str) -> None:
    found = check(text)
    if isinstance(found, str):
        assert sendable(found) == found
        assert check(found) == found
        assert normalise(found) == normalise(text)


@given(st.text(max_size=80))
def test_comparing_and_scrubbing_take_any_text(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
    assert isinstance(domain_of(text), str)
    assert isinstance(scrub(text, text), str)


def test_two_ways_of_writing_one_mailbox_compare_equal() -> None:
    assert normalise(" Amy@HILL.example.") == normalise("amy@hill.example")
    assert normalise("a@BÜCHER.example") == normalise("a@xn--bcher-kva.example")
    assert normalise("amy@hill.example") != normalise("amy@dale.example")


def test_the_domain_of_an_address_is_lower_case() -> None:
    assert domain_of("Amy@Hill.Example") == "hill.example"
    assert domain_of("nothing") == ""


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("<amy@hill.example>: unknown", "<[address]>: unknown"),
        ("no amy@hill.example, sorry", "no [address], sorry"),
        ("mailto:amy@hill.example\r\nnext\0", "mailto:[address] next"),
        ('"amy x"@hill.example gone', "[address] gone"),
        ("see https://help.example/why for more", "see https://help.example/why for more"),
    ],
)
def test_scrubbing_takes_addresses_and_controls_out_of_a_servers_words(
    said: str, kept: str
) -> None:
    assert scrub(said) == kept


def test_scrubbing_takes_a_known_local_part_out_where_it_stands_alone() -> None:
    assert scrub("User AFIELD does not exist", "afield@hill.example") == (
        "User [address] does not exist"
    )
    assert scrub("afields is another word", "afield@hill.example") == "afields is another word"


@pytest.mark.parametrize(
    "address", ["a", "@b.example", "a\n@b.example", '"a"@b.example', "a@[1.2.3.4]"]
)
def test_what_smtp_cannot_carry_is_unsendable(address: str) -> None:
    with pytest.raises(UnsendableAddress):
        sendable(address)


@pytest.mark.parametrize(
    "said",
    [
        "554 5.7.1 Rejected: URL http://outreach.example/q/abcDEF123.sigSIG is listed",
        "blocked <https://outreach.example/stop/abcDEF123.sigSIG>",
        "link outreach.example/q/abcDEF123.sigSIG not allowed",
    ],
)
def test_a_link_that_a_server_quotes_is_not_kept(said: str) -> None:
    assert "abcDEF123" not in scrub(said)
    assert "[link]" in scrub(said)


def test_a_hostile_reply_is_read_only_so_far() -> None:
    assert len(scrub("a" * 1_000_000)) <= 2000
