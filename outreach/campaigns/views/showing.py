"""View models of the campaign pages: a draft's audience, and the progress of what was launched."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from outreach.campaigns.audience import Audience, work_out
from outreach.campaigns.models import Campaign
from outreach.campaigns.progress import status
from outreach.campaigns.reached import FAILED, count_unreached
from outreach.campaigns.resending import RESENDABLE, count_resendable
from outreach.campaigns.states import (
    ANSWERED,
    CAN_ANSWER,
    CampaignState,
    InvitationState,
    MessageState,
)
from outreach.campaigns.time_left import in_words, time_left
from outreach.campaigns.views.by_group import GroupLine, group_lines
from outreach.campaigns.views.listing import CampaignHeading, heading_of, percent_of
from outreach.campaigns.views.mailed import GivenReason, count_mail, given_reasons, held_copies
from outreach.campaigns.wording import INVITATION, MESSAGE, NOT_MAILED, Words
from outreach.pupils.reach.reasons import Mender, Reason
from questionnaires.loading import Library

FAST_SECONDS, SLOW_SECONDS = 4, 30
"""How often a page asks again: while mail moves, and while only answers can come."""

_MENDED_AT = {
    Mender.IT_TEAM: ("/staff/reach", "Who can be emailed"),
    Mender.MIS_OFFICE: ("/staff/roster", "Roster"),
    Mender.DATA_PROTECTION: ("/staff/sharing", "Data sharing"),
}

_MOVING = (MessageState.QUEUED, MessageState.SENDING)


@dataclass(frozen=True)
class ExcludedLine:
    """So many pupils who cannot be mailed, why, who can mend it, and on which page."""

    reason: Reason
    count: int
    page: tuple[str, str] | None

    @property
    def who(self) -> str:
        """Who can change it, as a sentence begins."""
        return self.reason.mender.at_start


@dataclass(frozen=True)
class AudienceView:
    asked: int
    mailable: int
    excluded: tuple[ExcludedLine, ...]

    @property
    def not_mailable(self) -> int:
        return self.asked - self.mailable

    @property
    def parts(self) -> tuple[tuple[str, int, str], ...]:
        return (
            ("Can be mailed", self.mailable, "good"),
            ("Cannot be mailed", self.not_mailable, "warn"),
        )


@dataclass(frozen=True)
class Part:
    """One piece of a bar whose pieces add up to everybody asked."""

    key: str
    words: Words
    count: int


@dataclass(frozen=True)
class ProgressView:
    heading: CampaignHeading
    audience: AudienceView
    answered: int
    started: int
    invitations: tuple[Part, ...]
    mail: tuple[Part, ...]
    reasons: tuple[GivenReason, ...]
    groups: tuple[GroupLine, ...]
    unreached: int
    """Who can answer, and no mail leads there."""
    sendable: int
    """How many of them would be sent mail if somebody pressed the button now."""
    time_left: str | None
    """Of the mail that waits; None where it is not known."""
    every_seconds: int | None
    """How soon the page should ask again; None where nothing will change by itself."""
    at: datetime

    @property
    def asked(self) -> int:
        return self.audience.asked

    @property
    def percent(self) -> int:
        return percent_of(self.answered, self.asked)

    @property
    def unanswered(self) -> int:
        return sum(self._count(state) for state in CAN_ANSWER)

    @property
    def resendable(self) -> tuple[Part, ...]:
        keys = {state.value for state in RESENDABLE}
        return tuple(part for part in self.mail if part.key in keys and part.count)

    @property
    def can_resend(self) -> bool:
        """As `resending` has it: once all invitations are written, until the campaign is over."""
        return self.heading.state in (CampaignState.SENDING, CampaignState.PAUSED)

    @property
    def can_release(self) -> bool:
        """Mail that sharing stopped, or that was held, may go once the school allows it again."""
        may_go = any(one.is_release_worth_trying for one in self.reasons)
        return may_go and self.heading.state is CampaignState.SENDING

    @property
    def waiting(self) -> int:
        """Mails that are to go out as soon as a worker can."""
        moving = {state.value for state in _MOVING}
        return sum(part.count for part in self.mail if part.key in moving)

    @property
    def has_held(self) -> bool:
        """Mail that asks, or students' own copies: these are among the reasons alone."""
        return any(one.state == MessageState.HELD.value for one in self.reasons)

    @property
    def invitation_parts(self) -> list[tuple[str, int, str]]:
        return _for_bar(self.invitations)

    @property
    def mail_parts(self) -> list[tuple[str, int, str]]:
        return _for_bar(self.mail)

    def _count(self, state: InvitationState) -> int:
        return next(part.count for part in self.invitations if part.key == state.value)


