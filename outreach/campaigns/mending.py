"""Staff give a pupil another address, and what asks them to answer goes there."""

from datetime import datetime
from enum import Enum

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from outreach import queues
from outreach.audit import Actor
from outreach.campaigns import tracking
from outreach.campaigns.models import Campaign, Invitation, Message
from outreach.campaigns.reached import MAY_HAVE_ARRIVED
from outreach.campaigns.relinking import Relinking, queue_invite, send_new_link, why_no_mail
from outreach.campaigns.states import ANSWERED, CAN_ANSWER, CampaignState, MessageState, MessageStep
from outreach.database import school_of
from outreach.pupils.correcting import give_address
from outreach.pupils.models import AddressKind
from outreach.pupils.reach.reasons import Reason
from outreach.queues import Work

_S = MessageState


class Followed(Enum):
    """What followed from a new address; the address itself is kept in each case."""

    SENT = "It is sent to the new address now."
    SENT_NEW_LINK = "A new link is sent there now, and links in earlier mails have stopped working."
    WAITING_GOES = "The mail that waits goes there."
    TOO_OFTEN = "Nothing is sent: three new links went to this pupil within a day. Try tomorrow."
    ANSWERED = "Nothing is sent: this pupil has answered."
    STOPPED = "Nothing is sent: the student asked for no more mail, or does not want to answer."
    NOT_SENDING = "Nothing is sent: the campaign is not sending mail just now."
    NO_MAIL = "Nothing is sent: no mail may go to this pupil just now."


def fix_address(
    session: Session,
    campaign: Campaign,
    invitation: Invitation,
    kind: AddressKind,
    typed: str,
    actor: Actor,
    now: datetime,
) -> tuple[Followed, Reason | None]:
    """Keep the address (see `pupils.correcting`, which may refuse it), then mail there what asks.

    Where an earlier mail may have reached somebody, old links end, for they may be in a stranger's
    hands. Where none did, they stay, and so does the code of a slip that was printed meanwhile.
    The reason is the gate's, where it lets no mail go.
    """
    here = (Invitation.school_id == school_of(session), Invitation.id == invitation.id)
    session.execute(select(Invitation.id).where(*here).with_for_update())
    session.refresh(invitation)
    reason = give_address(session, invitation.pupil_id, kind, typed, actor, now)
    is_strangers = tracking.reach_again(session, invitation, actor, now)
    if reason is not None:
        return Followed.NO_MAIL, reason
    return _follow(session, campaign, invitation, actor, now, is_strangers=is_strangers), None


def _follow(
    session: Session,
    campaign: Campaign,
    invitation: Invitation,
    actor: Actor,
    now: datetime,
    *,
    is_strangers: bool,
) -> Followed:
    if (kept_back := _why_nothing(campaign, invitation)) is not None:
        return kept_back
    if why_no_mail(session, invitation, now) is not None:
        return Followed.NO_MAIL
    if is_strangers or _has_mail(session, invitation, *MAY_HAVE_ARRIVED, _S.SENDING):
        done = send_new_link(session, invitation, now, actor)
        return Followed.TOO_OFTEN if done is Relinking.TOO_OFTEN else Followed.SENT_NEW_LINK
    queues.call_for(session, school_of(session), Work.DELIVER, now)
    if _has_mail(session, invitation, _S.QUEUED, _S.DEFERRED, _S.HELD):
        _try_at_once(session, invitation, now)
        return Followed.WAITING_GOES
    queue_invite(session, invitation, now)
    return Followed.SENT


def _why_nothing(campaign: Campaign, invitation: Invitation) -> Followed | None:
    if invitation.state in ANSWERED:
        return Followed.ANSWERED
    if invitation.state not in CAN_ANSWER or invitation.mail_stopped_at is not None:
        return Followed.STOPPED
    return None if campaign.state is CampaignState.SENDING else Followed.NOT_SENDING


def _has_mail(session: Session, invitation: Invitation, *states: MessageState) -> bool:
    found = exists().where(
        Message.school_id == school_of(session),
        Message.invitation_id == invitation.id,
        Message.step != MessageStep.COPY,
        Message.state.in_(states),
    )
    return bool(session.scalar(select(found)))


def _try_at_once(session: Session, invitation: Invitation, now: datetime) -> None:
    """What the old address's server put off need not wait for the new one."""
    session.execute(
        update(Message)
        .where(
            Message.school_id == school_of(session),
            Message.invitation_id == invitation.id,
            Message.state == _S.DEFERRED,
        )
        .values(next_attempt_at=now)
        .execution_options(synchronize_session=False)
    )
