"""When a campaign reminds: planned in school days from its launch, changed by staff at any time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach import audit, queues
from outreach.audit import Actor
from outreach.campaigns.models import Campaign
from outreach.campaigns.reminder_models import CampaignReminder
from outreach.campaigns.states import (
    REMINDER_MOVES,
    REMINDERS,
    CampaignState,
    MessageStep,
    ReminderState,
    check_move,
)
from outreach.clock import london_date, long_date
from outreach.database import school_of
from outreach.errors import Refusal
from outreach.queues import Work
from outreach.school_days import SchoolCalendar
from outreach.schools.terms import calendar_of

USUAL_DAYS: Mapping[MessageStep, int | None] = {
    MessageStep.REMINDER_1: 4,
    MessageStep.REMINDER_2: 9,
    MessageStep.REMINDER_3: 13,
    MessageStep.LAST_CHANCE: None,
}
"""School days after the launch. The last chance goes on the school day before the closing date."""

MOST_DAYS = 60
OPEN = (CampaignState.LAUNCHING, CampaignState.SENDING, CampaignState.PAUSED)

_R = ReminderState
SETTLED = (_R.SENT, _R.SKIPPED)


@dataclass(frozen=True)
class Reminder:
    """One step of a campaign's schedule, as it stands. `due_at` is null where none can be given."""

    step: MessageStep
    state: ReminderState
    after_days: int | None
    due_at: datetime | None
    settled_at: datetime | None = None
    queued: int = 0

    @property
    def may_change(self) -> bool:
        return self.state in (_R.PLANNED, _R.OFF)


class BadSchedule(Refusal):
    """A day that cannot be right; `faults` says what, by the step's value."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = faults


def schedule_of(session: Session, campaign: Campaign, now: datetime) -> tuple[Reminder, ...]:
    """Every step in order. A draft's is as if it were launched now."""
    rows = {row.step: row for row in _rows(session, campaign)}
    if campaign.launched_at is None:
        days = {step: row.after_days for step, row in rows.items()} or USUAL_DAYS
        off = {step for step, row in rows.items() if row.state is _R.OFF}
        on = {step: after for step, after in days.items() if step not in off}
        due = due_days(calendar_of(session), london_date(now), _closing_day(campaign), on)
        return tuple(
            Reminder(step, _R.OFF if step in off else _R.PLANNED, days[step], due.get(step))
            for step in REMINDERS
        )
    return tuple(
        Reminder(step, row.state, row.after_days, row.due_at, row.settled_at, row.queued)
        if (row := rows.get(step)) is not None
        else Reminder(step, _R.OFF, USUAL_DAYS[step], None)
        for step in REMINDERS
    )


def due_days(
    calendar: SchoolCalendar,
    launched_on: date,
    closes_on: date | None,
    days: Mapping[MessageStep, int | None],
) -> dict[MessageStep, datetime]:
    """When each step goes. One that would come on the last chance's day or later has no time."""
    due: dict[MessageStep, datetime] = {}
    ends_on = closes_on
    if closes_on is not None and MessageStep.LAST_CHANCE in days:
        last_day = calendar.last_before(closes_on, launched_on)
        if last_day is not None:
            due[MessageStep.LAST_CHANCE] = calendar.mailing_on(last_day)
            ends_on = last_day
    for step, after in days.items():
        if after is None:
            continue
        day = calendar.nth_after(launched_on, after)
        if ends_on is None or day < ends_on:
            due[step] = calendar.mailing_on(day)
    return due


def begin_schedule(session: Session, campaign: Campaign, now: datetime) -> None:
    """At the launch: what staff chose, or what is usual, gets its times."""
    if not _rows(session, campaign):
        _write(session, campaign, {step: (_R.PLANNED, USUAL_DAYS[step]) for step in REMINDERS})
    plan(session, campaign, calendar_of(session))
    queues.note_due(session, campaign.school_id, Work.REMIND, now)


def plan_open(session: Session) -> None:
    """The times of all that is planned, by the calendar as it is now."""
    calendar = calendar_of(session)
    campaigns = session.scalars(
        select(Campaign).where(Campaign.school_id == school_of(session), Campaign.state.in_(OPEN))
    ).all()
    for campaign in campaigns:
        plan(session, campaign, calendar)


def plan(session: Session, campaign: Campaign, calendar: SchoolCalendar) -> None:
    if campaign.launched_at is None:
        return
    planned = [row for row in _rows(session, campaign) if row.state is _R.PLANNED]
    days = {row.step: row.after_days for row in planned}
    launched_on = london_date(campaign.launched_at)
    due = due_days(calendar, launched_on, _closing_day(campaign), days)
    for row in planned:
        if row.due_at != due.get(row.step):
            session.execute(
                update(CampaignReminder)
                .where(*of_step(campaign, row.step), CampaignReminder.state == _R.PLANNED)
                .values(due_at=due.get(row.step))
                .execution_options(synchronize_session=False)
            )


