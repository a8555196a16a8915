"""The student's own copy as a mail, where the student asked for it: the words of the copy page.

The PDF is not attached: the outbox writes one kind of mail, text and HTML, whose size is known. What
was written freely is left out: the school mails nobody's words but its own.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import MappingProxyType
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy import select
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
from outreach.campaigns.return_paths import return_headers
from outreach.campaigns.states import MessageStep
from outreach.database import school_of
from outreach.mail.composing import Mail
from outreach.profiles.copying import OwnCopy, asks_own_words, copy_of, meanings
from questionnaires.model import Questionnaire

log = logging.getLogger(__name__)


class NothingToCopy(Exception):
    """The response was deleted since, or may be replaced: it is not what the student would send now."""


@dataclass(frozen=True)
class CopyLetter:
    """All copies of one batch, read beforehand, by message."""

    invite: InviteLetter
    rendered: Mapping[UUID, Rendered] = field(repr=False)

    def return_path(self, message_id: UUID) -> str:
        return self.invite.return_path(message_id)

    def write(self, message: Claimed, at: datetime) -> Mail:
        """Without a way to stop mail: the student asked for this one, and no other follows it."""
        key = self.invite.school.key
        headers = {
            "Auto-Submitted": "auto-generated",
            **return_headers(self.invite.parts, key, message.message_id),
        }
        words = self.rendered[message.message_id]
        return self.invite.mail(words, message.message_id, message.address, at, headers)


def read_copies(session: Session, invite: InviteLetter, messages: Sequence[Claimed]) -> Made:
    """A copy that cannot be had is left out with its reason; only the database's faults are raised."""
    rendered: dict[UUID, Rendered] = {}
    unwritten: dict[UUID, Unwritten] = {}
    for message in messages:
        try:
            rendered[message.message_id] = _read_copy(session, invite, message)
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


def _read_copy(session: Session, invite: InviteLetter, message: Claimed) -> Rendered:
    response = session.scalar(
        select(Response).where(
            Response.school_id == school_of(session),
            Response.id == message.response_id,
            Response.submitted_at.is_not(None),
            Response.superseded_at.is_(None),
            Response.replaceable_since.is_(None),
        )
    )
    if response is None:
        raise NothingToCopy
    library = of_school(session, invite.parts.library)
    pin = Pin(response.questionnaire, response.version, response.sha256, "")
    asked = definition(library, pin)
    language = _language(session, response)
    answers = answers_of(session, response, asked)
    copy = copy_of(asked, library, answers, language, with_own_words=False)
    return _render(invite, response, asked, copy, language)


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
    invite: InviteLetter, response: Response, asked: Questionnaire, copy: OwnCopy, language: str
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
        "left_out": say.plain("copy_mail_own_words") if asks_own_words(asked) else "",
        "by_machine": say.plain("by_machine") if is_unread(asked, language) else "",
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
