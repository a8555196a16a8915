"""What the checks read from a real DNS server, fault by fault, with the mend."""

import base64
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from outreach.it_team.dns.asking import NoAnswer, start_asking
from outreach.it_team.dns.dkim_check import PublishedKey, check_dkim
from outreach.it_team.dns.dmarc_check import Signers, check_dmarc, organisational_domain
from outreach.it_team.dns.findings import Finding, Verdict
from outreach.it_team.dns.mailboxes_check import MailSystem, SchoolDomain, check_mailboxes
from outreach.it_team.dns.names_check import check_link_name, check_sending_names, check_way_back
from outreach.it_team.dns.spf_check import check_spf
from tests.dns_server import DnsServer, serve_dns, txt

OURS = "mail.outreach.example"
HOST = "192.0.2.10"
G, N, W, U = Verdict.GOOD, Verdict.NOTE, Verdict.WRONG, Verdict.UNKNOWN
SPF_CASES = [
    ("a plain record", "v=spf1 ip4:192.0.2.0/28 -all", G, "0 of 10"),
    ("an include", "v=spf1 include:one.example ~all", G, "1 of 10"),
    ("a host by its name", "v=spf1 a:mx1.example -all", G, "1 of 10"),
    ("mail servers around a length", "v=spf1 mx:many.example/28 -all", G, "1 of 10"),
    ("a redirect", "v=spf1 redirect=one.example", G, "1 of 10"),
    ("other letters", "V=SPF1 IP4:192.0.2.10 -ALL", G, "0 of 10"),
    ("a modifier nobody knows", "v=spf1 x=y ip4:192.0.2.10 -all", G, "0 of 10"),
    ("not our host", "v=spf1 ip4:198.51.100.1 -all", W, "does not let 192.0.2.10 through"),
    ("our host taken out first", "v=spf1 -ip4:192.0.2.10 +ip4:192.0.2.0/24 -all", W, "does not let"),
    ("no end", "v=spf1 ip4:192.0.2.10", N, "does not end in"),
    ("an end that lets all in", "v=spf1 ip4:192.0.2.10 +all", W, "everybody may send"),
    ("too many look-ups", "v=spf1 include:deep.example include:one.example -all", W, "gives up after 10"),
    ("nearly too many", "v=spf1 include:deep.example ip4:192.0.2.10 -all", N, "one more service"),
    ("names that lead nowhere", "v=spf1 a:x.example a:y.example a:z.example ip4:192.0.2.10 -all", W, "lead to nothing"),
    ("a word that is none", "v=spf1 ipv4:192.0.2.10 -all", W, "is no SPF"),
    ("an address that is none", "v=spf1 ip4:192.0.2.300 -all", W, "is no address"),
    ("a length that is none", "v=spf1 a:mx1.example/99 -all", W, "is no length"),
    ("a loop", "v=spf1 include:loop.example -all", W, "leads back to itself"),
    ("an include of nothing", "v=spf1 include:nowhere.example -all", W, "has no SPF record"),
    ("a macro", "v=spf1 exists:%{i}.example -all", N, "judged mail by mail"),
    ("a macro in an include", "v=spf1 include:macro.example -all", N, "judged mail by mail"),
    ("a macro that may come first", "v=spf1 -exists:%{i}.example ip4:192.0.2.10 -all", N, "judged mail by mail"),
    ("a macro in a redirect", "v=spf1 redirect=%{d}.spf.example", N, "judged mail by mail"),
    ("two redirects", "v=spf1 redirect=one.example redirect=one.example", W, "more than one redirect"),
    ("a mask for a length", "v=spf1 ip4:192.0.2.10/255.255.255.0 -all", W, "is no address"),
    ("a NUL", "v=spf1 \\000 -all", W, "\ufffd"),
    ("look-ups after the end", "v=spf1 ip4:192.0.2.10 -all include:deep.example include:nowhere.example a mx ptr", G, "0 of 10"),
    ("a redirect after the end", "v=spf1 ip4:192.0.2.10 -all redirect=nowhere.example", G, "0 of 10"),
    ("a word that is none after the end", "v=spf1 ip4:192.0.2.10 -all ipv4:192.0.2.10", W, "is no SPF"),
    ("a macro that does not matter", "v=spf1 exists:%{i}.example ip4:192.0.2.10 -all", G, "1 of 10"),
]  # fmt: skip
ZONE = {
    "one.example": txt("v=spf1 ip4:192.0.2.10 -all", "unrelated=1"),
    "macro.example": txt("v=spf1 exists:%{i}.spf.example -all"),
    "loop.example": txt(f"v=spf1 include:{OURS} -all"),
    "deep.example": txt("v=spf1 " + " ".join(f"include:d{n}.example" for n in range(9)) + " -all"),
    **{f"d{n}.example": txt("v=spf1 ip4:203.0.113.1 -all") for n in range(9)},
    "mx1.example": {"A": ["192.0.2.10"]},
    "many.example": {"MX": ["10 mx1.example."]},
    "broken.example": {"FAILS": []},
}


