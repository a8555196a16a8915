"""What a careers leader should know before anything else: why nothing goes out, or a wrong choice."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from outreach import queues
from outreach.campaigns.models import Campaign
from outreach.campaigns.own.library import of_school
from outreach.campaigns.pinning import BY_STAGE, years_in_words
from outreach.campaigns.states import CampaignState
from outreach.heartbeat import Heartbeat, heartbeat
from outreach.parts import Parts
from outreach.pupils.reach.reasons import Reason
from outreach.queues import Work
from outreach.schools.models import Connection
from outreach.schools.sharing import agreement
from questionnaires.loading import Library

_OPEN = frozenset(
    {
        CampaignState.DRAFT,
        CampaignState.LAUNCHING,
        CampaignState.SENDING,
        CampaignState.PAUSED,
    }
)
_BLOCKING = {
    Connection.NOT_CONNECTED: Reason.NOT_CONNECTED,
    Connection.PAUSED: Reason.PAUSED,
    Connection.REVOKED: Reason.REVOKED,
}


@dataclass(frozen=True)
class Alert:
    title: str
    words: str


_NOTHING_IS_LOST = "Nothing is lost: mail and results wait, and go on by themselves. Students can answer meanwhile."
_NO_WORK = {
    Heartbeat.NO_WORKER: Alert(
        "No worker is running",
        "So no mail goes out, and answers are not scored. Ask whoever runs this service to start "
        f"its worker. {_NOTHING_IS_LOST}",
    ),
    Heartbeat.NO_REDIS: Alert(
        "The workers cannot be seen",
        "The service does not reach Redis, through which its workers are called, so mail and "
        f"results may wait. Ask whoever runs this service to look at Redis. {_NOTHING_IS_LOST}",
    ),
}


def alerts_of(session: Session, library: Library, campaign: Campaign) -> tuple[Alert, ...]:
    if campaign.state not in _OPEN:
        return ()
    found = (
        _no_mail(session),
        _mail_waits(session, campaign),
        _wrong_years(of_school(session, library), campaign),
    )
    return tuple(alert for alert in found if alert is not None)


def no_work_alert(parts: Parts, campaign: Campaign, now: datetime) -> Alert | None:
    """Mail, reminders and results are all a worker's: without one everything seems well, and waits."""
    if campaign.state not in _OPEN - {CampaignState.DRAFT}:
        return None
    return _NO_WORK.get(heartbeat(parts.redis, now))


def _no_mail(session: Session) -> Alert | None:
    """The reasons of the gate that hold for the whole school."""
    current = agreement(session)
    reason = _BLOCKING.get(current.connection)
    if reason is None and not current.student_email:
        reason = Reason.STUDENT_EMAIL_OFF
    if reason is None:
        return None
    who = reason.mender.value
    return Alert(
        "No mail goes out",
        f"{reason.words}, so nobody can be mailed. This can be changed on the Data sharing page by {who}.",
    )


def _mail_waits(session: Session, campaign: Campaign) -> Alert | None:
    """Trouble that stands between us and every mail, at the last try."""
    is_sending = campaign.state is CampaignState.SENDING
    if not is_sending or not queues.failures_of(session, campaign.school_id, Work.DELIVER):
        return None
    return Alert(
        "Mail waits",
        "The mail server could not be used, or this service has no room on its disk to note what it "
        "sends. Nothing is lost, and the mail is tried again by itself. If this stays for more than "
        "ten minutes, ask whoever runs this service to run `outreach doctor`.",
    )


def _wrong_years(library: Library, campaign: Campaign) -> Alert | None:
    is_by_stage = campaign.questionnaire == BY_STAGE
    try:
        chosen = None if is_by_stage else library.latest(campaign.questionnaire)
    except LookupError:
        return None
    others = sorted(
        year
        for year in set(campaign.years)
        if (library.for_year(year) is None if chosen is None else year not in chosen.years)
    )
    if not others:
        return None
    asked = years_in_words(others)
    if chosen is None:
        words = f"No questionnaire is written for {asked}: they get the one for the nearest year."
    else:
        written = years_in_words(sorted(chosen.years))
        words = f"This questionnaire is written for {written}, and the audience has {asked}."
    return Alert("Written for other years", f"{words} Some questions may not fit those students.")
