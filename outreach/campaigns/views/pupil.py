"""One pupil of a campaign: where they stand, what happened, and what happens next."""

from dataclasses import dataclass
from uuid import UUID

from flask import render_template, url_for
from sqlalchemy import select

from outreach import web
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.next_steps import Action, NextStep
from outreach.campaigns.reached import latest_messages
from outreach.campaigns.states import ANSWERED, CAN_ANSWER
from outreach.campaigns.timeline import Happening, timeline
from outreach.campaigns.views.blueprint import (
    READERS,
    blueprint,
    campaign_of,
    invitation_of,
    library_here,
    may_run,
)
from outreach.campaigns.views.invited import why_words
from outreach.campaigns.views.listing import heading_of
from outreach.campaigns.views.new_links import OVER
from outreach.campaigns.views.standings import reminder_at, step_of, whys_of
from outreach.campaigns.wording import INVITATION, MESSAGE, NOT_MAILED, Words
from outreach.clock import in_london, london_date
from outreach.errors import NotFound
from outreach.pupils.correcting import address_of, kind_to_correct
from outreach.pupils.groups import registration_group
from outreach.pupils.models import Pupil
from outreach.pupils.viewing import may_read_why, seen_here
from outreach.schools.access import staff_page


@dataclass(frozen=True)
class PupilView:
    """`address` is for those who run campaigns; `actions` are words and where they lead."""

    invitation_id: UUID
    pupil_id: UUID
    name: str
    group: str | None
    state: Words
    mail: Words
    why: str
    address: str | None
    next: NextStep
    actions: tuple[tuple[str, str], ...]
    timeline: tuple[Happening, ...]


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/invitations/<uuid:invitation_id>")
@staff_page(*READERS)
def show_invited(campaign_id: UUID, invitation_id: UUID) -> str:
    campaign = campaign_of(campaign_id)
    invitation = invitation_of(campaign, invitation_id)
    return render_template(
        "staff/campaigns/pupil.html",
        heading=heading_of(campaign, library_here()),
        view=_view(campaign, invitation),
        may_run=may_run(),
        shows_why=may_read_why(),
    )


def _view(campaign: Campaign, invitation: Invitation) -> PupilView:
    """NotFound where the reader sees other groups only."""
    session, now = web.db(), web.now()
    group = registration_group(london_date(now))
    theirs = select(Pupil, group).where(
        Pupil.school_id == campaign.school_id, Pupil.id == invitation.pupil_id, seen_here()
    )
    found = session.execute(theirs).one_or_none()
    if found is None:
        raise NotFound("There is no such pupil among those you see.")
    pupil, group_name = found
    latest = latest_messages(campaign.school_id, campaign.id)
    mail = session.execute(
        select(latest).where(latest.c.invitation_id == invitation.id)
    ).one_or_none()
    why = whys_of(session, campaign, [pupil.id], now).get(pupil.id)
    step = step_of(campaign, invitation, mail, why, reminder_at(session, campaign))
    return PupilView(
        invitation_id=invitation.id,
        pupil_id=pupil.id,
        name=pupil.full_name,
        group=group_name,
        state=INVITATION[invitation.state],
        mail=MESSAGE[mail.state.value if mail else NOT_MAILED],
        why=why_words(invitation, mail),
        address=_address_words(pupil.id) if may_run() else None,
        next=step,
        actions=_actions(campaign, invitation, step) if may_run() else (),
        timeline=timeline(session, invitation, shows_why=may_read_why()),
    )


def _actions(
    campaign: Campaign, invitation: Invitation, step: NextStep
) -> tuple[tuple[str, str], ...]:
    """What the next step asks for stands first."""
    fix = ("Fix the address", _to("campaigns.ask_address", invitation))
    if invitation.state in ANSWERED:
        if invitation.reopened_at is not None:
            return ()
        where = url_for("answering.confirm_answer_again", invitation_id=invitation.id)
        return (("Let them answer again", where),)
    if campaign.state in OVER:
        return ()
    if invitation.state not in CAN_ANSWER:
        return (fix,) if step.action is Action.FIX_ADDRESS else ()
    beside = url_for("answering.confirm_beside", invitation_id=invitation.id)
    slips = url_for("campaigns.choose_slips", campaign_id=campaign.id, who="unreached")
    send = ("Send again", _to("campaigns.confirm_resend_one", invitation))
    return (
        *([send] if step.action is Action.SEND_AGAIN else []),
        *([("Print a slip", slips)] if step.action is Action.SLIP else []),
        fix,
        ("New link", _to("campaigns.confirm_new_link", invitation)),
        ("Open the questions beside me", beside),
    )


def _to(page: str, invitation: Invitation) -> str:
    return url_for(page, campaign_id=invitation.campaign_id, invitation_id=invitation.id)


def _address_words(pupil_id: UUID) -> str | None:
    """What mail would go to, and whose word it is."""
    kind = kind_to_correct(web.db(), pupil_id)
    row = None if kind is None else address_of(web.db(), pupil_id, kind)
    if row is None:
        return None
    if row.given_at is None:
        return row.address
    return f"{row.address}, given by staff on {in_london(row.given_at)}"
