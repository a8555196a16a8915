"""Launching: the selection is frozen at once, its rows are written after it, block by block."""

import time
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    cast,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach import audit, queues
from outreach.audit import Actor
from outreach.campaigns.audience import Audience, asked_pupils
from outreach.campaigns.chat.telling import tell_launch
from outreach.campaigns.finding import find_campaign
from outreach.campaigns.links import is_past_closing
from outreach.campaigns.models import Campaign, CampaignBlock, Invitation, Link, Message
from outreach.campaigns.pinning import asks_open_text
from outreach.campaigns.reminder_schedule import begin_schedule
from outreach.campaigns.states import CampaignState, InvitationState, MessageState, MessageStep
from outreach.database import Base, refresh_statistics, school_of, transaction
from outreach.errors import Refusal
from outreach.parts import Parts
from outreach.pupils.roster.whole_roster import joining_whole_roster
from outreach.queues import Bell, Work
from outreach.schools.safeguarding import has_lead

BLOCK_OF = 1000
WORK_SECONDS = 5.0
"""How long one job goes on before other schools have their turn."""
LOOK_AGAIN = timedelta(seconds=2)

_INVITE = text("""
    INSERT INTO invitation (school_id, campaign_id, pupil_id, questionnaire, version, sha256,
                            family, pupil_year, excluded_reason, state, stopped_reason,
                            created_at)
    SELECT :school_id, :campaign_id, member.pupil_id, given.questionnaire, given.version,
           given.sha256, given.family, theirs.year, nullif(member.reason, ''), :state,
           :stopped_reason, :now
    FROM campaign_block AS block, unnest(block.pupil_ids, block.reasons)
        AS member (pupil_id, reason),
    LATERAL (  -- asked one by one, through the primary keys; not there if erased since
        SELECT pupil.year, EXISTS (
            SELECT FROM supported_version chosen
            WHERE chosen.school_id = :school_id AND chosen.pupil_id = member.pupil_id
        ) AS is_supported
        FROM pupil WHERE pupil.school_id = :school_id AND pupil.id = member.pupil_id
    ) AS theirs,
    LATERAL (  -- what staff chose, else the one for the year, else for the nearest year
        SELECT pin.questionnaire, pin.version, pin.sha256, pin.family FROM campaign_questionnaire pin
        WHERE pin.school_id = :school_id AND pin.campaign_id = :campaign_id
          AND (theirs.is_supported OR NOT pin.is_supported)
        ORDER BY pin.is_supported DESC, coalesce(
            (SELECT min(abs(year - theirs.year)) FROM unnest(pin.years) AS year), 0)
        LIMIT 1
    ) AS given
    WHERE block.school_id = :school_id AND block.campaign_id = :campaign_id
      AND block.number = :number
    ON CONFLICT (school_id, campaign_id, pupil_id) DO NOTHING
    RETURNING id, excluded_reason
""")

_LINK = text("""
    INSERT INTO link (school_id, invitation_id, created_at)
    SELECT :school_id, unnest(cast(:invitation_ids AS uuid[])), :now
    RETURNING id, invitation_id
""")

_QUEUE = text("""
    INSERT INTO message (school_id, campaign_id, invitation_id, link_id, step, attempt, state,
                         tries, queued_at, next_attempt_at, changed_at)
    SELECT :school_id, :campaign_id, new.invitation_id, new.link_id, :step, 1, :state,
           0, :now, :now, :now
    FROM unnest(cast(:invitation_ids AS uuid[]), cast(:link_ids AS uuid[]))
        AS new (invitation_id, link_id)
    ON CONFLICT (school_id, invitation_id, step, attempt) DO NOTHING
""")

NO_LEAD = (
    "Students may write in their own words in this questionnaire, and your school has nobody yet "
    "who reads that: a student may write that they are not safe. Ask an administrator to add a "
    "staff member as “Safeguarding lead”, under Staff. Nothing was launched."
)
WELL_KNOWN = 10_000
"""Rows of a table from which on the planner's own statistics serve."""


