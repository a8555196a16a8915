"""What mail providers tell by webhook: believed where it is signed, and about the message we signed."""

import base64
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from outreach import web
from outreach.campaigns.delivery import deliver
from outreach.campaigns.models import DeliveryEvent, Message
from outreach.campaigns.return_paths import return_path, return_token
from outreach.campaigns.states import MessageState
from outreach.database import transaction
from outreach.mail.hooks import sns
from outreach.profiles.copy_mailing import MAKERS
from outreach.pupils.models import Suppression
from tests.contract.catching import Catcher
from tests.outbox import Outbox, launched

TOPIC = "arn:aws:sns:eu-west-2:123456789012:bounces"
CERTIFICATE = "https://sns.eu-west-2.amazonaws.com/SimpleNotificationService-test.pem"
PASSWORD, KEY = "a password for postmark", "a key of mailgun's"


@pytest.fixture
def hooked(app: Flask, wired: web.Parts, monkeypatch: pytest.MonkeyPatch) -> web.Parts:
    """The service with all three providers set up."""
    settings = replace(
        wired.settings,
        bounce_domain="bounces.example",
        ses_topics=(TOPIC,),
        postmark_hook_password=PASSWORD,
        mailgun_hook_key=KEY,
    )
    parts = replace(wired, settings=settings)
    monkeypatch.setitem(app.extensions, "outreach", parts)
    return parts


@pytest.fixture
def sent(hooked: web.Parts) -> Outbox:
    outbox = launched(hooked, pupils=4)
    deliver(hooked, outbox.school.id, MAKERS)
    assert outbox.mails == {"accepted": 4}
    return outbox


