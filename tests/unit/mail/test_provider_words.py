"""What providers say about a mail, read as a bounce would be: the code first, their class where it is silent."""

from datetime import UTC, datetime

import pytest

from outreach.mail.hooks import amazon, mailgun, postmark, sns
from outreach.mail.hooks.telling import NotBelieved, text

ADDRESS = "amy.field@hill.example"


def ses(kind: str, **of: object) -> dict[str, object]:
    key = {"Bounce": "bounce", "Complaint": "complaint", "DeliveryDelay": "deliveryDelay"}[kind]
    return {"eventType": kind, "mail": {"source": "b+x@bounces.example"}, key: of}


def bounced(status: str, said: str) -> list[dict[str, str]]:
    return [{"emailAddress": ADDRESS, "status": status, "diagnosticCode": said}]


@pytest.mark.parametrize(
    ("notice", "read"),
    [
        (
            ses("Bounce", bounceType="Permanent", bouncedRecipients=bounced("5.1.1", "smtp; 550")),
            ("bounce", "hard", "unknown_user"),
        ),
        (
            ses(
                "Bounce",
                bounceType="Permanent",
                bouncedRecipients=bounced("5.7.1", "smtp; 550 5.7.1 refused"),
            ),
            ("bounce", "policy", "policy"),
        ),
        (
            ses("Bounce", bounceType="Permanent", bounceSubType="Suppressed"),
            ("bounce", "hard", "unexplained"),
        ),
        (
            ses("Bounce", bounceType="Transient", bounceSubType="MailboxFull"),
            ("bounce", "soft", "mailbox_full"),
        ),
        (
            ses("Bounce", bounceType="Transient", bounceSubType="General"),
            ("bounce", "soft", "unexplained"),
        ),
        (
            ses("DeliveryDelay", delayType="TransientCommunicationFailure"),
            ("delayed", "soft", "unreachable"),
        ),
        (ses("Complaint"), ("complaint", None, None)),
        (ses("Complaint", complaintFeedbackType="not-spam"), ("other", None, None)),
        ({"eventType": "Open"}, ("other", None, None)),
        ([], ("other", None, None)),
        (None, ("other", None, None)),
    ],
)
def test_amazon(notice: object, read: tuple[str, str | None, str | None]) -> None:
    reading = amazon.read_notice(notice, "m-1").reading
    found = (reading.kind, reading.verdict, reading.reason)
    assert tuple(one and str(one.value if hasattr(one, "value") else one) for one in found) == read


@pytest.mark.parametrize(
    ("kind", "details", "read"),
    [
        ("HardBounce", "smtp;550 5.1.1 unknown user", ("bounce", "hard", "unknown_user")),
        ("HardBounce", "", ("bounce", "hard", "unexplained")),
        ("SoftBounce", "", ("bounce", "soft", "unexplained")),
        ("Transient", "", ("delayed", "soft", "unexplained")),
        ("Blocked", "", ("bounce", "policy", "blocked")),
        ("DMARCPolicy", "", ("bounce", "policy", "authentication")),
        ("AutoResponder", "", ("out_of_office", None, None)),
        ("ChallengeVerification", "", ("challenge", None, None)),
        ("SpamComplaint", "", ("complaint", None, None)),
        ("Subscribe", "", ("other", None, None)),
    ],
)
def test_postmark(kind: str, details: str, read: tuple[str, str | None, str | None]) -> None:
    event = {"RecordType": "Bounce", "ID": 1, "Type": kind, "Details": details, "Email": ADDRESS}
    reading = postmark.read_event(event).reading
    assert (reading.kind, reading.verdict, reading.reason) == read


@pytest.mark.parametrize(
    ("severity", "reason", "status", "read"),
    [
        (
            "permanent",
            "bounce",
            {"code": 550, "message": "5.1.1 no such user"},
            ("bounce", "hard", "unknown_user"),
        ),
        (
            "permanent",
            "bounce",
            {"code": 550, "enhanced-code": "5.7.1", "message": "rejected"},
            ("bounce", "policy", "policy"),
        ),
        ("temporary", "generic", {"code": 452, "message": ""}, ("delayed", "soft", None)),
        (
            "permanent",
            "suppress-bounce",
            {"code": 605, "message": "Not delivering to previously bounced address"},
            ("bounce", "hard", "unexplained"),
        ),
    ],
)
def test_mailgun(
    severity: str, reason: str, status: dict[str, object], read: tuple[str, str, str | None]
) -> None:
    event = {
        "event": "failed",
        "severity": severity,
        "reason": reason,
        "recipient": ADDRESS,
        "delivery-status": status,
    }
    reading = mailgun.read_event({"event-data": event}).reading
    kind, verdict, known = read
    assert (reading.kind, reading.verdict) == (kind, verdict)
    assert known is None or reading.reason == known


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-2.amazonaws.com/x.pem",
        "https://sns.eu-west-2.amazonaws.com.evil.example/x.pem",
        "https://evil.example/sns.eu-west-2.amazonaws.com/x.pem",
        "https://user@sns.eu-west-2.amazonaws.com/x.pem",
        "https://sns.eu-west-2.amazonaws.com:8443/x.pem",
        "https://s3.eu-west-2.amazonaws.com/sns/x.pem",
        "https://[sns.eu-west-2.amazonaws.com/x.pem",
        "",
    ],
)
def test_only_amazons_own_host_is_asked_for_a_certificate(url: str) -> None:
    assert not sns.is_amazons(url)


def test_a_strangers_json_is_read_without_stumbling() -> None:
    for document in (None, [], {"a": []}, {"a": {"b": [1]}}, {"a": {"b": True}}, "text", 3):
        assert text(document, "a", "b", 0, "c") == ""
    assert text({"a": [{"b": 5}]}, "a", 0, "b") == "5"


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.eu-west-2.amazonaws.com/x.pem?y",
        "https://sns.eu-west-2.amazonaws.com/x.pem#y",
        "https://sns.eu-west-2.amazonaws.com/a/x.pem",
        "https://sns.eu-west-2.amazonaws.com/x%2F.pem",
        "https://sns.eu-west-2.amazonaws.com/?y=x.pem",
        "https://sns.eu-west-2.amazonaws.com//x.pem",
        "https://sns.eu-west-2.amazonaws.com/x.pem\n",
        "https://sns.eu-\nwest-2.amazonaws.com/x.pem",
        "https://sns.eu-west-2.amazonaws.com:8443/x.pem",
        "https://a@sns.eu-west-2.amazonaws.com/x.pem",
        "https://s3.eu-west-2.amazonaws.com/x.pem",
        "http://sns.eu-west-2.amazonaws.com/x.pem",
    ],
)
def test_a_certificate_is_asked_for_only_where_amazon_keeps_its_own(url: str) -> None:
    asked: list[str] = []

    def fetch(place: str) -> bytes:
        asked.append(place)
        raise sns.Unreachable

    message = {
        "Type": "Notification",
        "TopicArn": "a:topic",
        "SignatureVersion": "2",
        "SigningCertURL": url,
    }
    with pytest.raises(NotBelieved, match="elsewhere"):
        sns.verify(message, ["a:topic"], datetime.now(UTC), fetch)
    assert asked == []
    message["SigningCertURL"] = "https://sns.cn-north-1.amazonaws.com.cn/Simple-1a.pem"
    with pytest.raises(sns.Unreachable):
        sns.verify(message, ["a:topic"], datetime.now(UTC), fetch)
    assert asked == [message["SigningCertURL"]]
