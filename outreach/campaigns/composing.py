"""Writes each mail that asks to answer: for a pupil, for a staff member's test, for a preview.

Works in a worker too, where there is no web application.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parseaddr
from functools import cache, cached_property
from html import escape
from pathlib import Path
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy.orm import Session

from outreach.campaigns.claiming import Claimed
from outreach.campaigns.finding import find_campaign
from outreach.campaigns.letter_words import (
    StepWords,
    fill_body,
    fill_subject,
    own_words,
    usual_words,
)
from outreach.campaigns.links import link_token, stop_token
from outreach.campaigns.models import Campaign
from outreach.campaigns.pinning import BY_STAGE, definitions_of
from outreach.campaigns.return_paths import return_headers, return_path
from outreach.campaigns.states import MessageStep
from outreach.clock import long_date
from outreach.database import enter_school, transaction
from outreach.errors import NotFound
from outreach.mail.composing import Mail
from outreach.mail.skeleton import Skeleton, new_mark
from outreach.parts import Parts
from outreach.schools.contacts import Contact, contacts_of
from outreach.schools.models import Account, AccountMail, School
from questionnaires.model import DEFAULT_LANGUAGE, Questionnaire
from questionnaires.timing import minutes_to_answer

TEMPLATES = Path(__file__).parents[2] / "templates" / "emails"
SAMPLE_NAME = "Sam"
MARKS = {name: new_mark() for name in ("first_name", "link_url", "stop_url")}
BUTTONS = {True: "Begin the questionnaire", False: "Go to the questionnaire"}
"""For the invite, and for whoever may have begun."""


@dataclass(frozen=True)
class Rendered:
    """The words of one mail."""

    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)


@dataclass(frozen=True)
class SharedWords:
    """One step's mail, rendered once for all pupils of a batch."""

    subject: Skeleton = field(repr=False)
    text: Skeleton = field(repr=False)
    html: Skeleton = field(repr=False)

    @classmethod
    def of(cls, rendered: Rendered) -> "SharedWords":
        """`rendered` has MARKS where each pupil's own goes."""
        return cls(
            Skeleton(rendered.subject, MARKS),
            Skeleton(rendered.text, MARKS),
            Skeleton(rendered.html, MARKS, escape),
        )

    def fill(self, first_name: str, link_url: str, stop_url: str) -> Rendered:
        own = {"first_name": first_name, "link_url": link_url, "stop_url": stop_url}
        return Rendered(self.subject.fill(own), self.text.fill(own), self.html.fill(own))


