"""What the page before a launch says: how many mails go, to whom none goes, and that it is now."""

from datetime import datetime

from outreach.campaigns.models import Campaign
from outreach.campaigns.views.confirming import Advice, Confirmation
from outreach.campaigns.views.school_hours import is_in_school_hours
from outreach.campaigns.views.showing import AudienceView
from outreach.clock import in_london, london_date, long_date
from outreach.schools.contacts import Contacts
from outreach.schools.models import Role

CONTACTS = "/staff/sharing/contacts"
MAY_SET = (Role.ADMIN, Role.DATA_PROTECTION)


def launch_confirmation(
    audience: AudienceView, campaign: Campaign, contacts: Contacts, role: Role, now: datetime
) -> Confirmation:
    mails = _count(audience.mailable, "mail goes", "mails go")
    happens = [f"{mails} out at once, one to each student who can be mailed."]
    if audience.not_mailable:
        left_out = _count(audience.not_mailable, "pupil gets", "pupils get")
        happens.append(f"{left_out} no mail. The reasons are on the campaign’s page.")
    happens.append("The list of pupils is fixed now: who joins a year or group later is not asked.")
    stays = [
        "You can pause, close or cancel at any time. Mail that has left cannot be called back.",
        _closing(campaign),
    ]
    return Confirmation(
        title=f"Launch “{campaign.name}”?",
        happens=tuple(happens),
        stays=tuple(stays),
        button=f"Launch and send {_count(audience.mailable, 'mail', 'mails')}",
        warning=None if is_in_school_hours(now) else _outside_hours(now),
        advice=None if contacts.are_complete else _advice(contacts, role),
    )


def _advice(contacts: Contacts, role: Role) -> Advice:
    missing = [
        words
        for words, contact in (
            ("about the questionnaire", contacts.careers),
            ("about data protection", contacts.protection),
        )
        if contact is None
    ]
    who = "" if role in MAY_SET else " An administrator or the data protection lead can set it."
    return Advice(
        f"Students are not told whom to ask {' or '.join(missing)}: they read only that they can "
        f"ask at school. The law asks schools to name a contact. You can launch without it.{who}",
        CONTACTS if role in MAY_SET else None,
        "Set whom students can ask",
    )


def _closing(campaign: Campaign) -> str:
    if campaign.closes_at is None:
        return "There is no closing date: students can answer until you close the campaign."
    return f"Students can answer until the end of {long_date(london_date(campaign.closes_at))}."


def _outside_hours(now: datetime) -> str:
    return (
        f"It is outside school hours: {in_london(now)}. The mail goes out now, not on the next "
        "school day. To send it in school hours, come back then."
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
