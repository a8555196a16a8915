"""What the list of a campaign's pupils can be narrowed to; an address that is made up asks for less."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import ColumnElement, Subquery

from outreach.campaigns.models import Invitation
from outreach.campaigns.reached import FAILED, is_unreached
from outreach.campaigns.states import ANSWERED, CAN_ANSWER, InvitationState
from outreach.campaigns.views.by_group import WITHOUT_GROUP
from outreach.campaigns.views.mailed import NO_CAUSE
from outreach.campaigns.wording import INVITATION, MESSAGE, Words
from outreach.pupils.groups import GroupName, is_in_any, registration_group
from outreach.pupils.models import GroupKind
from outreach.pupils.reach.reasons import Reason

ANY = ("", "Any")
UNANSWERED, HAVE_ANSWERED = "unanswered", "answered"
"""Beside the states: everybody who can still answer and has not; and everybody who has."""

UNREACHED, HAVE_FAILED = "unreached", "failed"
"""Beside the states of mail: those whom no mail reached who can answer; and what did not arrive."""

_GROUPED_STATES = {UNANSWERED: CAN_ANSWER, HAVE_ANSWERED: ANSWERED}
_CAUSE = re.compile(r"[a-z0-9_.]{1,40}")
FILTERS = ("state", "mail", "reason", "group", "cause")


@dataclass(frozen=True)
class Filter:
    """What the list is narrowed to; an empty string is no narrowing.

    `reason` is why no mail was written at the launch, `cause` why the last mail did not go.
    """

    state: str = ""
    mail: str = ""
    reason: str = ""
    group: str = ""
    cause: str = ""

    def query(self) -> dict[str, str]:
        return {name: value for name, value in vars(self).items() if value}

    @property
    def is_of_failing(self) -> bool:
        """Whether everybody on the list may want their mail again."""
        return self.mail in {UNREACHED, HAVE_FAILED, *(state.value for state in FAILED)}


def known_filter(typed: Filter) -> Filter:
    """Without states and reasons that do not exist, which an old or made-up address may name."""
    states = {*_GROUPED_STATES, *(state.value for state in InvitationState)}
    mails = {UNREACHED, HAVE_FAILED, *MESSAGE}
    return replace(
        typed,
        state=typed.state if typed.state in states else "",
        mail=typed.mail if typed.mail in mails else "",
        reason=typed.reason if typed.reason in {one.value for one in Reason} else "",
        cause=typed.cause if _CAUSE.fullmatch(typed.cause) else "",
        group=typed.group
        if typed.group in {"", WITHOUT_GROUP}
        else GroupName.read(typed.group).key,
    )


def conditions(
    narrowed: Filter, latest: Subquery, mail: ColumnElement[str], today: date
) -> list[ColumnElement[bool]]:
    """Over Invitation and Pupil; `mail` is the state of the latest message as a text."""
    found: list[ColumnElement[bool]] = []
    if narrowed.state in _GROUPED_STATES:
        found.append(Invitation.state.in_(_GROUPED_STATES[narrowed.state]))
    elif narrowed.state:
        found.append(Invitation.state == InvitationState(narrowed.state))
    if narrowed.mail == UNREACHED:
        found.append(is_unreached())
    elif narrowed.mail == HAVE_FAILED:
        found.append(mail.in_([state.value for state in FAILED]))
    elif narrowed.mail:
        found.append(mail == narrowed.mail)
    if narrowed.reason:
        found.append(Invitation.excluded_reason == narrowed.reason)
    if narrowed.cause == NO_CAUSE:
        found.append(latest.c.reason.is_(None))
    elif narrowed.cause:
        found.append(latest.c.reason == narrowed.cause)
    if narrowed.group:
        found.append(is_in_chosen(narrowed.group, today))
    return found


def is_in_chosen(key: str, today: date) -> ColumnElement[bool]:
    """A pupil in two registration groups counts in the first, as in the lines by group."""
    if key == WITHOUT_GROUP:
        return registration_group(today).is_(None)
    group = GroupName.read(key)
    if group.kind is GroupKind.REGISTRATION:
        return registration_group(today) == group.name
    return is_in_any([group], today)


def state_options() -> list[tuple[str, str]]:
    grouped = [(UNANSWERED, "Has not answered"), (HAVE_ANSWERED, "Has answered")]
    return [ANY, *grouped, *_options((state.value, words) for state, words in INVITATION.items())]


def mail_options() -> list[tuple[str, str]]:
    grouped = [(UNREACHED, "Not reached"), (HAVE_FAILED, "Refused or came back")]
    return [ANY, *grouped, *_options(MESSAGE.items())]


def reason_options() -> list[tuple[str, str]]:
    return [ANY, *((one.value, one.words) for one in Reason)]


def _options(words: Iterable[tuple[str, Words]]) -> list[tuple[str, str]]:
    """States as a select takes them; what is being prepared has no row to show yet."""
    preparing = InvitationState.PREPARING.value
    return [(value, said.text) for value, said in words if value != preparing]