@pytest.fixture(scope="module")
def dns() -> Iterator[DnsServer]:
    with serve_dns(ZONE) as server:
        yield server


@pytest.fixture
def zone(dns: DnsServer) -> Iterator[dict]:
    """Names of one test."""
    before = dict(dns.zone)
    yield dns.zone
    dns.zone.clear()
    dns.zone.update(before)


def worst(found: list[Finding]) -> Finding:
    order = [W, U, N, G]
    return min(found, key=lambda one: order.index(one.verdict))


@pytest.mark.parametrize(("record", "verdict", "words"), [case[1:] for case in SPF_CASES], ids=[case[0] for case in SPF_CASES])  # fmt: skip
def test_spf_is_judged_as_a_receiver_would(
    dns: DnsServer, zone: dict, record: str, verdict: Verdict, words: str
) -> None:
    zone[OURS] = txt(record)

    found = worst(check_spf(start_asking(dns.place), OURS, (HOST,)))

    assert (found.verdict, words in found.words) == (verdict, True), found
    assert (verdict is W) <= bool(found.mend)


def test_a_missing_spf_record_is_written_for_whoever_mends_it(dns: DnsServer) -> None:
    hosts = (HOST, "2001:db8::/32", "include:one.example")

    [found] = check_spf(start_asking(dns.place), "nothing.example", hosts)

    assert found.verdict is W
    assert found.record == "v=spf1 ip4:192.0.2.10 ip6:2001:db8::/32 include:one.example -all"


def test_two_spf_records_are_none_and_an_include_that_was_promised_is_looked_for(
    dns: DnsServer, zone: dict
) -> None:
    zone[OURS] = txt("v=spf1 -all", "v=spf1 ip4:192.0.2.10 -all")
    assert "only one" in check_spf(start_asking(dns.place), OURS, ())[0].words
    zone[OURS] = txt("v=spf1 include:one.example -all")
    for domain, verdict in (("one.example", G), ("two.example", W)):
        found = check_spf(start_asking(dns.place), OURS, (f"include:{domain}",))
        assert worst(found).verdict is verdict


def test_a_network_passes_only_as_a_whole(dns: DnsServer, zone: dict) -> None:
    zone[OURS] = txt("v=spf1 ip4:192.0.2.0/25 -all")
    asked = [("192.0.2.0/26", G), ("192.0.2.0/24", W), ("2001:db8::/32", W)]
    for network, verdict in asked:
        assert worst(check_spf(start_asking(dns.place), OURS, (network,))).verdict is verdict
    zone["half.example"] = txt("v=spf1 ip4:192.0.2.128/25 -all")
    for record, verdict in (
        ("v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128/25 -all", G),
        ("v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128/26 ip4:192.0.2.192/26 -all", G),
        ("v=spf1 ip4:192.0.2.0/25 include:half.example -all", G),
        ("v=spf1 ip4:192.0.2.0/25 redirect=half.example", G),
        ("v=spf1 -ip4:192.0.2.7 ip4:192.0.2.0/24 -all", W),
        ("v=spf1 ip4:192.0.2.0/25 exists:%{i}.example -all", N),
        ("v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128/26 -all", W),
    ):
        zone[OURS] = txt(record)
        found = worst(check_spf(start_asking(dns.place), OURS, ("192.0.2.0/24",)))
        assert found.verdict is verdict, (record, found)


