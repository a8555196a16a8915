"""The steps are data: every value they name exists, and a value that is not set is not asked for."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from outreach.it_team.dkim_keys import public_record
from outreach.it_team.sender import SenderDetails
from outreach.it_team.systems import systems_for, values_named

BARE = SenderDetails(
    from_name="Careers",
    from_address="careers@Mail.outreach.example",
    return_path="b+…@b.outreach.example",
    link_domain="outreach.example",
    link_example="https://outreach.example/q/…",
    sending=(),
    keys=(),
    is_local_trial=False,
)


def copied(sender: SenderDetails) -> dict[str, list[str]]:
    return {
        one.key: [value for way in one.ways for step in way.steps for value in step.values]
        for one in systems_for(sender.values)
    }


def test_every_value_that_the_steps_name_is_worked_out_from_the_settings() -> None:
    assert values_named() <= set(BARE.values)


def test_each_system_gets_the_values_in_force() -> None:
    found = copied(BARE)

    assert found["google"] == ["mail.outreach.example"]
    assert found["web_filter"] == ["outreach.example"]
    assert "dmarc=pass" in found["microsoft"]
    assert any(
        '-SenderDomainIs "mail.outreach.example"' in line and "dmarc=pass" in line
        for line in found["microsoft"]
    )


def test_a_step_whose_value_is_not_set_is_left_out() -> None:
    hosts = ("192.0.2.10", "include:spf.provider.example")
    full = replace(BARE, sending=hosts)

    assert "192.0.2.10" not in copied(BARE)["mimecast"]
    assert "192.0.2.10" in copied(full)["mimecast"]
    assert copied(full)["other"][2:4] == ["192.0.2.10", "spf.provider.example"]


def test_the_schools_own_systems_come_first() -> None:
    assert systems_for(BARE.values, frozenset({"google"}))[0].is_theirs
    assert systems_for(BARE.values)[0].key == "microsoft"


def test_the_record_of_an_ed25519_key_holds_its_32_octets() -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert len(public_record(pem)) == len("v=DKIM1; k=ed25519; p=") + 44
    other = generate_private_key(SECP256R1())
    with pytest.raises(ValueError, match="RSA"):
        public_record(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
