"""The campaign room's blueprint, and who may read a campaign and who may run one."""

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from outreach import web
from outreach.campaigns.finding import find_campaign
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.own.library import of_school
from outreach.campaigns.views.confirming import Confirmation
from outreach.errors import NotFound
from outreach.schools.access import signed_in
from outreach.schools.models import Role
from questionnaires.loading import Library

blueprint = Blueprint("campaigns", __name__)

RUNNERS = (Role.ADMIN, Role.CAREERS_LEADER)
READERS = (*RUNNERS, Role.VIEWER)

SEE_OTHER, CONFLICT, UNPROCESSABLE = 303, 409, 422


def campaign_of(campaign_id: UUID) -> Campaign:
    """NotFound, a plain 404, for another school's."""
    return find_campaign(web.db(), campaign_id)


def invitation_of(campaign: Campaign, invitation_id: UUID) -> Invitation:
    """As committed now. NotFound for one of another campaign."""
    invitation = web.db().scalar(
        select(Invitation)
        .where(
            Invitation.school_id == campaign.school_id,
            Invitation.campaign_id == campaign.id,
            Invitation.id == invitation_id,
        )
        .execution_options(populate_existing=True)
    )
    if invitation is None:
        raise NotFound("There is no such invitation in this campaign.")
    return invitation


def library_here() -> Library:
    """What is published, and what this school has added."""
    return of_school(web.db(), web.parts().library)


def may_run() -> bool:
    return signed_in().role in RUNNERS


def page_asked() -> int:
    """The number of the page of a list; 1 for anything that is none."""
    return max(1, request.args.get("page", 1, type=int))


def before_number(query: Mapping[str, str]) -> str:
    """What stands before the number in the address of a page of a narrowed list."""
    return f"?{urlencode({**query, 'page': ''})}"


def show_confirmation(
    campaign: Campaign, confirmation: Confirmation, *, refused: str | None = None
) -> ResponseReturnValue:
    """The page before something is done. `refused` is why it was not, when it was asked for."""
    page = render_template(
        "staff/campaigns/confirm.html",
        campaign=campaign,
        confirmation=confirmation,
        refused=refused,
        back=url_for("campaigns.show_campaign", campaign_id=campaign.id),
    )
    return (page, CONFLICT) if refused else page