@dataclass(frozen=True)
class InviteLetter:
    """What all invites of one campaign have in common, made once a batch."""

    parts: Parts
    school: School
    campaign: Campaign
    questionnaires: tuple[Questionnaire, ...]
    """All that the campaign gives, the supported one last."""

    contact: Contact | None
    """Whom the student may ask about it, where the school has said."""

    own_words: Mapping[MessageStep, StepWords] = field(default_factory=dict)
    """By step, where the school has put it in its own words."""

    @classmethod
    def of(cls, parts: Parts, school: School, campaign: Campaign) -> "InviteLetter":
        """For delivery, which has no transaction open between its claims and records."""
        with transaction(parts.sessions, school.id) as session:
            return cls.read(session, parts, school, campaign)

    @classmethod
    def read(
        cls, session: Session, parts: Parts, school: School, campaign: Campaign
    ) -> "InviteLetter":
        given = definitions_of(session, parts.library, campaign.id)
        contact = contacts_of(session).careers
        return cls(parts, school, campaign, given, contact, own_words(session, campaign.id))

    @property
    def title(self) -> str:
        """The questionnaire's own, where all but those with the supported version get one."""
        if self.campaign.questionnaire == BY_STAGE:
            return "Future Skills Questionnaire"
        return self.questionnaires[0].title.in_(DEFAULT_LANGUAGE)

    @cached_property
    def from_address(self) -> str:
        return parseaddr(self.parts.settings.mail_from)[1]

    def return_path(self, message_id: UUID) -> str:
        """The envelope's sender: signed, and another for each message."""
        return return_path(self.parts, self.school.key, message_id)

    @cached_property
    def from_name(self) -> str:
        """The school first: it is the school that asks, and the name students know."""
        service = parseaddr(self.parts.settings.mail_from)[0]
        return f"{self.school.name} via {service}" if service else self.school.name

    @cached_property
    def _common(self) -> dict[str, object]:
        closes_at = self.campaign.closes_at
        return {
            "school_name": self.school.name,
            "title": self.title,
            "minutes": max(minutes_to_answer(one) for one in self.questionnaires),
            "closes_on": long_date(closes_at) if closes_at else None,
            "contact": self.contact,
        }

    def render(
        self,
        first_name: str,
        link_url: str,
        stop_url: str,
        notice_url: str,
        *,
        step: MessageStep = MessageStep.INVITE,
        has_new_link: bool = False,
    ) -> Rendered:
        """`has_new_link`: it is sent in place of a link that has ended."""
        words = self.own_words.get(step) or usual_words(step)
        common = self._common
        values = {
            "first_name": first_name,
            "link": link_url,
            "closes_on": None if common["closes_on"] is None else str(common["closes_on"]),
            "school": self.school.name,
            "questionnaire": self.title,
            "minutes": str(common["minutes"]),
        }
        own = {
            "subject": fill_subject(words.subject, values),
            "paragraphs": fill_body(words.body, values),
            "is_invite": step is MessageStep.INVITE,
            "button": BUTTONS[step is MessageStep.INVITE],
            "first_name": first_name,
            "link_url": link_url,
            "stop_url": stop_url,
            "privacy_url": notice_url,
            "has_new_link": has_new_link,
        }
        subject, text, html = (
            _environment().get_template(f"asking/{name}").render(common | own)
            for name in ("subject.txt", "body.txt", "body.html")
        )
        return Rendered(subject.strip(), text, html)

    def write(self, message: Claimed, at: datetime) -> Mail:
        """The mail of one pupil. Its Message-ID is the message's: the same whenever written."""
        signer, key, public_url = self.parts.signer, self.school.key, self.parts.settings.public_url
        stop_url = f"{public_url}/stop/{stop_token(signer, key, message.link_id)}"
        link_url = f"{public_url}/q/{link_token(signer, key, message.link_id)}"
        has_new_link = message.has_new_link and message.step is MessageStep.INVITE
        shared = self._shared(message.step, has_new_link=has_new_link)
        rendered = shared.fill(message.first_name, link_url, stop_url)
        headers = {
            "List-Unsubscribe": f"<{stop_url}>",  # RFC 2369, RFC 8058
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
            "Feedback-ID": self._feedback_id(message.step),
            **return_headers(self.parts, key, message.message_id),
        }
        return self.mail(rendered, message.message_id, message.address, at, headers)

    def _feedback_id(self, step: MessageStep) -> str:
        """By which a mailbox provider counts complaints: opaque, the sender's own name last."""
        return f"{self.campaign.id.hex}:{self.school.key.hex()}:{step.value}:outreach"

    @cached_property
    def _shared_by_kind(self) -> dict[tuple[MessageStep, bool], SharedWords]:
        return {}

    def _shared(self, step: MessageStep, *, has_new_link: bool) -> SharedWords:
        kind = step, has_new_link
        shared = self._shared_by_kind.get(kind)
        if shared is None:
            stop = MARKS["stop_url"]
            marked = (MARKS["first_name"], MARKS["link_url"], stop, f"{stop}/privacy")
            rendered = self.render(*marked, step=step, has_new_link=has_new_link)
            shared = self._shared_by_kind[kind] = SharedWords.of(rendered)
        return shared

    def write_test(
        self, mail_id: UUID, address: str, at: datetime, step: MessageStep = MessageStep.INVITE
    ) -> Mail:
        """To a staff member: the same words, with a link that answers nothing and stops nothing."""
        rendered = self.render_sample(step)
        headers = {"Auto-Submitted": "auto-generated"}
        return self.mail(rendered, mail_id, address, at, headers, prefix="[Test] ")

    def render_sample(
        self, step: MessageStep = MessageStep.INVITE, first_name: str = SAMPLE_NAME
    ) -> Rendered:
        """As staff see it. Its links lead to the campaign's other previews."""
        public_url = self.parts.settings.public_url
        here = f"{public_url}/staff/campaigns/{self.campaign.id}/preview"
        return self.render(
            first_name,
            f"{here}/questionnaire",
            f"{here}/mail",
            f"{public_url}/privacy",
            step=step,
        )

    def mail(
        self,
        rendered: Rendered,
        id: UUID,
        address: str,
        at: datetime,
        headers: dict[str, str],
        *,
        prefix: str = "",
    ) -> Mail:
        return Mail(
            message_id=f"<{id}@{self.from_address.rpartition('@')[2]}>",
            from_=(self.from_name, self.from_address),
            to=(None, address),
            subject=prefix + rendered.subject,
            text=rendered.text,
            html=rendered.html,
            date=at,
            headers=headers,
        )


def preview_step(
    session: Session,
    parts: Parts,
    campaign: Campaign,
    now: datetime,
    step: MessageStep = MessageStep.INVITE,
    first_name: str = SAMPLE_NAME,
) -> Mail:
    """For the staff page."""
    school = session.get_one(School, campaign.school_id)
    letter = InviteLetter.read(session, parts, school, campaign)
    rendered = letter.render_sample(step, first_name)
    return letter.mail(rendered, campaign.id, letter.from_address, now, {})


def compose_test_send(session: Session, parts: Parts, account_mail: AccountMail) -> Mail:
    """Enters the school of the campaign. NotFound where school, campaign or account is gone."""
    if account_mail.school_id is None or account_mail.campaign_id is None:
        raise NotFound("This test send names no campaign.")
    account = session.get(Account, account_mail.account_id)
    school = session.get(School, account_mail.school_id)
    if account is None or school is None:
        raise NotFound("The account or the school of this test send is gone.")
    enter_school(session, school.id)
    campaign = find_campaign(session, account_mail.campaign_id)
    letter = InviteLetter.read(session, parts, school, campaign)
    step = MessageStep(account_mail.step or MessageStep.INVITE.value)
    return letter.write_test(account_mail.id, account.email, account_mail.queued_at, step)


@cache
def _environment() -> Environment:
    """Compiled once a process."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
