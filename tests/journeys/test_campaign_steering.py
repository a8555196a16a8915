"""Pause, resume, cancel, close, send again: and what each does to mail that waits."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from outreach import web
from outreach.audit import OPERATOR, AuditEvent
from outreach.campaigns import steering
from outreach.campaigns.claiming import claim_batch
from outreach.campaigns.delivery import deliver
from outreach.campaigns.launching import launch
from outreach.campaigns.links import Gone, LinkGone, link_token, open_link
from outreach.campaigns.models import Campaign, DeliveryClaim, Invitation, Message
from outreach.campaigns.recording import end_claim, give_back
from outreach.campaigns.resending import resend
from outreach.campaigns.states import MessageState
from outreach.clock import now
from outreach.database import transaction
from outreach.errors import Refusal
from outreach.profiles.copy_mailing import MAKERS
from outreach.queues import DueWork, Work
from outreach.schools.models import Role, StaffMember
from outreach.schools.sharing import SharingChanges, change_sharing
from outreach.signing import BadToken
from tests.contract.catching import Catcher
from tests.factories import make_school, run_workers
from tests.outbox import Outbox, draft, launched

CLAIM = UUID("00000000-0000-4000-8000-000000000001")


def steer(outbox: Outbox, verb: Callable[..., Campaign]) -> Campaign:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        return verb(session, outbox.campaign_id, OPERATOR, now())


def share(outbox: Outbox, *, student_email: bool) -> None:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        by = session.get_one(StaffMember, (outbox.school.id, outbox.school.staff[Role.ADMIN]))
        change_sharing(session, SharingChanges(student_email=student_email), by, now())


def test_a_paused_campaign_sends_nothing_until_it_is_resumed(
    wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired, pupils=2)
    steer(outbox, steering.pause)
    run_workers(wired)
    assert outbox.mails == {"queued": 2}
    steer(outbox, steering.resume)
    run_workers(wired)
    assert outbox.mails == {"accepted": 2}
    assert len(mailbox.mails) == 2


def test_resuming_sends_what_sharing_had_stopped_and_now_allows(
    wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired, pupils=2)
    share(outbox, student_email=False)
    run_workers(wired)
    assert outbox.mails == {"stopped": 2}
    share(outbox, student_email=True)
    run_workers(wired)
    assert outbox.mails == {"stopped": 2}  # only a person starts it again
    steer(outbox, steering.resume)
    run_workers(wired)
    assert outbox.mails == {"accepted": 2}
    to_pupils = [mail for mail in mailbox.mails if mail.recipient in outbox.addresses]
    assert len(to_pupils) == 2


def test_cancelling_stops_mail_and_links_but_nobody_who_has_submitted(wired: web.Parts) -> None:
    outbox = launched(wired, pupils=2)
    with transaction(wired.sessions, outbox.school.id) as session:
        first = session.scalars(select(Message.invitation_id).limit(1)).one()
        session.execute(
            update(Invitation)
            .where(Invitation.id == first)
            .values(state="submitted", submitted_at=now())
        )
    steer(outbox, steering.cancel)
    assert outbox.invitations == {"submitted": 1, "stopped": 1}
    assert outbox.mails == {"stopped": 2}
    with pytest.raises(Refusal, match="cancelled"):
        steer(outbox, steering.resume)
    assert opened(outbox) is Gone.CANCELLED


def test_closing_keeps_answers_and_ends_links(wired: web.Parts) -> None:
    outbox = launched(wired)
    steer(outbox, steering.close)
    assert outbox.invitations == {"not_started": 1}
    assert outbox.mails == {"stopped": 1}
    assert opened(outbox) is Gone.CLOSED


def test_a_draft_can_be_cancelled_and_asked_nobody(wired: web.Parts) -> None:
    outbox = draft(wired)
    with pytest.raises(Refusal, match="draft"):
        steer(outbox, steering.close)
    steer(outbox, steering.cancel)
    assert outbox.status().asked == 0


@pytest.mark.parametrize("verb", [steering.pause, steering.cancel, steering.close])
def test_steering_twice_has_one_effect(wired: web.Parts, verb: Callable[..., Campaign]) -> None:
    outbox = launched(wired)
    for _ in range(2):
        steer(outbox, verb)
    with transaction(wired.sessions, outbox.school.id) as session:
        actions = session.scalars(select(AuditEvent.action)).all()
    assert len([action for action in actions if action.startswith("campaign.")]) == 3


def test_a_campaign_is_closed_by_a_worker_when_its_closing_date_has_passed(
    wired: web.Parts,
) -> None:
    closes_at = now() + timedelta(hours=1)
    outbox = draft(wired, closes_at=closes_at)
    with transaction(wired.sessions, outbox.school.id) as session:
        launch(session, outbox.campaign_id, OPERATOR, now())
    run_workers(wired)
    assert opened_at(outbox, closes_at) is Gone.CLOSED
    assert outbox.campaign.state.value == "sending"
    with transaction(wired.sessions, outbox.school.id) as session:  # the hour has passed
        session.execute(update(Campaign).values(closes_at=now()))
        session.execute(update(DueWork).where(DueWork.kind == Work.CLOSE).values(due_at=now()))
    run_workers(wired)
    assert outbox.campaign.state.value == "closed"


def test_mail_in_a_workers_hands_when_the_campaign_is_cancelled_stops_when_it_is_given_back(
    wired: web.Parts,
) -> None:
    outbox = launched(wired)
    with transaction(wired.sessions, outbox.school.id) as session:
        batch = claim_batch(session, CLAIM, now(), may_mail_demo=True)
        assert batch is not None
    steer(outbox, steering.cancel)
    assert outbox.mails == {"sending": 1}
    with transaction(wired.sessions, outbox.school.id) as session:
        give_back(session, CLAIM, [message.message_id for message in batch.messages], now())
        end_claim(session, CLAIM)
    assert outbox.mails == {"stopped": 1}


@pytest.mark.parametrize("state", ["unknown", "refused", "bounced"])
def test_a_person_sends_again_what_was_lost_and_only_once(
    wired: web.Parts, mailbox: Catcher, state: str
) -> None:
    outbox = launched(wired, pupils=2)
    deliver(wired, outbox.school.id, MAKERS)
    mailbox.forget()
    with transaction(wired.sessions, outbox.school.id) as session:
        lost = session.scalars(select(Message.id).limit(1)).one()
        session.execute(update(Message).where(Message.id == lost).values(state=state))
    assert [resend_lost(outbox, state) for _ in range(2)] == [1, 0]
    run_workers(wired)
    assert outbox.mails == {"accepted": 2, state: 1}
    assert len(mailbox.mails) == 1
    assert resend_lost(outbox, state) == 0


def test_only_lost_mail_of_a_running_campaign_is_sent_again(wired: web.Parts) -> None:
    outbox = launched(wired)
    with pytest.raises(Refusal, match="unknown, refused or bounced"):
        resend_lost(outbox, "accepted")
    steer(outbox, steering.close)
    with pytest.raises(Refusal, match="closed"):
        resend_lost(outbox, "unknown")


def test_a_claim_is_over_when_its_batch_is_recorded(wired: web.Parts, mailbox: Catcher) -> None:
    outbox = launched(wired, pupils=3)
    deliver(wired, outbox.school.id, MAKERS)
    with transaction(wired.sessions, outbox.school.id) as session:
        assert session.scalars(select(DeliveryClaim)).all() == []
    assert list((wired.settings.data_dir / "journal").iterdir()) == []


def test_a_link_of_one_school_signed_by_us_for_another_row_is_not_opened(
    wired: web.Parts,
) -> None:
    outbox = launched(wired)
    stranger = make_school(wired.sessions)
    token = link_token(wired.signer, stranger.key, outbox.message.link_id)
    with transaction(wired.sessions) as session, pytest.raises(BadToken):
        open_link(session, wired.signer, token, now())


def resend_lost(outbox: Outbox, state: str) -> int:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        return resend(session, outbox.campaign_id, [MessageState(state)], OPERATOR, now())


def opened(outbox: Outbox) -> Gone | None:
    return opened_at(outbox, now())


def opened_at(outbox: Outbox, moment: datetime) -> Gone | None:
    token = link_token(outbox.wired.signer, outbox.school.key, outbox.messages[0].link_id)
    with transaction(outbox.wired.sessions) as session:
        try:
            open_link(session, outbox.wired.signer, token, moment)
        except LinkGone as gone:
            return gone.reason
    return None
