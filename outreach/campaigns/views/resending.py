"""Mail that did not arrive, sent again: to all of one state, to all that failed, or to a few."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.campaigns.models import Campaign
from outreach.campaigns.reached import FAILED, count_unreached
from outreach.campaigns.resending import RESENDABLE, count_resendable, resend
from outreach.campaigns.states import MessageState
from outreach.campaigns.views.blueprint import (
    RUNNERS,
    SEE_OTHER,
    blueprint,
    campaign_of,
    invitation_of,
    show_confirmation,
)
from outreach.campaigns.views.confirming import Confirmation
from outreach.campaigns.views.mailed import count_mail
from outreach.campaigns.views.narrowing import UNREACHED
from outreach.errors import NotFound, Refusal
from outreach.schools.access import signed_in, staff_page

ALL_FAILED = "failed"
MOST_CHOSEN = 500
"""More than a page of the list has, several times over."""

WHAT_IT_IS = {
    MessageState.UNKNOWN: "It is not known whether their mail arrived. Some may get it twice.",
    MessageState.REFUSED: "The mail server refused their mail. Without a change to the address or "
    "to the school’s mail filter it will be refused again.",
    MessageState.BOUNCED: "Their mail came back. Correct the addresses first: an address that came "
    "back is not mailed again.",
}
_OF_FAILED = (
    "These are pupils whose mail was refused or came back, or who could not be mailed before and can "
    "be now."
)
_OF_CHOSEN = (
    "You have chosen them. Where it is not known whether mail arrived, some may get it twice."
)


@dataclass(frozen=True)
class Again:
    """Whose mail goes again: of these states, of those who had none, or of `only` these few."""

    states: tuple[MessageState, ...]
    with_unmailed: bool
    what_it_is: str
    only: tuple[UUID, ...] | None = None

    def would_go(self, campaign: Campaign) -> int:
        return count_resendable(
            web.db(),
            campaign,
            self.states,
            web.now(),
            with_unmailed=self.with_unmailed,
            only=self.only,
        )

    def all_of_them(self, campaign: Campaign) -> int:
        if self.only is not None:
            return len(self.only)
        if self.with_unmailed:
            return count_unreached(web.db(), campaign.id)
        counts = count_mail(web.db(), campaign.id)
        return sum(counts.get(state.value, 0) for state in self.states)


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/resend/<state>")
@staff_page(*RUNNERS)
def confirm_resend(campaign_id: UUID, state: str) -> ResponseReturnValue:
    return _ask(campaign_of(campaign_id), _of_state(state))


@blueprint.post("/staff/campaigns/<uuid:campaign_id>/resend/<state>")
@staff_page(*RUNNERS)
def resend_mail(campaign_id: UUID, state: str) -> ResponseReturnValue:
    return _send(campaign_id, _of_state(state))


@blueprint.post("/staff/campaigns/<uuid:campaign_id>/resend-chosen")
@staff_page(*RUNNERS)
def resend_chosen(campaign_id: UUID) -> ResponseReturnValue:
    """The list's form asks, and the page that asks does it: both post the same invitations."""
    campaign = campaign_of(campaign_id)
    chosen = _chosen(request.form.getlist("invitation"))
    if not chosen:
        flash("Nobody was ticked. Tick the pupils whose mail should go again.", "info")
        return redirect(_unreached(campaign_id), SEE_OTHER)
    again = _of_few(chosen)
    return _send(campaign_id, again) if "sure" in request.form else _ask(campaign, again)


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/invitations/<uuid:invitation_id>/resend")
@staff_page(*RUNNERS)
def confirm_resend_one(campaign_id: UUID, invitation_id: UUID) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    return _ask(campaign, _of_few([invitation_of(campaign, invitation_id).id]))


@blueprint.post("/staff/campaigns/<uuid:campaign_id>/invitations/<uuid:invitation_id>/resend")
@staff_page(*RUNNERS)
def resend_one(campaign_id: UUID, invitation_id: UUID) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    return _send(campaign_id, _of_few([invitation_of(campaign, invitation_id).id]))


def _of_state(state: str) -> Again:
    if state == ALL_FAILED:
        return Again(FAILED, with_unmailed=True, what_it_is=_OF_FAILED)
    known = {one.value: one for one in RESENDABLE}
    if state not in known:
        raise NotFound(f"Mail that is “{state}” cannot be sent again.")
    return Again((known[state],), with_unmailed=False, what_it_is=WHAT_IT_IS[known[state]])


def _of_few(chosen: Collection[UUID]) -> Again:
    return Again(RESENDABLE, with_unmailed=True, what_it_is=_OF_CHOSEN, only=tuple(chosen))


def _chosen(typed: Collection[str]) -> list[UUID]:
    found = []
    for one in list(dict.fromkeys(typed))[:MOST_CHOSEN]:
        try:
            found.append(UUID(one))
        except ValueError:
            continue  # made up: it names no invitation
    return found


def _ask(campaign: Campaign, again: Again) -> ResponseReturnValue:
    count = again.would_go(campaign)
    if not count:
        flash("Nothing can be sent again just now. The list says for each pupil why.", "info")
        return redirect(_unreached(campaign.id), SEE_OTHER)
    return show_confirmation(campaign, _confirmation(campaign, again, count))


def _send(campaign_id: UUID, again: Again) -> ResponseReturnValue:
    campaign_of(campaign_id)
    try:
        count = resend(
            web.db(),
            campaign_id,
            again.states,
            signed_in().actor,
            web.now(),
            with_unmailed=again.with_unmailed,
            only=again.only,
        )
    except Refusal as refusal:
        web.roll_back_request()
        campaign = campaign_of(campaign_id)
        asked = _confirmation(campaign, again, again.would_go(campaign))
        return show_confirmation(campaign, asked, refused=refusal.words)
    if count:
        flash(f"{count:,} {'mail is' if count == 1 else 'mails are'} queued again.", "success")
    else:
        flash("Nothing was sent: nobody in this state can be mailed just now.", "info")
    return redirect(url_for("campaigns.show_campaign", campaign_id=campaign_id), SEE_OTHER)


def _confirmation(campaign: Campaign, again: Again, count: int) -> Confirmation:
    left_out = again.all_of_them(campaign) - count
    fields = [("invitation", str(one)) for one in again.only or ()]
    others = (
        f"{left_out:,} {'other is' if left_out == 1 else 'others are'} left out: no mail may go "
    )
    return Confirmation(
        title=f"Send the mail again to {count:,} {'pupil' if count == 1 else 'pupils'}?",
        happens=(
            again.what_it_is,
            "A new mail goes out at once to each of them who may be mailed now.",
            *([f"{others}to them just now. The list says why."] if left_out > 0 else []),
        ),
        stays=(
            "The link in the earlier mail goes on working.",
            "Whoever has answered, or does not want to, is left out.",
        ),
        button="Send again",
        fields=(*fields, ("sure", "yes")) if again.only is not None else (),
    )


def _unreached(campaign_id: UUID) -> str:
    return url_for("campaigns.list_invited", campaign_id=campaign_id, mail=UNREACHED)