def _for_bar(parts: tuple[Part, ...]) -> list[tuple[str, int, str]]:
    return [(part.words.text, part.count, part.words.tone) for part in parts if part.count]


def audience_view(audience: Audience) -> AudienceView:
    lines = tuple(
        ExcludedLine(reason, audience.excluded[reason], _MENDED_AT.get(reason.mender))
        for reason in Reason
        if audience.excluded.get(reason)
    )
    return AudienceView(audience.asked, audience.mailable, lines)


def draft_audience(session: Session, campaign: Campaign, now: datetime) -> AudienceView:
    return audience_view(work_out(session, campaign, now))


def progress_view(
    session: Session,
    library: Library,
    campaign: Campaign,
    now: datetime,
    seen: ColumnElement[bool],
) -> ProgressView:
    """Counts of one moment each; every bar adds up to everybody asked, whatever is moving.

    Numbers are of the whole campaign for every reader; the lines by group of whom they may see.
    """
    counted = status(session, campaign.id, now)
    audience = Audience(counted.asked, counted.mailable, counted.excluded)
    invitations = tuple(
        Part(state.value, words, counted.invitations.get(state, 0))
        for state, words in INVITATION.items()
    )
    answered = sum(counted.invitations.get(state, 0) for state in ANSWERED)
    is_preparing = bool(counted.invitations.get(InvitationState.PREPARING))
    mail = _mail_parts(count_mail(session, campaign.id), audience.asked, is_preparing=is_preparing)
    return ProgressView(
        heading=heading_of(campaign, library),
        audience=audience_view(audience),
        answered=answered,
        started=counted.invitations.get(InvitationState.STARTED, 0),
        invitations=invitations,
        mail=mail,
        reasons=(*given_reasons(session, campaign.id), *held_copies(session, campaign.id)),
        groups=tuple(group_lines(session, campaign, now, seen)),
        unreached=count_unreached(session, campaign.id),
        sendable=_sendable(session, campaign, now),
        time_left=_time_left(session, campaign, now),
        every_seconds=_every(campaign, mail, counted.invitations),
        at=now,
    )


def _sendable(session: Session, campaign: Campaign, now: datetime) -> int:
    if campaign.state not in (CampaignState.SENDING, CampaignState.PAUSED):
        return 0
    return count_resendable(session, campaign, FAILED, now, with_unmailed=True)


def _time_left(session: Session, campaign: Campaign, now: datetime) -> str | None:
    if campaign.state is not CampaignState.SENDING:
        return None
    left = time_left(session, campaign.id, now)
    return None if left is None else in_words(left)


def _mail_parts(counts: Mapping[str, int], asked: int, *, is_preparing: bool) -> tuple[Part, ...]:
    """What is not yet written is being prepared; later only a pupil erased since is missing."""
    missing = InvitationState.PREPARING.value if is_preparing else NOT_MAILED
    whole = {**counts, missing: counts.get(missing, 0) + asked - sum(counts.values())}
    return tuple(Part(key, words, whole.get(key, 0)) for key, words in MESSAGE.items())


def _every(
    campaign: Campaign, mail: tuple[Part, ...], invitations: Mapping[InvitationState, int]
) -> int | None:
    if campaign.state is CampaignState.LAUNCHING or invitations.get(InvitationState.SUBMITTED):
        return FAST_SECONDS
    if campaign.state not in (CampaignState.SENDING, CampaignState.PAUSED):
        return None
    moving = {state.value for state in _MOVING}
    is_moving = campaign.state is CampaignState.SENDING and any(
        part.key in moving and part.count for part in mail
    )
    return FAST_SECONDS if is_moving else SLOW_SECONDS