def test_dns_that_fails_or_is_silent_is_not_taken_for_no_record(dns: DnsServer, zone: dict) -> None:
    zone["silent.example"] = {"SILENT": []}
    for domain in ("broken.example", "silent.example"):
        [found] = check_spf(start_asking(dns.place, seconds=1.0), domain, ())
        assert found.verdict is U, found
    asker = start_asking(dns.place, seconds=0)
    with pytest.raises(NoAnswer, match="time"):
        asker.texts("one.example")


@cache
def record_of(bits: int) -> str:
    public = rsa.generate_private_key(65537, bits).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"


DKIM_CASES: list[tuple[str, Callable[[str], list[str]], Verdict, str]] = [
    ("ours", lambda ours: [ours], G, "holds our key"),
    ("ours, folded", lambda ours: [ours[:60] + " " + ours[60:]], G, "holds our key"),
    ("none", lambda ours: [], W, "no such record"),
    ("another's", lambda ours: [record_of(1024)], W, "another key"),
    ("cut off", lambda ours: [ours[:200]], W, "another key"),
    ("withdrawn", lambda ours: ["v=DKIM1; p="], W, "withdrawn"),
    ("two", lambda ours: [ours, ours + "; n=two"], W, "2 TXT records"),
    ("a test", lambda ours: [ours + "; t=s:y"], N, "only testing"),
    ("for other hashes", lambda ours: [ours + "; h=sha1"], W, "limits the key"),
    ("for other services", lambda ours: [ours + "; s=tlsrpt"], W, "limits the key"),
    ("for ours among others", lambda ours: [ours + "; h=sha1:sha256; s=*"], G, "holds our key"),
    ("another kind", lambda ours: [ours.replace("k=rsa", "k=ed25519")], W, "another kind"),
    ("something else", lambda ours: ["hello"], W, "no DKIM key"),
]


@pytest.mark.parametrize(("publish", "verdict", "words"), [case[1:] for case in DKIM_CASES], ids=[case[0] for case in DKIM_CASES])  # fmt: skip
def test_a_dkim_key_in_dns_is_compared_with_ours(
    dns: DnsServer,
    zone: dict,
    publish: Callable[[str], list[str]],
    verdict: Verdict,
    words: str,
) -> None:
    key = PublishedKey("s1", OURS, record_of(2048), is_signing=True)
    published = publish(key.record)
    if published:
        zone[key.name] = txt(*published)

    [found] = check_dkim(start_asking(dns.place), [key], OURS)

    assert (found.verdict, words in found.words) == (verdict, True), found
    assert found.record == (key.record if verdict in (W, N) else "")


def test_a_short_key_and_one_that_stands_by_are_only_noted(dns: DnsServer, zone: dict) -> None:
    short = PublishedKey("short", OURS, record_of(1024), is_signing=True)
    later = PublishedKey("later", OURS, record_of(2048), is_signing=False)
    zone[short.name] = txt(short.record)

    one, other = check_dkim(start_asking(dns.place), [short, later], OURS)

    assert one.verdict is N
    assert "1024 bits" in one.words
    assert other.verdict is N
    assert "not signed with it now" in other.words


