"""The steps are data: every value they name exists, and a value that is not set is not asked for."""

from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from outreach.it_team.dns.asking import start_asking
from outreach.it_team.dns.dkim_check import check_dkim
from outreach.it_team.dns.findings import Verdict
from outreach.it_team.sender import SenderDetails, sender_details
from outreach.it_team.systems import systems_for, values_named
from outreach.settings import load
from tests.dns_server import serve_dns, txt

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
        '-SenderDomainIs "mail.outreach.example"' in line
        and "dmarc=pass" in line
        and '-SetHeaderName "X-ETR"' in line
        for line in found["microsoft"]
    )


def test_what_goes_by_the_sender_gets_the_sender_and_what_goes_by_the_site_the_site() -> None:
    words = {
        step.words.partition(",")[0]: step.values
        for one in systems_for(replace(BARE, link_domain="answer.example").values)
        for way in one.ways
        for step in way.steps
    }

    assert words["URL Protection Bypass"] == ("mail.outreach.example",)
    assert words["Under Services"] == ("answer.example",)


def test_a_step_whose_value_is_not_set_is_left_out() -> None:
    hosts = ("192.0.2.10", "include:spf.provider.example")
    full = replace(BARE, sending=hosts)

    assert "192.0.2.10" not in copied(BARE)["mimecast"]
    assert "192.0.2.10" in copied(full)["mimecast"]
    assert copied(full)["other"][2:4] == ["192.0.2.10", "spf.provider.example"]


def test_the_schools_own_systems_come_first() -> None:
    assert systems_for(BARE.values, frozenset({"google"}))[0].is_theirs
    assert systems_for(BARE.values)[0].key == "microsoft"


def test_keys_are_published_as_the_public_half_under_the_domain_of_the_sender(
    tmp_path: Path,
) -> None:
    for name in ("new", "old"):
        key = rsa.generate_private_key(65537, 2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / f"{name}.pem").write_bytes(pem)
    given = f"2026a={tmp_path}/new.pem,2025b={tmp_path}/old.pem"
    from_ = "Careers <careers@mail.outreach.example>"
    environ = {"DATA_DIR": str(tmp_path / "data"), "DKIM_KEYS": given, "MAIL_FROM": from_}
    sender = sender_details(load(environ))

    zone = {sender.keys[0].name: txt(sender.keys[0].record)}
    with serve_dns(zone) as dns:
        new, old = check_dkim(start_asking(dns.place), sender.keys, sender.sender_domain)

    assert sender.dkim_domain == "mail.outreach.example"
    assert new.verdict is Verdict.GOOD
    assert (old.about, old.verdict) == (f"2025b._domainkey.{sender.dkim_domain}", Verdict.NOTE)
    assert "PRIVATE" not in repr(sender)
