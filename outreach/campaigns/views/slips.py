"""Slips with personal codes: for whom, and the PDF of them."""

from dataclasses import dataclass
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement

from outreach import audit, web
from outreach.campaigns.code_keys import CodeKeys
from outreach.campaigns.links import is_past_closing
from outreach.campaigns.models import Campaign
from outreach.campaigns.slips import (
    MOST_AT_ONCE,
    TO_A_PAGE,
    Place,
    Size,
    SlipOf,
    print_slips,
    who_can_answer,
)
from outreach.campaigns.views.blueprint import (
    READERS,
    SEE_OTHER,
    UNPROCESSABLE,
    blueprint,
    campaign_of,
    library_here,
)
from outreach.campaigns.views.by_group import WITHOUT_GROUP, invited_groups
from outreach.campaigns.views.invited import Filter, is_in_chosen, known_filter
from outreach.campaigns.views.listing import heading_of
from outreach.clock import london_date
from outreach.pupils.viewing import is_reader_limited, seen_here
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import School

UNREACHED = "unreached"
WHO = (("", "Everybody who has not answered"), (UNREACHED, "Only those whom mail has not reached"))
SIZES = {
    Size.USUAL.value: "Eight to a page",
    Size.LARGE.value: "Large type, three to a page",
}


@dataclass(frozen=True)
class Asked:
    """For whom slips are asked for: a group's key, or empty for all; and `unreached`, or empty."""

    group: str
    who: str

    @property
    def is_in(self) -> ColumnElement[bool] | None:
        return is_in_chosen(self.group, london_date(web.now())) if self.group else None


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/slips")
@staff_page(*READERS)
def choose_slips(campaign_id: UUID) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    if campaign.launched_at is None:
        return redirect(url_for("campaigns.show_campaign", campaign_id=campaign_id), SEE_OTHER)
    return _page(campaign, _asked(request.args.get("group", ""), request.args.get("who", "")))


@blueprint.post("/staff/campaigns/<uuid:campaign_id>/slips")
@staff_page(*READERS)
def download_slips(campaign_id: UUID) -> ResponseReturnValue:
    """Makes the codes that are missing, and the PDF. It is kept nowhere."""
    campaign = campaign_of(campaign_id)
    asked = _asked(request.form.get("group", ""), request.form.get("who", ""))
    sizes = {one.value: one for one in Size}
    size = sizes.get(request.form.get("size", ""), Size.USUAL)
    chosen = _chosen(campaign, asked)
    if campaign.launched_at is None or _is_over(campaign) or not 0 < len(chosen) <= MOST_AT_ONCE:
        return _page(campaign, asked), UNPROCESSABLE
    db, parts, person = web.db(), web.parts(), signed_in()
    school = db.get_one(School, person.school_id)
    place = Place(school.name, school.key, parts.settings.public_url)
    keys = CodeKeys(parts.settings.secret_keys)
    made, new = print_slips(db, keys, parts.signer, campaign, chosen, place, size, web.now())
    audit.record(
        db,
        web.now(),
        person.actor,
        "codes.printed",
        "campaign",
        campaign.id,
        slips=len(chosen),
        new_codes=new,
    )
    answer = Response(made, mimetype="application/pdf")
    answer.headers.set("Content-Disposition", "attachment", filename="slips.pdf")
    return answer


def _asked(group: str, who: str) -> Asked:
    narrowed = known_filter(Filter(group=group.replace("\0", "")))
    return Asked(narrowed.group, who if who == UNREACHED else "")


def _chosen(campaign: Campaign, asked: Asked) -> list[SlipOf]:
    return who_can_answer(
        web.db(),
        campaign,
        web.now(),
        seen_here(),
        only_unreached=asked.who == UNREACHED,
        is_in=asked.is_in,
    )


def _is_over(campaign: Campaign) -> bool:
    return campaign.ended_at is not None or is_past_closing(campaign, web.now())


def _page(campaign: Campaign, asked: Asked) -> str:
    groups = invited_groups(web.db(), campaign, web.now(), seen_here())
    return render_template(
        "staff/campaigns/slips.html",
        heading=heading_of(campaign, library_here()),
        asked=asked,
        groups=[
            ("", "All"),
            *((one.key, one.words) for one in groups),
            (WITHOUT_GROUP, WITHOUT_GROUP),
        ],
        who=WHO,
        sizes=list(SIZES.items()),
        count=len(_chosen(campaign, asked)),
        most=MOST_AT_ONCE,
        to_a_page=TO_A_PAGE[Size.USUAL],
        is_over=_is_over(campaign),
        is_limited=is_reader_limited(),
    )
