"""Slips with personal codes: for whom, and the PDF of them."""

from collections.abc import Sequence
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import audit, web
from outreach.campaigns.code_keys import CodeKeys
from outreach.campaigns.code_making import Code, codes_of, make_codes
from outreach.campaigns.links import is_past_closing
from outreach.campaigns.models import Campaign
from outreach.campaigns.slip_parts import in_parts, number_in, those_in
from outreach.campaigns.slips import (
    MOST_AT_ONCE,
    Place,
    Size,
    SlipOf,
    draw_slips,
    who_can_answer,
    years_invited,
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
from outreach.campaigns.views.listing import heading_of
from outreach.campaigns.views.slips_asked import UNREACHED, Asked, year_key
from outreach.clock import london_date
from outreach.pupils.viewing import is_reader_limited, seen_here
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import School

WHO = (("", "Everybody who has not answered"), (UNREACHED, "Only those whom mail has not reached"))
SIZES = {
    Size.USUAL.value: "Eight to a page",
    Size.LARGE.value: "Large type, three to a page",
}


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/slips")
@staff_page(*READERS)
def choose_slips(campaign_id: UUID) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    if campaign.launched_at is None:
        return redirect(url_for("campaigns.show_campaign", campaign_id=campaign_id), SEE_OTHER)
    return _page(campaign, Asked.read(request.args.get("group", ""), request.args.get("who", "")))


@blueprint.post("/staff/campaigns/<uuid:campaign_id>/slips")
@staff_page(*READERS)
def download_slips(campaign_id: UUID) -> ResponseReturnValue:
    """Makes the codes that are missing, and the PDF, or the part of it that was asked for. It is
    kept nowhere. What was made is committed first: nobody waits for the drawing."""
    campaign, db = campaign_of(campaign_id), web.db()
    asked = Asked.read(request.form.get("group", ""), request.form.get("who", ""))
    sizes = {one.value: one for one in Size}
    size = sizes.get(request.form.get("size", ""), Size.USUAL)
    chosen, part = _chosen(campaign, asked), request.form.get("part", "")
    if part:
        chosen = those_in(db, campaign, chosen, part, web.now())
    if campaign.launched_at is None or _is_over(campaign) or not 0 < len(chosen) <= MOST_AT_ONCE:
        return _page(campaign, asked), UNPROCESSABLE
    parts, school = web.parts(), db.get_one(School, signed_in().school_id)
    place = Place(school.name, school.key, parts.settings.public_url)
    codes = _codes(campaign, asked, chosen)
    db.commit()
    made = draw_slips(parts.signer, campaign, chosen, codes, place, size)
    answer = Response(made, mimetype="application/pdf")
    name = f"slips-part-{number_in(part)}.pdf" if part else "slips.pdf"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _codes(campaign: Campaign, asked: Asked, chosen: Sequence[SlipOf]) -> dict[UUID, Code]:
    """Recorded with whose they are: if slips are stolen, it can be said which."""
    db, now, keys = web.db(), web.now(), CodeKeys(web.parts().settings.secret_keys)
    ids = [one.invitation_id for one in chosen]
    new = make_codes(db, keys, campaign, ids, now)
    audit.record(
        db,
        now,
        signed_in().actor,
        "codes.printed",
        "campaign",
        campaign.id,
        slips=len(chosen),
        new_codes=new,
        pupils=[str(one.pupil_id) for one in chosen],
        **asked.noted(db),
    )
    return dict(codes_of(db, keys, ids))


def _chosen(campaign: Campaign, asked: Asked) -> list[SlipOf]:
    now = web.now()
    return who_can_answer(
        web.db(),
        campaign,
        now,
        seen_here(),
        only_unreached=asked.is_unreached,
        is_in=asked.is_in(london_date(now)),
    )


def _is_over(campaign: Campaign) -> bool:
    return campaign.ended_at is not None or is_past_closing(campaign, web.now())


def _page(campaign: Campaign, asked: Asked) -> str:
    db, seen, chosen = web.db(), seen_here(), _chosen(campaign, asked)
    groups = invited_groups(db, campaign, web.now(), seen)
    return render_template(
        "staff/campaigns/slips.html",
        heading=heading_of(campaign, library_here()),
        asked=asked,
        groups=[
            ("", "All"),
            *((year_key(one), f"Year {one}") for one in years_invited(db, campaign, seen)),
            *((one.key, one.words) for one in groups),
            (WITHOUT_GROUP, WITHOUT_GROUP),
        ],
        who=WHO,
        sizes=list(SIZES.items()),
        count=len(chosen),
        parts=in_parts(chosen),
        is_over=_is_over(campaign),
        is_limited=is_reader_limited(),
    )
