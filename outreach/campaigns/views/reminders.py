"""A campaign's reminders: when they go, what became of them, and those that ask a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import web
from outreach.campaigns.models import Campaign
from outreach.campaigns.reminder_schedule import (
    BadSchedule,
    Reminder,
    change_schedule,
    schedule_of,
)
from outreach.campaigns.reminding import send_late, skip_late
from outreach.campaigns.states import REMINDERS, CampaignState, MessageStep, ReminderState
from outreach.campaigns.views.blueprint import (
    RUNNERS,
    SEE_OTHER,
    blueprint,
    campaign_of,
    may_run,
)
from outreach.campaigns.wording import STEP_NAMES
from outreach.clock import in_london
from outreach.errors import NotFound, Refusal
from outreach.schools.access import signed_in, staff_page
from outreach.schools.terms import calendar_of


@dataclass(frozen=True)
class ReminderLine:
    """One step as staff read it. `asks` where a person has to say whether it still goes."""

    step: str
    name: str
    words: str
    tone: str
    tag: str
    asks: bool
    due: str
    """When it was or is due, in words."""


@dataclass(frozen=True)
class RemindersView:
    """For the campaign's page. Nothing to show where reminders are all off."""

    lines: tuple[ReminderLine, ...]
    tells_tutors: bool
    may_change: bool
    is_draft: bool
    knows_terms: bool

    @property
    def asking(self) -> tuple[ReminderLine, ...]:
        return tuple(line for line in self.lines if line.asks)


def reminders_view(session: Session, campaign: Campaign, now: datetime) -> RemindersView:
    is_over = campaign.ended_at is not None
    lines = tuple(_line(one, campaign) for one in schedule_of(session, campaign, now))
    return RemindersView(
        lines=lines,
        tells_tutors=campaign.tells_tutors,
        may_change=may_run() and not is_over,
        is_draft=campaign.launched_at is None,
        knows_terms=calendar_of(session).knows_year_of(now.date()),
    )


def _line(one: Reminder, campaign: Campaign) -> ReminderLine:
    words, tone, tag = _said(one, campaign)
    is_open = campaign.state is CampaignState.SENDING
    return ReminderLine(
        step=one.step.value,
        name=STEP_NAMES[one.step],
        words=words,
        tone=tone,
        tag=tag,
        asks=one.state is ReminderState.ASKS and is_open,
        due=_when(one.due_at),
    )


def _said(one: Reminder, campaign: Campaign) -> tuple[str, str, str]:
    """Words, the tone of its tag, and the tag's text."""
    mails = f"{one.queued:,} {'mail' if one.queued == 1 else 'mails'}"
    settled = {
        ReminderState.SENT: (f"{_when(one.settled_at)}, {mails}", "good", "Sent"),
        ReminderState.SKIPPED: (f"Left out on {_when(one.settled_at)}", "neutral", "Skipped"),
        ReminderState.ASKS: (f"Was due on {_when(one.due_at)}", "warn", "Did not go"),
        ReminderState.OFF: ("Not sent", "neutral", "Off"),
    }
    if one.state in settled:
        return settled[one.state]
    if one.due_at is not None and campaign.ended_at is None:
        return _when(one.due_at), "info", "Planned"
    return _why_never(one, campaign), "neutral", "Not sent"


def _why_never(one: Reminder, campaign: Campaign) -> str:
    if campaign.ended_at is not None:
        return "The campaign ended before"
    if one.step is MessageStep.LAST_CHANCE and campaign.closes_at is None:
        return "There is no closing date"
    return "The campaign closes before"


def _when(moment: datetime | None) -> str:
    return in_london(moment) if moment else ""


@blueprint.get("/staff/campaigns/<uuid:campaign_id>/reminders")
@staff_page(*RUNNERS)
def show_reminders(campaign_id: UUID) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    current = schedule_of(web.db(), campaign, web.now())
    days = {one.step.value: str(one.after_days or "") for one in current}
    on = {one.step.value for one in current if one.state is not ReminderState.OFF}
    return _form(campaign, days, on, {}, tells_tutors=campaign.tells_tutors)


@blueprint.post("/staff/campaigns/<uuid:campaign_id>/reminders")
@staff_page(*RUNNERS)
def change_reminders(campaign_id: UUID) -> ResponseReturnValue:
    campaign = campaign_of(campaign_id)
    on = {step.value for step in REMINDERS if request.form.get(f"on-{step.value}")}
    days = {step.value: request.form.get(f"days-{step.value}", "").strip() for step in REMINDERS}
    tells = bool(request.form.get("tells_tutors"))
    wanted = {step: _number(days[step.value]) for step in REMINDERS if step.value in on}
    if MessageStep.LAST_CHANCE in wanted:
        wanted[MessageStep.LAST_CHANCE] = None
    actor = signed_in().actor
    try:
        changed = change_schedule(web.db(), campaign, wanted, actor, web.now(), tells_tutors=tells)
    except BadSchedule as refusal:
        return _form(campaign, days, on, dict(refusal.faults), tells_tutors=tells), 400
    if changed:
        flash("The reminders were changed.", "success")
    else:
        flash("Nothing was changed.", "info")
    return _back_to(campaign_id)


@blueprint.post("/staff/campaigns/<uuid:campaign_id>/reminders/<step>/send")
@staff_page(*RUNNERS)
def send_late_reminder(campaign_id: UUID, step: str) -> ResponseReturnValue:
    campaign_of(campaign_id)
    try:
        count = send_late(web.db(), campaign_id, _reminder(step), signed_in().actor, web.now())
    except Refusal as refusal:
        web.roll_back_request()
        flash(refusal.words, "error")
    else:
        flash(
            f"The reminder goes out now: {count:,} {'mail' if count == 1 else 'mails'}.", "success"
        )
    return _back_to(campaign_id)


@blueprint.post("/staff/campaigns/<uuid:campaign_id>/reminders/<step>/skip")
@staff_page(*RUNNERS)
def skip_late_reminder(campaign_id: UUID, step: str) -> ResponseReturnValue:
    campaign_of(campaign_id)
    try:
        skip_late(web.db(), campaign_id, _reminder(step), signed_in().actor, web.now())
    except Refusal as refusal:
        web.roll_back_request()
        flash(refusal.words, "error")
    else:
        flash("The reminder is left out. Later ones go as planned.", "success")
    return _back_to(campaign_id)


def _reminder(text: str) -> MessageStep:
    found = next((step for step in REMINDERS if step.value == text), None)
    if found is None:
        raise NotFound("There is no such reminder.")
    return found


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None


def _form(
    campaign: Campaign,
    days: Mapping[str, str],
    on: set[str],
    faults: dict[str, str],
    *,
    tells_tutors: bool,
) -> str:
    current = schedule_of(web.db(), campaign, web.now())
    return render_template(
        "staff/campaigns/reminders.html",
        campaign=campaign,
        reminders=[(one, STEP_NAMES[one.step], _line(one, campaign)) for one in current],
        days=days,
        on=on,
        errors={f"days-{step}": words for step, words in faults.items()},
        tells_tutors=tells_tutors,
        closes_at=campaign.closes_at,
        mails_at=calendar_of(web.db()).times.mails_at.strftime("%H:%M"),
        view=reminders_view(web.db(), campaign, web.now()),
    )


def _back_to(campaign_id: UUID) -> ResponseReturnValue:
    return redirect(url_for("campaigns.show_campaign", campaign_id=campaign_id), SEE_OTHER)
