"""What each step of a campaign's mail says: the invite here, other steps by whoever knows them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from outreach.campaigns.claiming import Batch, Claimed
from outreach.campaigns.composing import InviteLetter
from outreach.campaigns.states import MessageStep
from outreach.database import transaction
from outreach.mail.composing import Mail
from outreach.parts import Parts


class Letter(Protocol):
    """Writes one mail; in the threads that hand over, so with no transaction of its own."""

    @property
    def return_path(self) -> str: ...

    def write(self, message: Claimed, at: datetime) -> Mail: ...


LetterMaker = Callable[[Session, InviteLetter, Sequence[Claimed]], Letter]
"""Reads all that these messages of one campaign need. May raise NotInstalled."""

Makers = Mapping[MessageStep, LetterMaker]
"""By step, from the rooms above this one: they know what such a mail holds."""


@dataclass(frozen=True)
class LettersByStep:
    invite: InviteLetter
    others: Mapping[MessageStep, Letter]

    @property
    def return_path(self) -> str:
        return self.invite.return_path

    def write(self, message: Claimed, at: datetime) -> Mail:
        if message.step is MessageStep.INVITE:
            return self.invite.write(message, at)
        return self.others[message.step].write(message, at)


def letters_for(parts: Parts, batch: Batch, makers: Makers) -> Letter:
    """Of one batch, from one transaction. Raises NotInstalled."""
    by_step: dict[MessageStep, list[Claimed]] = {}
    for message in batch.messages:
        by_step.setdefault(message.step, []).append(message)
    others = [step for step in by_step if step is not MessageStep.INVITE]
    if not others:
        return InviteLetter.of(parts, batch.school, batch.campaign)
    with transaction(parts.sessions, batch.school.id) as session:
        invite = InviteLetter.read(session, parts, batch.school, batch.campaign)
        return LettersByStep(
            invite, {step: makers[step](session, invite, by_step[step]) for step in others}
        )
