"""News of campaigns for a school's channels: noted in the transaction in which it happens, then posted.

A row per piece of news until it is told (Law of the outbox: the intent is on record before a byte
leaves, and what may have been posted is never posted again). It holds counts, never a pupil.
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach import queues
from outreach.campaigns.chat.channels import channels_of
from outreach.campaigns.chat.models import ChatChannel, ChatNews, News, NewsState
from outreach.campaigns.chat.posting import Message, Outcome, Posted
from outreach.campaigns.models import Campaign, Invitation
from outreach.campaigns.states import ANSWERED, CampaignState
from outreach.clock import london_date, long_date
from outreach.database import school_of
from outreach.queues import Work
from outreach.schools.models import School
from outreach.schools.terms import calendar_of

LEASE = timedelta(minutes=2)
"""Many times what posting takes. After it, what was being posted is unknown."""
WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)
GIVE_UP_AFTER = timedelta(hours=24)
"""Since it was due: by then it is no news."""
HALF = 2
DROPPED = "It was no news any more when it could have been told."

_S = NewsState
OPEN = (CampaignState.LAUNCHING, CampaignState.SENDING, CampaignState.PAUSED)
WRITTEN = (CampaignState.SENDING, CampaignState.PAUSED)


def tell(
    session: Session,
    news: News,
    campaign: Campaign,
    now: datetime,
    *,
    about: str = "",
    at: datetime | None = None,
    by_person: bool = False,
) -> None:
    """Note it for every channel; noted twice, it is told once. `about` tells two of a kind apart.

    What did not follow from a person's act waits for the end of the quiet hours of a school day.
    """
    channels = channels_of(session)
    if not channels:
        return
    due = now if by_person else calendar_of(session).next_beginning(at or now)
    for channel in channels:
        _note(session, channel, news, f"{campaign.id} {about}".strip(), campaign.id, now, due)
    queues.note_due(session, school_of(session), Work.CHAT, due)
    if due <= now:
        queues.call_for(session, school_of(session), Work.CHAT, now)


def tell_launch(session: Session, campaign: Campaign, now: datetime) -> None:
    """That it has begun, now, and that it closes tomorrow, when that is so."""
    tell(session, News.LAUNCHED, campaign, now, by_person=True)
    plan_closing(session, campaign, now)


def tell_held(session: Session, campaign_id: UUID, held_id: UUID, now: datetime) -> None:
    """Once for each time that a domain begins to be held."""
    campaign = session.get_one(Campaign, (school_of(session), campaign_id))
    tell(session, News.DOMAIN_HELD, campaign, now, about=f"{held_id} {now.isoformat()}")


def tell_test(session: Session, channel: ChatChannel, now: datetime) -> None:
    """At once: a person asks for it."""
    _note(session, channel, News.TEST, str(uuid4()), None, now, now)
    queues.call_for(session, school_of(session), Work.CHAT, now)


def plan_closing(session: Session, campaign: Campaign, now: datetime) -> None:
    """“Closing tomorrow”, on the day before the closing date, where that is still to come."""
    if campaign.closes_at is None or campaign.launched_at is None:
        return
    day = london_date(campaign.closes_at) - timedelta(days=1)
    calendar = calendar_of(session)
    at = calendar.mailing_on(day)
    if now < at and calendar.is_school_day(day):
        tell(session, News.CLOSING_TOMORROW, campaign, now, at=at)


def plan_for_channels(session: Session, now: datetime) -> None:
    """After one was added: what is still to be told of campaigns that are open."""
    for campaign in session.scalars(
        select(Campaign).where(Campaign.school_id == school_of(session), Campaign.state.in_(OPEN))
    ).all():
        plan_closing(session, campaign, now)


def note_half_way(session: Session, now: datetime) -> None:
    """Tell of each open campaign in which half of those asked have answered. Asked often."""
    if not channels_of(session):
        return
    told = (
        select(ChatNews.id)
        .where(
            ChatNews.school_id == Campaign.school_id,
            ChatNews.campaign_id == Campaign.id,
            ChatNews.news == News.HALF_WAY,
        )
        .correlate(Campaign)
    )
    answered = func.count().filter(Invitation.state.in_(ANSWERED))
    passed = (
        select(Invitation.campaign_id)
        .join(
            Campaign,
            and_(Campaign.school_id == Invitation.school_id, Campaign.id == Invitation.campaign_id),
        )
        .where(
            Invitation.school_id == school_of(session), Campaign.state.in_(WRITTEN), ~told.exists()
        )
        .group_by(Invitation.campaign_id)
        .having(answered * HALF >= func.count())
    )
    for campaign_id in session.scalars(passed).all():
        campaign = session.get_one(Campaign, (school_of(session), campaign_id))
        tell(session, News.HALF_WAY, campaign, now)


def claim_news(session: Session, now: datetime) -> tuple[ChatNews, ChatChannel, Message] | None:
    """Take the next piece that is due, its intent to be committed before it is posted.

    What was being posted when its worker died is unknown, and stays so. What is no news any more
    is dropped.
    """
    _give_up_lost(session, now)
    while True:
        row = session.scalar(
            select(ChatNews)
            .where(
                ChatNews.school_id == school_of(session),
                ChatNews.state == _S.WAITING,
                ChatNews.next_attempt_at <= now,
            )
            .order_by(ChatNews.next_attempt_at)
            .limit(1)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        if row is None:
            return None
        message = _message(session, row, now)
        if message is None:
            _settle(row, _S.DROPPED, DROPPED, now)
            session.flush()
            continue
        row.state, row.tries = _S.POSTING, row.tries + 1
        row.next_attempt_at = now + LEASE
        session.flush()
        return row, session.get_one(ChatChannel, (row.school_id, row.channel_id)), message


def record(session: Session, news_id: UUID, outcome: Outcome, now: datetime) -> None:
    row = session.get(ChatNews, (school_of(session), news_id), with_for_update=True)
    if row is None or row.state not in (_S.POSTING, _S.UNKNOWN):
        return  # the channel was taken away meanwhile
    match outcome.posted:
        case Posted.DONE:
            _settle(row, _S.POSTED, None, now)
        case Posted.REFUSED:
            _settle(row, _S.GIVEN_UP, outcome.words, now)
        case Posted.UNKNOWN:
            _settle(row, _S.UNKNOWN, outcome.words, now)
        case Posted.NOT_NOW:
            _put_off(row, outcome, now)
    session.flush()


def tells_at_earliest(session: Session) -> datetime | None:
    first: datetime | None = session.scalar(
        select(func.min(ChatNews.next_attempt_at)).where(
            ChatNews.school_id == school_of(session),
            ChatNews.state.in_([_S.WAITING, _S.POSTING]),
        )
    )
    return first


def latest_news(session: Session, channel_id: UUID) -> ChatNews | None:
    """The last piece that was tried, for the page."""
    return session.scalar(
        select(ChatNews)
        .where(
            ChatNews.school_id == school_of(session),
            ChatNews.channel_id == channel_id,
            or_(ChatNews.tries > 0, ChatNews.news == News.TEST),
        )
        .order_by(ChatNews.noted_at.desc(), ChatNews.id)
        .limit(1)
        .execution_options(populate_existing=True)
    )


def _note(
    session: Session,
    channel: ChatChannel,
    news: News,
    about: str,
    campaign_id: UUID | None,
    now: datetime,
    due: datetime,
) -> None:
    session.execute(
        insert(ChatNews)
        .values(
            school_id=channel.school_id,
            id=uuid4(),
            channel_id=channel.id,
            campaign_id=campaign_id,
            news=news,
            about=about,
            state=_S.WAITING,
            tries=0,
            noted_at=now,
            next_attempt_at=due,
        )
        .on_conflict_do_nothing()
    )


def _give_up_lost(session: Session, now: datetime) -> None:
    session.execute(
        update(ChatNews)
        .where(
            ChatNews.school_id == school_of(session),
            ChatNews.state == _S.POSTING,
            ChatNews.next_attempt_at <= now,
        )
        .values(
            state=_S.UNKNOWN,
            words="The service stopped while this was being posted.",
            settled_at=now,
        )
        .execution_options(synchronize_session=False)
    )


def _put_off(row: ChatNews, outcome: Outcome, now: datetime) -> None:
    row.words = outcome.words
    if row.tries > len(WAITS) or now - row.noted_at >= GIVE_UP_AFTER:
        _settle(row, _S.GIVEN_UP, f"{outcome.words} It was tried {row.tries} times.", now)
        return
    wait = WAITS[row.tries - 1]
    asked = timedelta(seconds=min(outcome.wait_seconds or 0.0, GIVE_UP_AFTER.total_seconds()))
    row.state, row.next_attempt_at = _S.WAITING, now + max(wait, asked)


def _settle(row: ChatNews, state: NewsState, words: str | None, now: datetime) -> None:
    row.state, row.words, row.settled_at = state, words, now


def _message(session: Session, row: ChatNews, now: datetime) -> Message | None:
    """With the numbers as they are now; None where it is no news any more. `link` is a path."""
    school = session.get_one(School, school_of(session)).name
    if row.campaign_id is None:
        text = f"News of the questionnaires of {school} comes here: numbers, and never a name."
        return Message("A test", text, "/staff/chat")
    campaign = session.get_one(Campaign, (row.school_id, row.campaign_id))
    if campaign.ended_at is not None or campaign.launched_at is None:
        return None
    asked, answered = _counts(session, campaign)
    so_far = f"{answered:,} of {asked:,} students have answered."
    closing = campaign.closes_at
    until = f" It closes at the end of {long_date(closing)}." if closing else ""
    said = {
        News.LAUNCHED: (f"“{campaign.name}” has begun", f"{asked:,} students are asked.{until}"),
        News.HALF_WAY: (f"“{campaign.name}” is half-way", f"{so_far}{until}"),
        News.CLOSING_TOMORROW: (f"“{campaign.name}” closes tomorrow", f"{so_far}{until}"),
        News.DOMAIN_HELD: (
            f"Mail of “{campaign.name}” is being turned away",
            "A mail server refuses our mail by a rule of its own, so the rest of it is held. The "
            "campaign’s page says which, and what your IT team can do.",
        ),
    }
    if row.news is News.CLOSING_TOMORROW and (
        closing is None or london_date(closing) != london_date(now) + timedelta(days=1)
    ):
        return None
    title, text = said[row.news]
    return Message(f"{school}: {title}", text, f"/staff/campaigns/{campaign.id}")


def _counts(session: Session, campaign: Campaign) -> tuple[int, int]:
    answered = session.scalar(
        select(func.count()).where(
            Invitation.school_id == campaign.school_id,
            Invitation.campaign_id == campaign.id,
            Invitation.state.in_(ANSWERED),
        )
    )
    return int((campaign.audience or {}).get("asked", 0)), answered or 0