ALIGNED = Signers(OURS, OURS)
DMARC_CASES = [
    ("none", {}, ALIGNED, W, "no DMARC record"),
    ("two", {OURS: ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}, ALIGNED, W, "2 DMARC records"),
    ("no policy", {OURS: ["v=DMARC1; rua=mailto:a@b.example"]}, ALIGNED, W, "no policy"),
    ("loose", {OURS: ["v=DMARC1; p=none"]}, ALIGNED, G, "SPF and DKIM"),
    ("strict", {OURS: ["v=DMARC1;p=reject;aspf=s;adkim=s"]}, ALIGNED, G, "p=reject"),
    ("of the parent", {"outreach.example": ["v=DMARC1; p=reject; sp=quarantine"]}, ALIGNED, G, "p=quarantine"),
    ("of the parent under a registry's", {"example": ["v=DMARC1; p=reject; psd=y"], "outreach.example": ["v=DMARC1; p=none"]}, ALIGNED, G, "p=none"),
    ("unsigned", {OURS: ["v=DMARC1; p=none"]}, Signers(OURS, None), N, "SPF alone"),
    ("a sister's return path", {"outreach.example": ["v=DMARC1; p=none"]}, Signers("b.outreach.example", None), N, "SPF alone"),
    ("a sister's, strict", {"outreach.example": ["v=DMARC1; p=none; aspf=s"]}, Signers("b.outreach.example", None), W, "aligned"),
    ("a stranger's", {"outreach.example": ["v=DMARC1; p=none"]}, Signers("b.provider.example", "provider.example"), W, "aligned"),
]  # fmt: skip


@pytest.mark.parametrize(("records", "signers", "verdict", "words"), [case[1:] for case in DMARC_CASES], ids=[case[0] for case in DMARC_CASES])  # fmt: skip
def test_dmarc_is_found_and_alignment_is_judged(
    dns: DnsServer,
    zone: dict,
    records: dict[str, list[str]],
    signers: Signers,
    verdict: Verdict,
    words: str,
) -> None:
    for domain, texts in records.items():
        zone[f"_dmarc.{domain}"] = txt(*texts)

    [found] = check_dmarc(start_asking(dns.place), OURS, signers)

    assert (found.verdict, words in found.words) == (verdict, True), found


def test_the_organisational_domain_is_found_by_walking_up(dns: DnsServer, zone: dict) -> None:
    zone["_dmarc.example"] = txt("v=DMARC1; p=reject; psd=y")
    assert organisational_domain(start_asking(dns.place), "a.b.school.example") == "school.example"
    zone["_dmarc.b.school.example"] = txt("v=DMARC1; p=none; psd=n")
    asked = start_asking(dns.place)
    assert organisational_domain(asked, "a.b.school.example") == "b.school.example"
    before = len(dns.asked)
    organisational_domain(start_asking(dns.place), ".".join("abcdefghijklm") + ".nowhere.test")
    assert len(dns.asked) - before <= 8


def test_names_lead_both_ways_and_bounces_and_links_find_a_server(
    dns: DnsServer, zone: dict
) -> None:
    zone["10.2.0.192.in-addr.arpa"] = {"PTR": ["mx1.example."]}
    zone["11.2.0.192.in-addr.arpa"] = {"PTR": ["mx1.example."]}
    hosts = ("192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.0/24", "include:one.example")
    found = check_sending_names(start_asking(dns.place), hosts)
    assert [one.verdict for one in found] == [G, W, W]
    assert "does not lead back" in found[1].words
    zone["null.example"] = {"MX": ["0 ."]}
    zone["nowhere.example"] = {"MX": ["10 gone.example."]}
    asked = start_asking(dns.place)
    ways = [check_way_back(asked, name).verdict for name in ("many.example", "mx1.example", "null.example", "no.example", "nowhere.example")]  # fmt: skip
    assert ways == [G, G, W, W, W]
    assert check_link_name(asked, "mx1.example").verdict is G
    assert check_link_name(asked, "no.example").verdict is W


def test_the_mail_system_of_a_school_is_told_by_its_mail_servers(
    dns: DnsServer, zone: dict
) -> None:
    zone["hill.example"] = {"MX": ["10 hill-example.mail.protection.big.example."]}
    zone["vale.example"] = {"MX": ["20 backup.own.example.", "5 post.own.example."]}
    systems = [MailSystem("big", "Big Mail", ("mail.protection.big.example",))]
    domains = [SchoolDomain("hill.example", 240), SchoolDomain("vale.example", 5), SchoolDomain("no.example", 9)]  # fmt: skip

    found, keys = check_mailboxes(start_asking(dns.place), domains, systems)

    assert keys == {"big"}
    assert [one.words for one in found] == [
        "Big Mail takes the mail of 240 addresses.",
        "post.own.example takes the mail of 5 addresses.",
        "No server takes mail for this domain, which 9 addresses of pupils are in.",
    ]
