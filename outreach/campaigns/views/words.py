"""The words of one of a campaign's mails, in a form."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.campaigns.letter_words import (
    LONGEST_BODY,
    LONGEST_SUBJECT,
    NOT_IN_SUBJECT,
    PLACEHOLDERS,
    BadWords,
    StepWords,
    keep_words,
    own_words,
    usual_words,
)
from outreach.campaigns.models import Campaign
from outreach.campaigns.states import MessageStep
from outreach.campaigns.views.blueprint import RUNNERS, SEE_OTHER, blueprint, campaign_of
from outreach.campaigns.views.previews import step_asked
from outreach.campaigns.wording import STEP_NAMES
from outreach.schools.access import signed_in, staff_page

MOST_TYPED = 20_000


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/words/<step>")
@staff_page(*RUNNERS)
def show_words(campaign_id: UUID, step: str) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    asked = step_asked(step)
    now_said = own_words(web.db(), campaign.id).get(asked, usual_words(asked))
    return _form(campaign, asked, now_said, {})


@blueprint.post("/staff/campaigns/<uuid:campaign_id>/words/<step>")
@staff_page(*RUNNERS)
def change_words(campaign_id: UUID, step: str) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    asked = step_asked(step)
    given = usual_words(asked) if request.form.get("do") == "usual" else _typed()
    try:
        changed = keep_words(web.db(), campaign, asked, given, signed_in().actor, web.now())
    except BadWords as refusal:
        return _form(campaign, asked, given, dict(refusal.faults)), 400
    if changed:
        flash("The words were changed. Mail that has not gone yet has them.", "success")
    else:
        flash("Nothing was changed.", "info")
    where = url_for("campaigns.preview_mail", campaign_id=campaign_id, step=asked.value)
    return redirect(where, SEE_OTHER)


def _typed() -> StepWords:
    subject, body = (
        request.form.get(name, "").replace("\0", "")[:MOST_TYPED] for name in ("subject", "body")
    )
    return StepWords(subject, body)


def _form(campaign: Campaign, step: MessageStep, words: StepWords, errors: dict[str, str]) -> str:
    return render_template(
        "staff/campaigns/words.html",
        campaign=campaign,
        step=step,
        step_name=STEP_NAMES[step],
        words=words,
        errors=errors,
        is_own=step in own_words(web.db(), campaign.id),
        placeholders=PLACEHOLDERS,
        not_in_subject=NOT_IN_SUBJECT,
        longest=(LONGEST_SUBJECT, LONGEST_BODY),
    )
