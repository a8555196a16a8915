"""The quick check of an address says what the slow one says."""

import pytest
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES
from hypothesis import example, given, settings
from hypothesis import strategies as st

from outreach.mail.addresses import AddressFault, check
from outreach.pupils.addresses import check_quickly

LOCAL = st.text("aZ09_+-.'! @é", max_size=12)
DOMAIN = st.one_of(
    st.sampled_from(
        [
            "Hill.Example",
            "hill.sch.uk",
            "hill",
            "x.local",
            "a..b",
            "-a.uk",
            "b-.uk",
            "hill.test.",
            "a_b.uk",
        ]
    ),
    st.text("aZ09-._é[]", max_size=14),
)


@settings(max_examples=600)
@given(LOCAL, DOMAIN)
@example("Info", "hill.example")
@example("info", "Hill.Example")
@example("a" * 60, "b" * 70 + ".example")
@example("a" * 70, "hill.example")
def test_the_quick_check_agrees_with_the_check(local: str, domain: str) -> None:
    address = f"{local}@{domain}"

    assert check_quickly(address) == check(address)


def test_only_names_of_letters_alone_are_the_same_in_capitals() -> None:
    """What the quick check takes for granted of the library."""
    assert all(name.isalpha() and name.islower() for name in CASE_INSENSITIVE_MAILBOX_NAMES)
    assert check_quickly("INFO@hill.example") == "info@hill.example"


@pytest.mark.parametrize("address", ["", "a", "@", "a@", "@b.uk", "a b@c.uk", "a@b@c.uk"])
def test_what_is_no_address_has_its_own_words(address: str) -> None:
    checked = check_quickly(address)

    assert isinstance(checked, AddressFault)
    assert checked == check(address)
