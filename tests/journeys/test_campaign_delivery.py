"""The outbox end to end: what leaves, in which words, and what becomes of it."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from outreach import web
from outreach.campaigns.delivery import deliver
from outreach.campaigns.models import DeliveryEvent, Invitation, Link, Message
from outreach.campaigns.progress import Status, status
from outreach.campaigns.states import MessageState
from outreach.clock import now
from outreach.database import transaction
from outreach.schools.models import Role, StaffMember
from outreach.schools.sharing import SharingChanges, change_sharing
from tests.answered import launch_campaign
from tests.contract.catching import Catcher
from tests.factories import MadeSchool, make_pupil, make_school, run_workers


@dataclass(frozen=True)
class Launched:
    wired: web.Parts
    school: MadeSchool
    campaign_id: UUID

    def status(self) -> Status:
        with transaction(self.wired.sessions, self.school.id) as session:
            return status(session, self.campaign_id, now())

    def mails(self) -> dict[str, int]:
        return {state.value: count for state, count in self.status().messages.items() if count}

    def message(self) -> Message:
        with transaction(self.wired.sessions, self.school.id) as session:
            return session.scalars(select(Message)).one()

    def make_due(self) -> None:
        with transaction(self.wired.sessions, self.school.id) as session:
            session.execute(update(Message).values(next_attempt_at=now()))


@pytest.fixture
def school(wired: web.Parts) -> MadeSchool:
    return make_school(wired.sessions)


def launch(wired: web.Parts, school: MadeSchool, *addresses: str) -> Launched:
    with transaction(wired.sessions, school.id) as session:
        for address in addresses:
            make_pupil(session, forename="Robin", work=address)
        campaign_id = launch_campaign(session, wired.library, now())
    return Launched(wired, school, campaign_id)


def test_every_mailable_pupil_gets_one_mail_with_their_own_link(
    wired: web.Parts, school: MadeSchool, mailbox: Catcher
) -> None:
    addresses = [f"p{number}@pupils.example" for number in range(30)]
    launched = launch(wired, school, *addresses)
    run_workers(wired)
    assert launched.mails() == {"accepted": 30}
    assert Counter(mail.recipient for mail in mailbox.mails) == Counter(addresses)
    assert len({mail.link for mail in mailbox.mails}) == 30
    assert all(mail.link.startswith("http://127.0.0.1:8000/q/") for mail in mailbox.mails)
