"""A launched campaign for tests of the outbox: who was asked, and what became of each mail."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from outreach import web
from outreach.audit import OPERATOR
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.launching import launch, write_blocks
from outreach.campaigns.models import Campaign, DeliveryEvent, Invitation, Message
from outreach.campaigns.progress import Status, status
from outreach.clock import now
from outreach.database import transaction
from tests.factories import MadeSchool, make_pupil, make_school


@dataclass
class Outbox:
    """One campaign for Year 10, by the verbs that the pages and commands use."""

    wired: web.Parts
    school: MadeSchool
    campaign_id: UUID
    addresses: Sequence[str] = field(default_factory=list)

    def status(self) -> Status:
        with transaction(self.wired.sessions, self.school.id) as session:
            return status(session, self.campaign_id, now())

    @property
    def mails(self) -> dict[str, int]:
        """Messages by state, without the states that none is in."""
        return {state.value: count for state, count in self.status().messages.items() if count}

    @property
    def invitations(self) -> dict[str, int]:
        return {state.value: n for state, n in self.status().invitations.items() if n}

    @property
    def messages(self) -> Sequence[Message]:
        with transaction(self.wired.sessions, self.school.id) as session:
            here = select(Message).where(Message.campaign_id == self.campaign_id)
            return session.scalars(here.order_by(Message.queued_at, Message.attempt)).all()

    @property
    def message(self) -> Message:
        (only,) = self.messages
        return only

    @property
    def invitation(self) -> Invitation:
        with transaction(self.wired.sessions, self.school.id) as session:
            here = select(Invitation).where(Invitation.campaign_id == self.campaign_id)
            return session.scalars(here).one()

    @property
    def campaign(self) -> Campaign:
        with transaction(self.wired.sessions, self.school.id) as session:
            return session.get_one(Campaign, (self.school.id, self.campaign_id))

    @property
    def events(self) -> list[tuple[str, str]]:
        with transaction(self.wired.sessions, self.school.id) as session:
            facts = session.scalars(select(DeliveryEvent).order_by(DeliveryEvent.at)).all()
            return [(fact.source, fact.kind) for fact in facts]

    def make_due(self) -> None:
        """What waits, waits no longer."""
        with transaction(self.wired.sessions, self.school.id) as session:
            session.execute(update(Message).values(next_attempt_at=now()))


def add_up(counted: Status) -> bool:
    excluded = sum(counted.excluded.values())
    invitations = sum(counted.invitations.values())
    return counted.asked == counted.mailable + excluded == invitations


def draft(
    wired: web.Parts, *, pupils: int = 1, is_demo: bool = False, closes_at: datetime | None = None
) -> Outbox:
    """A school with so many mailable pupils in Year 10, and a draft that asks them."""
    school = make_school(wired.sessions, is_demo=is_demo)
    addresses = [f"pupil{number}@pupils.example" for number in range(pupils)]
    with transaction(wired.sessions, school.id) as session:
        for address in addresses:
            make_pupil(session, work=address)
        campaign = create_campaign(
            session,
            wired.library,
            name="Spring",
            questionnaire="gcse",
            years=[10],
            groups=[],
            closes_on=None,
            created_by=None,
            now=now(),
        )
        campaign.closes_at = closes_at
        return Outbox(wired, school, campaign.id, addresses)


def launched(wired: web.Parts, *, pupils: int = 1, is_demo: bool = False) -> Outbox:
    """As `draft`, launched and written; nothing is handed over yet."""
    outbox = draft(wired, pupils=pupils, is_demo=is_demo)
    with transaction(wired.sessions, outbox.school.id) as session:
        launch(session, outbox.campaign_id, OPERATOR, now())
    assert write_blocks(wired, outbox.school.id)
    return outbox
