"""What happens next with one pupil of a campaign, and who does it: one sentence for a list's row."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal

from outreach.campaigns.held_mail import DOMAIN_HELD
from outreach.campaigns.outbox import Stop
from outreach.campaigns.states import ANSWERED, CampaignState, InvitationState, MessageState
from outreach.clock import london
from outreach.mail.bounces.judging import judge
from outreach.mail.bounces.tables import Meaning, meanings
from outreach.pupils.reach.reasons import Mender, Reason
from outreach.pupils.reach.why import Why

Key = Literal["it_team", "mis_office", "student", "us", "wait"]


class Action(Enum):
    """What a careers leader can do about it here."""

    FIX_ADDRESS = "fix_address"
    SEND_AGAIN = "send_again"
    RELEASE = "release"
    RESUME = "resume"
    SLIP = "slip"


@dataclass(frozen=True)
class NextStep:
    """`for_viewers` is what a tutor reads: it must not tell why a pupil cannot be mailed."""

    words: str
    action: Action | None = None
    viewer_words: str | None = None

    @property
    def for_viewers(self) -> str:
        return self.words if self.viewer_words is None else self.viewer_words


@dataclass(frozen=True)
class Standing:
    """Where a pupil stands. `why` is what the gate says now, None for mailable; the fields of
    `mail` are of the latest message that asks, where there is one."""

    campaign: CampaignState
    state: InvitationState
    stopped_reason: str | None = None
    mail_stopped: bool = False
    may_answer_again: bool = False
    why: Why | None = None
    mail: MessageState | None = None
    mail_reason: str | None = None
    status_code: str | None = None
    said: str | None = None
    next_attempt_at: datetime | None = None
    reminder_at: datetime | None = None


SLIP_WORKS = "A printed slip works meanwhile"
_SEEN_TO = f"The careers leader sees to the mail. {SLIP_WORKS}"
_NOTHING = "Nothing"
_FIX = NextStep("Fix the address, and it is sent again", Action.FIX_ADDRESS, _SEEN_TO)
_SLIP_ONLY = NextStep("No mail goes to this pupil. Print a slip, or sit beside them", Action.SLIP)
_ANSWERED = NextStep(f"{_NOTHING}: answered")
_MAY_ANSWER_AGAIN = NextStep("The student may answer again")

_OVER = {
    CampaignState.CLOSED: NextStep(f"{_NOTHING}: the campaign is closed"),
    CampaignState.CANCELLED: NextStep(f"{_NOTHING}: the campaign was cancelled"),
}

_OF_GATE: Mapping[Reason, NextStep] = {
    Reason.ERASED: NextStep(f"{_NOTHING}: this pupil was deleted"),
    Reason.LEFT_SCHOOL: NextStep(f"{_NOTHING}: has left the school"),
    Reason.ALREADY_ANSWERED: NextStep(f"{_NOTHING}: has answered already this school year"),
    Reason.NO_ADDRESS: _FIX,
    Reason.INVALID_ADDRESS: _FIX,
    Reason.SUPPRESSED: _FIX,
}
_OF_MENDER: Mapping[Mender, NextStep] = {
    Mender.MIS_OFFICE: NextStep(
        "Whoever keeps the MIS: see whether this pupil is still at the school", None, _SEEN_TO
    ),
    Mender.DATA_PROTECTION: NextStep(
        f"Data protection lead: allow it on the Data sharing page. {SLIP_WORKS}", None, _SEEN_TO
    ),
}

_OF_FAILURE: Mapping[Key, NextStep] = {
    "it_team": NextStep(
        "IT team: let our mail through. Then send again", Action.SEND_AGAIN, _SEEN_TO
    ),
    "mis_office": _FIX,
    "student": NextStep(
        "The student: empty the mailbox. Then send again", Action.SEND_AGAIN, _SEEN_TO
    ),
    "us": NextStep(
        "Whoever runs this service: mend the sending. Then send again",
        Action.SEND_AGAIN,
        _SEEN_TO,
    ),
    "wait": NextStep("Send again later", Action.SEND_AGAIN, _SEEN_TO),
}


def next_step(standing: Standing) -> NextStep:
    if standing.state in ANSWERED:
        return _MAY_ANSWER_AGAIN if standing.may_answer_again else _ANSWERED
    if standing.campaign in _OVER:
        return _OVER[standing.campaign]
    if standing.state is InvitationState.STOPPED:
        return _after_stop(standing.stopped_reason)
    if standing.mail_stopped:
        return _SLIP_ONLY
    return _by_mail(standing) if standing.why is None else _by_gate(standing.why)


def _by_gate(why: Why) -> NextStep:
    if why.mender is Mender.STUDENT:
        return _SLIP_ONLY
    known = _OF_GATE.get(why.reason)
    return _OF_MENDER[why.reason.mender] if known is None else known


def failure(status_code: str | None, reason: str | None, said: str | None) -> Meaning:
    """What a refusal or a bounce means: by its reason where that says it, else by code and words."""
    known = meanings()
    if reason in known:
        return known[reason]
    return known[judge(status_code, said or "").reason]


def _after_stop(reason: str | None) -> NextStep:
    if reason == Stop.NOT_ME.value:
        words = "Fix the address: the mail reached somebody else"
        return NextStep(words, Action.FIX_ADDRESS, _SEEN_TO)
    if reason == Stop.DECLINED.value:
        return NextStep(f"{_NOTHING}: the student does not want to answer")
    return NextStep(f"{_NOTHING}: stopped")


def _by_mail(standing: Standing) -> NextStep:
    match standing.mail:
        case None:
            step = NextStep("Can be mailed now: send the invitation", Action.SEND_AGAIN)
        case MessageState.QUEUED | MessageState.SENDING | MessageState.DEFERRED:
            step = _on_its_way(standing)
        case MessageState.REFUSED | MessageState.BOUNCED:
            step = _OF_FAILURE[_mender(standing)]
        case MessageState.HELD:
            step = _while_held(standing.mail_reason)
        case MessageState.STOPPED:
            words = "Can be mailed now: send the stopped mail"
            step = NextStep(words, Action.RELEASE, _SEEN_TO)
        case MessageState.ACCEPTED | MessageState.UNKNOWN:
            step = _after_arrival(standing)
    return step


def _while_held(reason: str | None) -> NextStep:
    if reason == DOMAIN_HELD:
        words = "IT team: allow the sender. The top of the campaign’s page says how"
        return NextStep(words, None, _SEEN_TO)
    return NextStep("Held here: send it when the reason is gone", Action.RELEASE, _SEEN_TO)


def _mender(standing: Standing) -> Key:
    return failure(standing.status_code, standing.mail_reason, standing.said).mender


def _on_its_way(standing: Standing) -> NextStep:
    if standing.campaign is CampaignState.PAUSED:
        return NextStep("Resume the campaign: its mail waits", Action.RESUME, _SEEN_TO)
    if standing.mail is MessageState.DEFERRED and standing.next_attempt_at is not None:
        when = london(standing.next_attempt_at)
        return NextStep(f"Tried again by itself, {day_words(when)} at {when:%H:%M}")
    return NextStep("The mail goes out by itself")


def _after_arrival(standing: Standing) -> NextStep:
    is_unknown = standing.mail is MessageState.UNKNOWN
    if standing.reminder_at is not None:
        return NextStep(f"Reminder {day_words(london(standing.reminder_at))}, by itself")
    if is_unknown:
        return NextStep("Ask whether it arrived, or send again", Action.SEND_AGAIN)
    return NextStep("The student: answer. No reminder is planned")


def day_words(day: datetime) -> str:
    """on Tuesday 1 December"""
    return f"on {day:%A} {day.day} {day:%B}"
