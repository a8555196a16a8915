"""Headers as people paste them, from the systems that schools have."""

import pytest

from outreach.it_team.pasted_headers import read_headers

MICROSOFT = """\
Received: from DB5EUR03FT044.eop-EUR03.prod.protection.outlook.example
 (2603:10a6:10:36:cafe::7) by DB7PR05CA0029.outlook.office365.example
Authentication-Results: spf=pass (sender IP is 192.0.2.10)
 smtp.mailfrom=b.outreach.example; dkim=pass (signature was verified)
 header.d=outreach.example;dmarc=pass action=none
 header.from=outreach.example;compauth=pass reason=100
X-Forefront-Antispam-Report:
 CIP:192.0.2.10;CTRY:GB;LANG:en;SCL:1;SRV:;IPV:NLI;SFV:NSPM;H:mx.outreach.example;CAT:NONE;
X-Microsoft-Antispam: BCL:3;ARA:13230040
X-Microsoft-Antispam-Mailbox-Delivery: ucf:0;jmr:0;auth:0;dest:I;ENG:(910001);
To: amy.field@hill.example
Subject: A test
"""
GOOGLE = """\
Delivered-To: it.test@vale.example
ARC-Authentication-Results: i=1; mx.google.example;
       dkim=pass header.i=@outreach.example header.s=s1 header.b="rA+1";
       spf=pass (google.example: domain of b+x@b.outreach.example designates 192.0.2.10 as permitted sender) smtp.mailfrom="b+x@b.outreach.example";
       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=outreach.example
Authentication-Results: mx.google.example;
       dkim=fail (body hash did not verify) header.i=@other.example;
       dkim=pass header.i=@outreach.example header.s=s1;
       spf=softfail smtp.mailfrom=b+x@b.outreach.example;
       dmarc=pass (p=NONE) header.from=outreach.example
Authentication-Results: relay.before.example; dmarc=fail header.from=outreach.example
"""


def test_microsofts_verdicts_are_read_with_their_domains() -> None:
    reading = read_headers(MICROSOFT)

    assert [(one.method, one.value, one.domain) for one in reading.results] == [
        ("spf", "pass", "b.outreach.example"),
        ("dkim", "pass", "outreach.example"),
        ("dmarc", "pass", "outreach.example"),
        ("compauth", "pass", ""),
    ]
    assert reading.spam == (
        "Microsoft: spam confidence level 1, which is not spam.",
        "Microsoft: bulk complaint level 3 of 9.",
        "Microsoft: put into the inbox.",
    )
    assert reading.is_spam is False


def test_googles_own_verdict_counts_and_not_that_of_a_server_before_it() -> None:
    reading = read_headers(GOOGLE)

    dkim, spf, dmarc = reading.of("dkim"), reading.of("spf"), reading.of("dmarc")
    assert dkim is not None
    assert (dkim.is_pass, dkim.domain) == (True, "outreach.example")
    assert spf is not None
    assert (spf.value, spf.domain) == ("softfail", "b.outreach.example")
    assert dmarc is not None
    assert dmarc.is_pass
    assert reading.is_spam is None


def test_no_address_is_taken_from_what_was_pasted() -> None:
    for pasted in (MICROSOFT, GOOGLE):
        assert "@" not in repr(read_headers(pasted))


@pytest.mark.parametrize(
    ("header", "words", "is_spam"),
    [
        ("X-Forefront-Antispam-Report: SCL:9;CAT:HPHISH;", "phishing for certain", True),
        ("X-Forefront-Antispam-Report: SCL:5;SFV:SPM;CAT:SPM", "goes to junk", True),
        ("X-Forefront-Antispam-Report: SCL:-1;SFV:SKA", "bypassed by a rule", False),
        ("X-Forefront-Antispam-Report: SFV:SKQ", "released", None),
        ("X-Microsoft-Antispam-Mailbox-Delivery: dest:J;", "junk folder", True),
        ("X-Spam-Status: Yes, score=7.1 required=5.0", "spam", True),
        ("X-Spam-Status: No, score=0.1", "not spam", False),
        ("X-Spam-Flag: YES", "spam", True),
        ("X-Mimecast-Spam-Score: 12", "score 12", None),
        ("X-Gm-Spam: 1", "marked as spam", True),
        ("X-Gm-Spam: 0\nX-Gm-Phishy: 0", "", None),
    ],
)
def test_a_spam_filters_word_is_put_plainly(header: str, words: str, is_spam: bool | None) -> None:
    reading = read_headers(header)

    assert words in " ".join(reading.spam)
    assert reading.is_spam is is_spam


NO_HEADERS = (
    *("", "hello", "::::", "Authentication-Results:", "a" * 300_000),
    "X-Forefront-Antispam-Report: SCL:x;CAT",
    "X-Forefront-Antispam-Report: SCL:" + "9" * 5000,
    "X-Microsoft-Antispam: BCL:" + "9" * 5000,
    "X-Microsoft-Antispam: BCL:²",
    "X-Mimecast-Spam-Score: " + "9" * 5000,
    "Received-SPF: " + "f" * 5000,
    "Authentication-Results: mx.example; spf=" + "f" * 5000,
)


@pytest.mark.parametrize("pasted", NO_HEADERS, ids=range(len(NO_HEADERS)))
def test_what_is_no_header_is_passed_over(pasted: str) -> None:
    reading = read_headers(pasted)

    assert (reading.results, reading.spam, reading.is_spam) == ((), (), None)


def test_the_old_spf_header_is_read_where_there_is_no_newer() -> None:
    reading = read_headers("Received-SPF: Fail (protection.example: domain of a.example)")

    assert [(one.method, one.value) for one in reading.results] == [("spf", "fail")]


@pytest.mark.parametrize(
    ("said", "value", "domain"),
    [
        ("spf=fail (domain of (spf=pass) x) smtp.mailfrom=a.example", "fail", "a.example"),
        ("(spf=pass (a) (b (c))) spf=fail smtp.mailfrom=a.example", "fail", "a.example"),
        (r"(one \) spf=pass) spf=fail smtp.mailfrom=a.example", "fail", "a.example"),
        ('(5" wide) spf=fail smtp.mailfrom=a.example (6")', "fail", "a.example"),
        ('spf=fail reason="a ( b" smtp.mailfrom=a.example', "fail", "a.example"),
        ("spf=fail smtp.mailfrom=a.example (never ends spf=pass", "fail", "a.example"),
        (f"spf=fail smtp.mailfrom={'a' * 300}.example", "fail", ""),
    ],
)
def test_what_stands_in_comments_is_no_verdict(said: str, value: str, domain: str) -> None:
    reading = read_headers(f"Authentication-Results: mx.example; {said}")

    assert [(one.value, one.domain) for one in reading.results] == [(value, domain)]