def change_schedule(
    session: Session,
    campaign: Campaign,
    wanted: Mapping[MessageStep, int | None],
    actor: Actor,
    now: datetime,
    *,
    tells_tutors: bool,
) -> bool:
    """Remind on these days only; a step that is not named is off. What is past stays as it is.

    Raises BadSchedule, and Refusal where the campaign is over.
    """
    if campaign.ended_at is not None:
        raise Refusal("This campaign is over, so nobody is reminded any more.")
    current = schedule_of(session, campaign, now)
    free = [one for one in current if one.may_change]
    chosen = {one.step: wanted[one.step] for one in free if one.step in wanted}
    _check_days(session, campaign, current, chosen, now)
    after = {
        one.step: (_R.PLANNED, chosen[one.step]) if one.step in chosen else (_R.OFF, one.after_days)
        for one in free
    }
    before = {one.step: (one.state, one.after_days) for one in free}
    if after == before and campaign.tells_tutors is tells_tutors:
        return False
    for step, (state, _) in after.items():
        if state is not before[step][0]:
            check_move(REMINDER_MOVES, before[step][0], state)
    _write(session, campaign, after)
    campaign.tells_tutors = tells_tutors
    session.flush()
    plan(session, campaign, calendar_of(session))
    queues.call_for(session, campaign.school_id, Work.REMIND, now)
    audit.record(
        session,
        now,
        actor,
        "campaign.reminders_changed",
        "campaign",
        campaign.id,
        steps=[step.value for step in REMINDERS if step in chosen],
        tells_tutors=tells_tutors,
    )
    return True


def _check_days(
    session: Session,
    campaign: Campaign,
    current: Sequence[Reminder],
    chosen: Mapping[MessageStep, int | None],
    now: datetime,
) -> None:
    faults: dict[str, str] = {}
    earlier = 0
    for one in current:
        if one.step is MessageStep.LAST_CHANCE:
            continue
        after = chosen.get(one.step) if one.may_change else one.after_days
        if one.may_change and one.step in chosen:
            if after is None or not 1 <= after <= MOST_DAYS:
                faults[one.step.value] = f"Give a number of school days from 1 to {MOST_DAYS}."
                continue
            if after <= earlier:
                faults[one.step.value] = (
                    f"The reminder before it goes after {earlier} school days. Give a larger number."
                )
        earlier = max(earlier, after or 0)
    if campaign.launched_at is not None and not faults:
        faults = _passed(session, campaign, current, chosen, now)
    if faults:
        raise BadSchedule(faults)


def _passed(
    session: Session,
    campaign: Campaign,
    current: Sequence[Reminder],
    chosen: Mapping[MessageStep, int | None],
    now: datetime,
) -> dict[str, str]:
    """Steps whose time would lie behind us: nothing goes out late that nobody asked for."""
    assert campaign.launched_at is not None
    launched_on = london_date(campaign.launched_at)
    due = due_days(calendar_of(session), launched_on, _closing_day(campaign), chosen)
    unchanged = {one.step: one.due_at for one in current if one.state is _R.PLANNED}
    return {
        step.value: (
            f"That would have been {long_date(at)}, which is past. Give a larger number, or take "
            "the tick away."
        )
        for step, at in due.items()
        if at <= now and unchanged.get(step) != at
    }


def _write(
    session: Session,
    campaign: Campaign,
    steps: Mapping[MessageStep, tuple[ReminderState, int | None]],
) -> None:
    for step, (state, after_days) in steps.items():
        values = {"state": state, "after_days": after_days, "due_at": None}
        session.execute(
            insert(CampaignReminder)
            .values(school_id=campaign.school_id, campaign_id=campaign.id, step=step, **values)
            .on_conflict_do_update(
                index_elements=[
                    CampaignReminder.school_id,
                    CampaignReminder.campaign_id,
                    CampaignReminder.step,
                ],
                set_=values,
                where=CampaignReminder.state.in_([_R.PLANNED, _R.OFF]),
            )
        )


def _rows(session: Session, campaign: Campaign) -> Sequence[CampaignReminder]:
    return session.scalars(
        select(CampaignReminder)
        .where(
            CampaignReminder.school_id == campaign.school_id,
            CampaignReminder.campaign_id == campaign.id,
        )
        .execution_options(populate_existing=True)
    ).all()


def of_step(campaign: Campaign, step: MessageStep) -> tuple[ColumnElement[bool], ...]:
    return (
        CampaignReminder.school_id == campaign.school_id,
        CampaignReminder.campaign_id == campaign.id,
        CampaignReminder.step == step,
    )


def _closing_day(campaign: Campaign) -> date | None:
    return None if campaign.closes_at is None else london_date(campaign.closes_at)
