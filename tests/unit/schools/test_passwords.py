"""Which passwords will do, and how they are kept."""

import pytest

from outreach.schools import passwords
from outreach.schools.passwords import PasswordRefused, check_password

EMAIL = "amira.khan@hill-demo.example"
SCHOOLS = ["Hill Demo School"]


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "velvet-otter-parade",
        "k2Vr9xPq7mTz",
        "a long sentence will do, too",
        "пять зелёных яблок",
    ],
)
def test_length_alone_is_enough(password: str) -> None:
    check_password(password, EMAIL, SCHOOLS)


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Password2026!",
        "P@ssword-P@ssword",
        "qwertyuiop123",
        "aaaaaaaaaaaaaa",
        "abababababababab",
        "123456789012",
        "amira.khan@hill-demo.example",
        "AmiraKhan2026",
        "Hill Demo School",
        "hilldemoschool26",
        "welcome-to-school",
    ],
)
def test_what_anybody_would_try_first_is_refused(password: str) -> None:
    with pytest.raises(PasswordRefused, match="easy to guess"):
        check_password(password, EMAIL, SCHOOLS)


def test_a_short_password_is_refused_however_mixed() -> None:
    with pytest.raises(PasswordRefused, match="12 characters or more"):
        check_password("aB3$xY9!kLp", EMAIL)


def test_a_password_too_long_to_hash_quickly_is_refused() -> None:
    with pytest.raises(PasswordRefused, match="200 characters or fewer"):
        check_password("velvet otter " * 20, EMAIL)


def test_a_password_is_kept_as_argon2id_with_the_agreed_costs() -> None:
    assert passwords.hash_password("velvet otter").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_same_password_typed_on_another_keyboard_is_right() -> None:
    kept = passwords.hash_password("caf\u00e9 velvet otter")

    assert passwords.is_right("cafe\u0301 velvet otter", kept)


def test_nobody_without_a_password_is_ever_right() -> None:
    assert not passwords.is_right("nobody has this password", None)


def test_a_broken_hash_is_not_right_and_raises_nothing() -> None:
    assert not passwords.is_right("velvet otter", "not a hash")