def launch(session: Session, campaign_id: UUID, actor: Actor, now: datetime) -> Campaign:
    """Freeze the audience and call for its rows to be written. Pressed twice, it acts once."""
    school_id = school_of(session)
    launched = session.scalar(
        update(Campaign)
        .where(
            Campaign.school_id == school_id,
            Campaign.id == campaign_id,
            Campaign.state == CampaignState.DRAFT,
        )
        .values(state=CampaignState.LAUNCHING, launched_at=now)
        .returning(Campaign.id)
        .execution_options(synchronize_session=False)
    )
    campaign = find_campaign(session, campaign_id)
    if launched is None:
        words = f"This campaign is {campaign.state.value}: it can be launched once, as a draft."
        raise Refusal(f"{words} Nothing was sent a second time.")
    if is_past_closing(campaign, now):
        raise Refusal("The closing date has passed. Make a campaign with a later one.")
    if asks_open_text(session, campaign.id) and not has_lead(session):
        raise Refusal(NO_LEAD)
    audience = _freeze(session, campaign, now)
    if not audience.mailable:
        raise Refusal(_why_nobody(audience))
    campaign.audience = audience.frozen()
    tell_launch(session, campaign, now)
    queues.call_for(session, school_id, Work.LAUNCH, now)
    begin_schedule(session, campaign, now)
    if campaign.closes_at is not None:
        queues.note_due(session, school_id, Work.CLOSE, campaign.closes_at)
    audit.record(
        session, now, actor, "campaign.launched", "campaign", campaign.id, asked=audience.asked
    )
    return campaign


