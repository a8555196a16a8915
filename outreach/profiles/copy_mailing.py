"""The student's own copy as a mail, where the student asked for it: the words of the copy page.

The PDF is not attached: the outbox writes one kind of mail, text and HTML, whose size is known.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import MappingProxyType
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from outreach.answering.models import AnsweringSession, Response
from outreach.answering.saving import answers_of
from outreach.answering.speaking import is_unread, words_in
from outreach.campaigns.claiming import Claimed
from outreach.campaigns.composing import TEMPLATES, InviteLetter, Rendered
from outreach.campaigns.letters import Made, Makers, Unwritten
from outreach.campaigns.outbox import Stop
from outreach.campaigns.own.library import of_school
from outreach.campaigns.pinning import NotInstalled, Pin, definition
from outreach.campaigns.states import MessageStep
from outreach.database import school_of
from outreach.mail.composing import Mail
from outreach.profiles.copying import OwnCopy, copy_of, meanings

log = logging.getLogger(__name__)


class NothingToCopy(Exception):
    """The response was deleted since its copy was asked for."""


@dataclass(frozen=True)
class CopyLetter:
    """All copies of one batch, read beforehand, by message."""

    invite: InviteLetter
    rendered: Mapping[UUID, Rendered] = field(repr=False)

    @property
    def return_path(self) -> str:
        return self.invite.return_path

    def write(self, message: Claimed, at: datetime) -> Mail:
        """Without a way to stop mail: the student asked for this one, and no other follows it."""
        headers = {"Auto-Submitted": "auto-generated"}
        words = self.rendered[message.message_id]
        return self.invite.mail(words, message.message_id, message.address, at, headers)


def read_copies(session: Session, invite: InviteLetter, messages: Sequence[Claimed]) -> Made:
    """A copy that cannot be had is left out with its reason; only the database's faults are raised."""
    rendered: dict[UUID, Rendered] = {}
    unwritten: dict[UUID, Unwritten] = {}
    for message in messages:
        try:
            rendered[message.message_id] = _read_copy(session, invite, message.invitation_id)
        except NothingToCopy:
            unwritten[message.message_id] = Unwritten(Stop.NOTHING_TO_COPY)
        except NotInstalled as fault:
            unwritten[message.message_id] = Unwritten(words=fault.words)
        except SQLAlchemyError:
            raise
        except Exception as fault:
            log.error("no copy message=%s: %s", message.message_id, type(fault).__name__)
            unwritten[message.message_id] = Unwritten(Stop.NOT_WRITTEN)
    return Made(CopyLetter(invite, rendered), unwritten)


MAKERS: Makers = MappingProxyType({MessageStep.COPY: read_copies})


def copies_sent(session: Session, invitation_id: UUID) -> int:
    """How many responses of this invitation were sent: the number of the latest one's copy."""
    sent = select(func.count()).where(
        Response.school_id == school_of(session),
        Response.invitation_id == invitation_id,
        Response.submitted_at.is_not(None),
    )
    return session.scalar(sent) or 0


def _read_copy(session: Session, invite: InviteLetter, invitation_id: UUID) -> Rendered:
    response = session.scalars(
        select(Response)
        .where(
            Response.school_id == school_of(session),
            Response.invitation_id == invitation_id,
            Response.submitted_at.is_not(None),
        )
        .order_by(Response.submitted_at.desc())
        .limit(1)
    ).one_or_none()
    if response is None:
        raise NothingToCopy
    library = of_school(session, invite.parts.library)
    pin = Pin(response.questionnaire, response.version, response.sha256, "")
    asked = definition(library, pin)
    language = _language(session, response)
    copy = copy_of(asked, library, answers_of(session, response, asked), language)
    return _render(invite, response, copy, language, unread=is_unread(asked, language))


def _language(session: Session, response: Response) -> str:
    """What the student read last: that of the page on which they asked."""
    latest = session.scalar(
        select(AnsweringSession.language)
        .where(
            AnsweringSession.school_id == response.school_id,
            AnsweringSession.invitation_id == response.invitation_id,
        )
        .order_by(AnsweringSession.last_seen_at.desc())
        .limit(1)
    )
    return latest or response.language


def _render(
    invite: InviteLetter, response: Response, copy: OwnCopy, language: str, *, unread: bool
) -> Rendered:
    say = words_in(language)
    school = invite.school.name
    words = {
        "language": say.html_language,
        "direction": say.direction,
        "school_name": school,
        "subject": say.plain("copy_mail_subject"),
        "title": say.plain("copy_title"),
        "lead": say.plain(
            "copy_lead", moment=say.moment(response.submitted_at or response.started_at)
        ),
        "reference": say.plain("reference", reference=response.reference or ""),
        "meanings": [(say.plain(key), items) for key, items in meanings(copy) if items],
        "next": say.plain("copy_next"),
        "steps": copy.steps,
        "who": say.plain("copy_who"),
        "who_text": say.plain("copy_who_text", school=school),
        "said": say.plain("copy_said"),
        "sections": copy.sections,
        "by_machine": say.plain("by_machine") if unread else "",
        "why": say.plain("copy_mail_why"),
        "wrong": say.plain("copy_mail_wrong", school=school),
    }
    subject, text, html = (
        _environment().get_template(f"copy/{name}").render(words)
        for name in ("subject.txt", "body.txt", "body.html")
    )
    return Rendered(" ".join(subject.split()), text, html)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
