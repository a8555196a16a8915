"""Who writes each step of a campaign's mail: what asks to answer here, the rest by whoever knows it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from outreach.campaigns.claiming import Batch, Claimed
from outreach.campaigns.composing import InviteLetter
from outreach.campaigns.outbox import Stop
from outreach.campaigns.states import ASKING, MessageStep
from outreach.database import transaction
from outreach.mail.composing import Mail
from outreach.parts import Parts

log = logging.getLogger(__name__)


class Letter(Protocol):
    """Writes one mail; in the threads that hand over, so with no transaction of its own."""

    def return_path(self, message_id: UUID) -> str: ...

    def write(self, message: Claimed, at: datetime) -> Mail: ...


@dataclass(frozen=True)
class Unwritten:
    """Why one message cannot be written: it stops, or waits for what `words` ask of the operator."""

    stop: Stop | None = None
    words: str | None = None


@dataclass(frozen=True)
class Made:
    """`unwritten`, by message, are left out: their neighbours go without them."""

    letter: Letter
    unwritten: Mapping[UUID, Unwritten]


LetterMaker = Callable[[Session, InviteLetter, Sequence[Claimed]], Made]
"""Reads all that these messages of one campaign need. Raises only where none of them can be had."""

Makers = Mapping[MessageStep, LetterMaker]
"""By step, from the rooms above this one: they know what such a mail holds."""


@dataclass(frozen=True)
class LettersByStep:
    invite: InviteLetter
    others: Mapping[MessageStep, Letter]

    def return_path(self, message_id: UUID) -> str:
        return self.invite.return_path(message_id)

    def write(self, message: Claimed, at: datetime) -> Mail:
        if message.step in ASKING:
            return self.invite.write(message, at)
        return self.others[message.step].write(message, at)


def letters_for(parts: Parts, batch: Batch, makers: Makers) -> Made:
    """Of one batch, from one transaction. Raises NotInstalled."""
    by_step: dict[MessageStep, list[Claimed]] = {}
    for message in batch.messages:
        by_step.setdefault(message.step, []).append(message)
    asking = [by_step.pop(step) for step in ASKING if step in by_step]
    if asking and not by_step:
        return Made(InviteLetter.of(parts, batch.school, batch.campaign), {})
    letters: dict[MessageStep, Letter] = {}
    unwritten: dict[UUID, Unwritten] = {}
    with transaction(parts.sessions, batch.school.id) as session:
        invite = InviteLetter.read(session, parts, batch.school, batch.campaign)
        for step, messages in by_step.items():
            if step not in makers:
                log.error("no maker of step=%s campaign=%s", step.value, batch.campaign.id)
                nobody = Unwritten(Stop.NOT_WRITTEN)
                unwritten |= {message.message_id: nobody for message in messages}
                continue
            made = makers[step](session, invite, messages)
            letters[step] = made.letter
            unwritten |= made.unwritten
    return Made(LettersByStep(invite, letters), unwritten)