def _freeze(session: Session, campaign: Campaign, now: datetime) -> Audience:
    """Blocks and counts from one statement, so that they are of one moment."""
    asked = asked_pupils(session, campaign, now).cte("asked")
    place = func.row_number().over(order_by=asked.c.pupil_id)
    numbered = select(
        asked.c.pupil_id,
        func.coalesce(cast(asked.c.reason, Text), "").label("reason"),
        cast((place - 1) // BLOCK_OF, Integer).label("number"),
    ).subquery()
    blocks = (
        insert(CampaignBlock)
        .from_select(
            ["school_id", "campaign_id", "number", "pupil_ids", "reasons"],
            select(
                literal(campaign.school_id, Uuid),
                literal(campaign.id, Uuid),
                numbered.c.number,
                func.array_agg(numbered.c.pupil_id),
                func.array_agg(numbered.c.reason),
            ).group_by(numbered.c.number),
        )
        .cte("blocks")
    )
    counted = select(asked.c.reason, func.count().label("pupils")).group_by(asked.c.reason)
    with joining_whole_roster(session):
        rows = session.execute(counted.add_cte(blocks)).all()
    return Audience.counted({row.reason: row.pupils for row in rows})


def _why_nobody(audience: Audience) -> str:
    if not audience.asked:
        return "Nobody on the roster is in these years or groups, so there is nobody to ask."
    reasons = "; ".join(f"{count}: {why.words}" for why, count in audience.excluded.items())
    words = f"None of the {audience.asked} pupils asked for can be mailed ({reasons})."
    return f"{words} Nothing was launched."


def write_blocks(parts: Parts, school_id: UUID, seconds: float = WORK_SECONDS) -> bool:
    """Write what launches of this school have frozen, a transaction a block. Whether all is done.

    Killed half-way, it goes on where it was; several workers take different blocks.
    """
    deadline = time.monotonic() + seconds
    found = True
    while found and time.monotonic() < deadline:
        with transaction(parts.sessions, school_id) as session:
            found = write_next_block(session, parts.clock())
            if found and session.scalar(_unwritten(session).limit(1)) is not None:
                queues.ring_after_commit(session, Bell(Work.LAUNCH, school_id))  # for who is idle
    with transaction(parts.sessions, school_id) as session:
        if begin_sending(session, parts.clock()):
            refresh_statistics(session, Invitation, Link, Message)  # delivery joins them at once
        return _settle(session, parts.clock(), is_free=found)


def write_next_block(session: Session, now: datetime) -> bool:
    """One block's invitations, links and first messages; False where no block is free.

    The campaign's row is held for share: whoever steers it waits for this block, and finds it.
    """
    block = session.execute(
        select(CampaignBlock.campaign_id, CampaignBlock.number)
        .where(CampaignBlock.school_id == school_of(session), CampaignBlock.written_at.is_(None))
        .order_by(CampaignBlock.campaign_id, CampaignBlock.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if block is None:
        return False
    campaign = session.scalars(
        select(Campaign)
        .where(Campaign.school_id == school_of(session), Campaign.id == block.campaign_id)
        .with_for_update(read=True)
    ).one()
    _write_block(session, campaign, block.number, now)
    session.execute(
        update(CampaignBlock)
        .where(
            CampaignBlock.school_id == campaign.school_id,
            CampaignBlock.campaign_id == campaign.id,
            CampaignBlock.number == block.number,
        )
        .values(written_at=now)
    )
    return True


def _write_block(session: Session, campaign: Campaign, number: int, now: datetime) -> None:
    """Links and messages only for the invitations that are new: written twice, it acts once."""
    is_cancelled = campaign.state is CampaignState.CANCELLED
    state = InvitationState.STOPPED if is_cancelled else InvitationState.NOT_STARTED
    key = {"school_id": campaign.school_id, "campaign_id": campaign.id, "now": now}
    stopped = {"stopped_reason": "cancelled" if is_cancelled else None, "state": state.value}
    invited = session.execute(_INVITE, key | stopped | {"number": number}).all()
    _know(session, Invitation)
    linked = session.execute(_LINK, key | {"invitation_ids": [row.id for row in invited]}).all()
    _know(session, Link)
    if campaign.ended_at is not None:
        return
    mailable = {row.id for row in invited if row.excluded_reason is None}
    new = [row for row in linked if row.invitation_id in mailable]
    queued = {"step": MessageStep.INVITE.value, "state": MessageState.QUEUED.value}
    ids = {
        "invitation_ids": [row.invitation_id for row in new],
        "link_ids": [row.id for row in new],
    }
    session.execute(_QUEUE, key | queued | ids)


def _know(session: Session, table: type[Base]) -> None:
    """In a young database the next rows' foreign keys would be checked without an index: 1.6 s a
    block instead of 0.05. Unlike `refresh_statistics` it waits for no other worker that does so."""
    counted = text("SELECT reltuples FROM pg_class WHERE oid = cast(:name AS regclass)")
    rows = session.scalar(counted, {"name": table.__tablename__})
    if rows is None or rows < WELL_KNOWN:
        session.execute(text(f"ANALYZE (SKIP_LOCKED) {table.__tablename__}"))


def begin_sending(session: Session, now: datetime) -> bool:
    """Every campaign whose blocks are all written may send; one that is paused stays so."""
    ready = session.scalars(
        update(Campaign)
        .where(
            Campaign.school_id == school_of(session),
            Campaign.state == CampaignState.LAUNCHING,
            ~has_unwritten_blocks(),
        )
        .values(state=CampaignState.SENDING)
        .returning(Campaign.id)
        .execution_options(synchronize_session=False)
    ).all()
    if ready:
        queues.call_for(session, school_of(session), Work.DELIVER, now)
    return bool(ready)


def has_unwritten_blocks() -> ColumnElement[bool]:
    """Over Campaign."""
    return (
        select(CampaignBlock.number)
        .where(
            CampaignBlock.school_id == Campaign.school_id,
            CampaignBlock.campaign_id == Campaign.id,
            CampaignBlock.written_at.is_(None),
        )
        .correlate(Campaign)
        .exists()
    )


def _unwritten(session: Session) -> Select[int]:
    return select(CampaignBlock.number).where(
        CampaignBlock.school_id == school_of(session), CampaignBlock.written_at.is_(None)
    )


def _settle(session: Session, now: datetime, *, is_free: bool) -> bool:
    """Due again while blocks are left: at once, or soon where another worker holds them all."""

    def next_due() -> datetime | None:
        if session.scalar(_unwritten(session).limit(1)) is None:
            return None
        return now if is_free else now + LOOK_AGAIN

    due_at = queues.settle_due(session, school_of(session), Work.LAUNCH, next_due, now)
    if due_at is not None and due_at <= now:
        queues.ring_after_commit(session, Bell(Work.LAUNCH, school_of(session)))
    return due_at is None