class Amazon:
    """Signs as SNS does, with a certificate that only the tests have."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(datetime.now(UTC) - timedelta(days=1))
            .not_valid_after(datetime.now(UTC) + timedelta(days=30))
            .sign(self.key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )
        self.asked: list[str] = []

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        return self.certificate

    def message(self, body: Any, **changed: str) -> dict[str, str]:
        document = {
            "Type": "Notification",
            "MessageId": "m-1",
            "TopicArn": TOPIC,
            "Message": json.dumps(body),
            "Timestamp": "2026-11-26T08:00:00.000Z",
            "SignatureVersion": "2",
            "SigningCertURL": CERTIFICATE,
            **changed,
        }
        names = [
            *("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token"),
            *("TopicArn", "Type"),
        ]
        signed = "".join(f"{name}\n{document[name]}\n" for name in names if name in document)
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return {**document, "Signature": base64.b64encode(signature).decode()}


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch) -> Amazon:
    made = Amazon()
    monkeypatch.setattr(sns, "fetch", made.fetch)
    monkeypatch.setattr(sns, "_kept", {})
    return made


def suppressions(outbox: Outbox) -> list[tuple[str, str]]:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        rows = session.scalars(select(Suppression)).all()
        return [(row.reason.value, row.source) for row in rows]


def ses_bounce(outbox: Outbox, message: Message, address: str) -> dict[str, Any]:
    source = return_path(outbox.wired, outbox.school.key, message.id)
    return {
        "notificationType": "Bounce",
        "mail": {"source": source},
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "feedbackId": "f-1",
            "bouncedRecipients": [
                {
                    "emailAddress": address,
                    "status": "5.1.1",
                    "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                }
            ],
        },
    }


def test_amazon_is_believed_by_its_signature_alone(
    sent: Outbox, amazon: Amazon, client: FlaskClient
) -> None:
    message, address = sent.messages[0], sent.addresses[0]
    body = ses_bounce(sent, message, "stranger@pupils.example")
    good = amazon.message(body)

    def post(document: dict[str, str]) -> int:
        return client.post("/hooks/ses", data=json.dumps(document)).status_code

    elsewhere = "https://sns.eu-west-2.amazonaws.com.evil.example/x.pem"
    for forged in (
        {**good, "Message": good["Message"] + " "},
        {**good, "Signature": "AAAA"},
        {name: value for name, value in good.items() if name != "Signature"},
        {**good, "SigningCertURL": elsewhere},
        amazon.message(body, SigningCertURL="http://sns.eu-west-2.amazonaws.com/x.pem"),
        amazon.message(body, TopicArn=TOPIC + "-of-somebody"),
        amazon.message(body, SignatureVersion="3"),
    ):
        assert post(forged) == 403
    assert sent.mails == {"accepted": 4}

    for _ in range(2):
        assert post(good) == 200
    assert sent.mails == {"accepted": 3, "bounced": 1}
    assert [kind for source, kind in sent.events if source == "ses"] == ["bounced"]
    assert amazon.asked == [CERTIFICATE]
    assert len(suppressions(sent)) == 1
    assert address not in str(suppressions(sent))


def test_a_topic_is_subscribed_to_where_amazon_asks_and_nowhere_else(
    hooked: web.Parts, amazon: Amazon, client: FlaskClient
) -> None:
    ask = {"Type": "SubscriptionConfirmation", "Token": "t"}
    url = "https://sns.eu-west-2.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    for subscribe_url, status in ((url, 200), ("https://evil.example/", 403)):
        document = amazon.message({}, **ask, SubscribeURL=subscribe_url)
        assert client.post("/hooks/ses", data=json.dumps(document)).status_code == status
    assert amazon.asked == [CERTIFICATE, url]


def test_postmark_gives_its_password_and_our_own_variable_back(
    sent: Outbox, client: FlaskClient, mailbox: Catcher
) -> None:
    address = sent.addresses[0]
    token = mailbox.sent_to(address)[0].message["X-PM-Metadata-return-path"]
    event = {
        "RecordType": "Bounce",
        "ID": 42,
        "Type": "SoftBounce",
        "Details": "smtp;552 5.2.2 mailbox full",
        "Email": address,
        "Metadata": {"return-path": token},
    }
    for given, status in (("wrong", 403), (PASSWORD, 200)):
        answer = client.post("/hooks/postmark", json=event, auth=("postmark", given))
        assert answer.status_code == status
    assert client.post("/hooks/postmark", json=event).status_code == 403
    assert sent.mails == {"accepted": 3, "bounced": 1}
    assert suppressions(sent) == []

    complaint = {**event, "RecordType": "SpamComplaint", "ID": 43, "Type": "SpamComplaint"}
    client.post("/hooks/postmark", json=complaint, auth=("postmark", PASSWORD))
    assert suppressions(sent) == [("complaint", "postmark")]


def signed(event: dict[str, Any], at: datetime, token: str = "") -> dict[str, Any]:
    timestamp, token = str(int(at.timestamp())), token or token_hex(25)
    signature = hmac.digest(KEY.encode(), f"{timestamp}{token}".encode(), "sha256").hex()
    stamp = {"timestamp": timestamp, "token": token, "signature": signature}
    return {"signature": stamp, "event-data": event}


def test_mailgun_signs_each_message_and_an_old_one_is_a_recording(
    sent: Outbox, client: FlaskClient
) -> None:
    message, address = sent.messages[0], sent.addresses[0]
    token = return_token(sent.wired.signer, sent.school.key, message.id)
    event = {
        "event": "failed",
        "severity": "permanent",
        "id": "e-1",
        "recipient": "somebody@pupils.example",
        "delivery-status": {"code": 550, "message": "5.1.1 no such user"},
        "user-variables": {"return-path": token},
    }
    now = datetime.now(UTC)
    old, early = now - timedelta(days=1), now + timedelta(hours=1)
    altered = signed(event, now)
    altered["signature"]["token"] = "another"
    for forged in (signed(event, old), signed(event, early), altered, {"event-data": event}, []):
        assert client.post("/hooks/mailgun", json=forged).status_code == 403
    assert sent.mails == {"accepted": 4}
    assert client.post("/hooks/mailgun", json=signed(event, now)).status_code == 200
    assert sent.mails == {"accepted": 3, "bounced": 1}
    assert suppressions(sent) == [("bounced", "mailgun/unknown_user")]
    assert address not in json.dumps(suppressions(sent))


def test_a_token_of_mailguns_is_good_for_the_event_that_it_came_with(
    sent: Outbox, client: FlaskClient
) -> None:
    def failed(number: int) -> dict[str, Any]:
        token = return_token(sent.wired.signer, sent.school.key, sent.messages[number].id)
        kind = {"event": "failed", "severity": "permanent", "id": f"e-{number}"}
        return {**kind, "user-variables": {"return-path": token}}

    now = datetime.now(UTC)
    overheard = signed(failed(0), now, "a-token")
    for _ in range(2):  # as Mailgun does where our answer was lost
        assert client.post("/hooks/mailgun", json=overheard).status_code == 200
    other = signed(failed(1), now, "a-token")
    assert client.post("/hooks/mailgun", json=other).status_code == 403
    assert sent.mails == {"accepted": 3, "bounced": 1}
    (key,) = sent.wired.redis.keys("outreach:mailgun-token:*")
    assert timedelta(hours=12) <= timedelta(seconds=sent.wired.redis.ttl(key)) < timedelta(hours=13)
    assert b"a-token" not in key


def test_what_no_program_would_send_is_refused_and_breaks_nothing(
    hooked: web.Parts, client: FlaskClient
) -> None:
    deep = b'{"a":' + b"[" * 100_000
    basic = ("postmark", PASSWORD)
    for raw in (deep, b"", b"{", b"\xff"):
        assert client.post("/hooks/ses", data=raw).status_code == 400
        assert client.post("/hooks/postmark", data=raw, auth=basic).status_code == 400
        assert client.post("/hooks/mailgun", data=raw).status_code == 400
    half = signed({"id": "\ud800"}, datetime.now(UTC))
    assert client.post("/hooks/mailgun", json=half).status_code == 200
    half["signature"]["token"] = "\ud800"
    assert client.post("/hooks/mailgun", json=half).status_code == 403
    event = {"RecordType": "Bounce", "ID": 1, "Type": "Blocked", "Details": "\ud800\0 blocked"}
    assert client.post("/hooks/postmark", json=event, auth=basic).status_code == 200


def test_a_provider_s_word_without_our_token_changes_nothing(
    sent: Outbox, client: FlaskClient
) -> None:
    event = {"event": "complained", "id": "e-2", "recipient": sent.addresses[0]}
    answer = client.post("/hooks/mailgun", json=signed(event, datetime.now(UTC)))
    assert answer.status_code == 200
    assert suppressions(sent) == []
    with transaction(sent.wired.sessions, sent.school.id) as session:
        told = session.scalars(select(DeliveryEvent.source).distinct()).all()
    assert told == ["smtp"]


def test_news_that_comes_before_our_own_record_is_asked_to_come_again(
    sent: Outbox, client: FlaskClient
) -> None:
    message = sent.messages[0]
    token = return_token(sent.wired.signer, sent.school.key, message.id)
    event = {
        "event": "failed",
        "severity": "permanent",
        "id": "e-3",
        "user-variables": {"return-path": token},
    }
    with transaction(sent.wired.sessions, sent.school.id) as session:
        here = update(Message).where(Message.id == message.id)
        session.execute(here.values(state=MessageState.SENDING))
    answer = client.post("/hooks/mailgun", json=signed(event, datetime.now(UTC)))
    assert answer.status_code == 503


@pytest.mark.parametrize("name", ["ses", "postmark", "mailgun"])
def test_a_hook_is_off_until_its_setting_is_given(client: FlaskClient, name: str) -> None:
    assert client.post(f"/hooks/{name}", json={}).status_code == 404
