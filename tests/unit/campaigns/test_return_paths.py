"""The address that a message comes back to: signed, short enough, and read in any case of letters."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from outreach.campaigns.return_paths import PREFIX, read_return_path, return_token
from outreach.settings import Settings, load
from outreach.signing import BadToken, Purpose, TokenSigner

OLD, NEW = "o" * 32, "n" * 32
SCHOOL, MESSAGE = b"8 octets", uuid4()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(load({"DATA_DIR": str(tmp_path)}), bounce_domain="bounces.example")


def address(signer: TokenSigner) -> str:
    return f"{PREFIX}{return_token(signer, SCHOOL, MESSAGE)}@bounces.example"


def test_a_return_path_names_school_and_message_and_fits_into_an_address(
    settings: Settings,
) -> None:
    given = address(TokenSigner([NEW]))
    assert len(given.partition("@")[0]) == 63
    for written in (given, given.upper(), f"<{given}>"):
        subject = read_return_path(settings, TokenSigner([NEW, OLD]), written)
        assert (subject.school_key, subject.row_id) == (SCHOOL, MESSAGE)


def test_an_older_key_still_reads_it_until_it_is_taken_away(settings: Settings) -> None:
    given = address(TokenSigner([OLD]))
    assert read_return_path(settings, TokenSigner([NEW, OLD]), given).row_id == MESSAGE
    with pytest.raises(BadToken):
        read_return_path(settings, TokenSigner([NEW]), given)


def test_no_other_address_is_believed(settings: Settings) -> None:
    signer = TokenSigner([NEW])
    given = address(signer)
    altered = given.replace(given[10], "0" if given[10] != "0" else "1", 1)
    other_purpose = signer.sign_folded(Purpose.LINK, SCHOOL, MESSAGE)
    for forged in (
        altered,
        given.replace("bounces.example", "other.example"),
        given.removeprefix(PREFIX),
        f"b+{'ü' * 61}@bounces.example",
        f"b+{other_purpose}@bounces.example",
        "b+@bounces.example",
        "",
    ):
        with pytest.raises(BadToken):
            read_return_path(settings, signer, forged)


def test_every_single_letter_counts(settings: Settings) -> None:
    """The last one holds a bit that is not used, and is left out."""
    signer = TokenSigner([NEW])
    token = return_token(signer, SCHOOL, MESSAGE)
    for place in range(60):
        other = "a" if token[place] != "a" else "b"
        with pytest.raises(BadToken):
            signer.verify_folded(Purpose.RETURN_PATH, token[:place] + other + token[place + 1 :])


def test_without_a_domain_for_bounces_nothing_is_believed(settings: Settings) -> None:
    signer = TokenSigner([NEW])
    with pytest.raises(BadToken):
        read_return_path(replace(settings, bounce_domain=""), signer, address(signer))
