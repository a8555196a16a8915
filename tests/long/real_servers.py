"""Postfix, Exim and OpenSMTPD take our mail on loopback, and give back what they cannot deliver.

Debian, root, and a network to fetch the packages from; a package that cannot be fetched is skipped,
and said. With LONG_SAVE=FOLDER each bounce is kept there as an .eml file.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from sqlalchemy import select

from outreach import web
from outreach.campaigns.models import Invitation, Message
from outreach.campaigns.wording import MESSAGE, reason_words
from outreach.database import transaction
from outreach.mail.bounces.tables import meanings
from outreach.pupils.models import PupilAddress
from tests.bouncing import give
from tests.contract.catching import free_port
from tests.factories import signed_in
from tests.long.boxed import NotFetched, fetch, log_of, running
from tests.long.mailers import (
    BOUNCE_DOMAIN,
    FINE,
    FULL,
    MAILERS,
    POLICY,
    SMALL,
    UNKNOWN,
)
from tests.long.processes import Processes
from tests.outbox import Outbox, launched

PATIENCE = 90.0
SAVE = os.environ.get("LONG_SAVE")

RETURNED = {
    UNKNOWN: ("hard", {"unknown_user"}),
    FULL: ("soft", {"mailbox_full"}),
    POLICY: ("policy", {"policy", "restricted_delivery", "not_allowed"}),
    SMALL: ("soft", {"too_big"}),
}
"""What each mail comes back for: the verdict, and the reasons that say it well enough."""


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs Linux and root")
@pytest.mark.parametrize("name", MAILERS)
def test_what_a_real_mail_server_gives_back_is_read_and_shown(
    app: Flask, wired: web.Parts, tmp_path: Path, name: str
) -> None:
    package, boxes_for = MAILERS[name]
    try:
        root = fetch(package, tmp_path / "package")
    except NotFetched as why:
        pytest.skip(f"{name} could not be fetched: {why}")
    outbox, bounce_port = launched(wired, pupils=5), free_port()
    with ExitStack() as stack:
        taking_back = stack.enter_context(kept(bounce_port, name)) if SAVE else bounce_port
        boxes = boxes_for(taking_back)
        mailboxes = []
        for number, box in enumerate(boxes):
            place = tmp_path / f"box{number}"
            mailboxes.append(stack.enter_context(running(box, root, place)))
        processes = stack.enter_context(
            Processes.running(
                SMTP_URL=f"smtp://127.0.0.1:{boxes[0].port}?starttls=off",
                BOUNCE_DOMAIN=BOUNCE_DOMAIN,
                BOUNCE_PORT=str(bounce_port),
                PUBLIC_URL="https://questions.outreach.example",
            )
        )
        for words in (("bounces", "receive"), ("schedule",), ("worker",)):
            processes.start(*words)
        deadline = time.monotonic() + PATIENCE
        while outbox.mails != {"accepted": 1, "bounced": 4}:
            assert time.monotonic() < deadline, f"{outbox.mails}\n{log_of(tmp_path)}"
            time.sleep(0.2)
        arrived = [path for box in mailboxes for path in box.rglob("*fine*")]
        assert arrived, log_of(tmp_path)
    messages = by_mailbox(outbox)
    assert messages[FINE][1].state.value == "accepted"
    leader = signed_in(app, outbox.school)
    for mailbox, (verdict, reasons) in RETURNED.items():
        invitation_id, message = messages[mailbox]
        assert message.state.value == "bounced", mailbox
        assert message.reason in reasons, (mailbox, message.reason, message.words)
        assert meanings()[message.reason].verdict.value == verdict
        page = leader.get(f"/staff/campaigns/{outbox.campaign_id}/invitations/{invitation_id}")
        shown = " ".join(page.text.split())
        assert MESSAGE["bounced"].text in shown, mailbox
        assert "Invitation: came back" in shown, mailbox
        assert reason_words(message.reason) in shown, mailbox


def by_mailbox(outbox: Outbox) -> dict[str, tuple[UUID, Message]]:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        rows = session.execute(
            select(PupilAddress.address, Invitation.id, Message)
            .join(Invitation, Invitation.pupil_id == PupilAddress.pupil_id)
            .join(Message, Message.invitation_id == Invitation.id)
        )
        return {address.partition("@")[0]: (id, message) for address, id, message in rows}


@contextmanager
def kept(port: int, name: str) -> Iterator[int]:
    """Stands before the receiver of bounces, and keeps a copy of each that it took."""
    reasons = {UNKNOWN: "unknown-user", FULL: "full", POLICY: "policy", SMALL: "size"}

    class Keeping:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
            raw: bytes = envelope.original_content
            for to in envelope.rcpt_tos:
                if give(port, to, raw) != 250:
                    return "451 the receiver would not take it"
            about = next(why for box, why in reasons.items() if f"{box}@".encode() in raw)
            path = Path(str(SAVE)) / f"from-{name.lower()}-{about}.eml"
            path.write_bytes(raw.replace(b"\r\n", b"\n"))
            return "250 taken"

    controller = Controller(Keeping(), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
