"""Campaign states and reasons as staff read them, and the tone of each."""

from collections.abc import Mapping
from dataclasses import dataclass

from outreach.campaigns.muting import UNSUBSCRIBED
from outreach.campaigns.outbox import Stop
from outreach.campaigns.states import CampaignState, InvitationState, MessageState, MessageStep
from outreach.mail.bounces.tables import meanings
from outreach.pupils.reach.reasons import Reason


@dataclass(frozen=True)
class Words:
    """A state in words. `tone` colours a tag or a bar; `meaning` is for whoever asks."""

    text: str
    tone: str
    meaning: str


NOT_MAILED = "not_mailed"
"""Beside the states of a message: invited on paper or not at all, because no mail was written."""

CAMPAIGN: Mapping[CampaignState, Words] = {
    CampaignState.DRAFT: Words("Draft", "neutral", "Nobody has been mailed."),
    CampaignState.LAUNCHING: Words("Launching", "info", "Invitations are being written."),
    CampaignState.SENDING: Words("Open", "info", "Students can answer. Mail goes out."),
    CampaignState.PAUSED: Words("Paused", "warn", "No mail goes out. Links still work."),
    CampaignState.CANCELLED: Words("Cancelled", "neutral", "Mail and links have stopped."),
    CampaignState.CLOSED: Words("Closed", "neutral", "Answers are no longer taken."),
}

MAY_ANSWER_AGAIN = "Staff let them answer again; what they sent counts until they send more"

_I = InvitationState
INVITATION: Mapping[InvitationState, Words] = {
    _I.WRITTEN_BACK: Words("Answered", "good", "Sent in, and written into the pupil’s profile."),
    _I.SUBMITTED: Words("Answered, being scored", "brand", "Sent in. The profile follows shortly."),
    _I.STARTED: Words("Started", "info", "At least one answer is saved, and not sent in yet."),
    _I.NOT_STARTED: Words("Not started", "neutral", "No answer is saved yet."),
    _I.STOPPED: Words(
        "Stopped", "warn", "The student chose not to answer, or it was not for them."
    ),
    _I.PREPARING: Words("Being prepared", "neutral", "The invitation is about to be written."),
}

_M = MessageState
MESSAGE: Mapping[str, Words] = {
    _M.ACCEPTED.value: Words(
        "Taken by the mail server", "good", "The school’s mail server took it."
    ),
    _M.SENDING.value: Words("Being sent", "info", "A worker is handing it over now."),
    _M.QUEUED.value: Words("Waiting to be sent", "brand", "It goes out by itself."),
    _M.DEFERRED.value: Words(
        "Put off", "warn", "The mail server said “not now”. It is tried again by itself."
    ),
    _M.HELD.value: Words("Held", "warn", "Kept here, and not sent."),
    _M.UNKNOWN.value: Words(
        "Not known",
        "warn",
        "The connection broke while it was handed over, so it may or may not have arrived. "
        "It is not sent again unless you say so.",
    ),
    _M.REFUSED.value: Words("Refused", "bad", "The mail server would not take it."),
    _M.BOUNCED.value: Words("Came back", "bad", "It was taken first and returned later."),
    _M.STOPPED.value: Words("Stopped", "neutral", "It was stopped before it was sent."),
    NOT_MAILED: Words("Not mailed", "neutral", "No mail may be sent to this pupil."),
    _I.PREPARING.value: Words("Being prepared", "neutral", "The mail is about to be written."),
}

_T = MessageStep
STEP_NAMES: Mapping[MessageStep, str] = {
    _T.INVITE: "Invite",
    _T.REMINDER_1: "First reminder",
    _T.REMINDER_2: "Second reminder",
    _T.REMINDER_3: "Third reminder",
    _T.LAST_CHANCE: "Last chance",
    _T.COPY: "The student’s own copy",
}

EVENT: Mapping[str, Words] = {
    _M.ACCEPTED.value: Words("taken by the mail server", "good", ""),
    _M.DEFERRED.value: Words("put off by the mail server, tried again by itself", "warn", ""),
    _M.REFUSED.value: Words("refused by the mail server", "bad", ""),
    _M.UNKNOWN.value: Words("the connection broke: it may or may not have arrived", "warn", ""),
    _M.BOUNCED.value: Words("came back", "bad", ""),
    "delivered": Words("delivered", "good", ""),
    "delayed": Words("delayed on its way, the mail server goes on trying", "warn", ""),
    "out_of_office": Words("answered by an out-of-office note, so it arrived", "neutral", ""),
    "complaint": Words("reported as unwanted", "bad", ""),
    "challenge": Words("the mailbox asks every sender to prove themselves", "warn", ""),
}
"""Facts about one mail, as they go on after its name."""

HELD_COPY = Words(
    "Held: a student’s own copy", "warn", "Asked for by mail, kept here, and not sent."
)

_STOPS = {
    Stop.DECLINED: "The student does not want to answer",
    Stop.NOT_ME: "The person who got it said that it is not for them",
    Stop.SUBMITTED: "The student answered before it was sent",
    Stop.LINK_REVOKED: "A newer link replaced it",
    Stop.CANCELLED: "The campaign was cancelled",
    Stop.CLOSED: "The campaign was closed",
    Stop.NO_SCHOOL_ADDRESS: "A copy goes to a school address only, and the pupil has none now",
    Stop.NOTHING_TO_COPY: "What the copy was asked of is deleted, or the student may answer again",
    Stop.NOT_WRITTEN: "The service could not write it; its log says why",
}

_REASONS = {
    **{stop.value: words for stop, words in _STOPS.items()},
    **{reason.value: reason.words for reason in Reason},
    UNSUBSCRIBED: "The student asked for no more mail about this questionnaire",
    "mail_server": "The mail server refused it",
    "not_now": "The mail server said “not now”",
    "gave_up": "It was put off for too long, and given up",
    "cut_off": "The connection or the service broke off while it was handed over",
    "demo": "This is a demonstration school",
    "definition_missing": "The questionnaire is not installed here as it was at the launch",
    "answered": "The student answered, so it arrived",
    "domain_held": "The school’s mail server turned mail away by a rule; this waits until it lets mail in",
    "paced": "Slowed down, so that the school’s mail server is not asked for too much at once",
}


def reason_words(reason: str | None) -> str:
    """A stop, a reason of the gate or of the mail servers, or the code of something newer."""
    if not reason:
        return ""
    if reason in _REASONS:
        return _REASONS[reason]
    known = meanings().get(reason)
    return reason.replace("_", " ").capitalize() if known is None else known.words.rstrip(".")


def event_words(kind: str) -> Words:
    return EVENT.get(kind) or Words(kind.replace("_", " "), "neutral", "")
