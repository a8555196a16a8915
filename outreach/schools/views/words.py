"""Roles, sharing switches and audited actions in the words that staff read."""

from dataclasses import dataclass
from typing import NamedTuple

from outreach.schools.models import Role


class RoleWords(NamedTuple):
    name: str
    may: str


ROLE_WORDS = {
    Role.ADMIN: RoleWords("Administrator", "Does everything, adds staff and changes sharing."),
    Role.CAREERS_LEADER: RoleWords(
        "Careers leader", "Keeps the roster, runs campaigns and reads results."
    ),
    Role.VIEWER: RoleWords("Viewer", "Sees campaigns, pupils and results, and changes nothing."),
    Role.DATA_PROTECTION: RoleWords(
        "Data protection", "Changes sharing and reads the audit. Sees no answers."
    ),
    Role.IT: RoleWords("IT team", "Sees what to let through the mail filter. Sees no pupils."),
}


@dataclass(frozen=True)
class SettingWords:
    """One sharing setting: its name, and what each value of it does, in one sentence."""

    name: str
    does: dict[str, str]
    value_names: dict[str, str]


_SWITCH = {"on": "On", "off": "Off"}

SETTING_WORDS = {
    "connection": SettingWords(
        "Connection",
        {
            "authorised": "The roster may be used. Mail goes out where the switches allow it.",
            "paused": (
                "All mail to students stops for the time being, queued mail included. Links "
                "already received go on working."
            ),
            "revoked": (
                "The school takes its permission back. All mail to students stops, queued mail "
                "included. Links already received go on working until their campaign is closed."
            ),
            "not_connected": "Nothing may be used. No mail goes out.",
        },
        {
            "authorised": "Authorised",
            "paused": "Paused",
            "revoked": "Revoked",
            "not_connected": "Not connected",
        },
    ),
    "student_email": SettingWords(
        "Student email",
        {
            "on": "Students may be mailed, at the kinds of address that are switched on.",
            "off": "No student is mailed at any address. Queued mail stops.",
        },
        _SWITCH,
    ),
    "work_email": SettingWords(
        "Work email",
        {
            "on": "Mail goes to the address that the school gave the student.",
            "off": (
                "School addresses are not used. Students who have no other address that is "
                "switched on are not mailed, and their queued mail stops."
            ),
        },
        _SWITCH,
    ),
    "home_email": SettingWords(
        "Home email",
        {
            "on": (
                "A private address is used where a student has no valid school address, or "
                "where school addresses are switched off."
            ),
            "off": "Private addresses are not used. Queued mail to them stops.",
        },
        _SWITCH,
    ),
}

_ACTIONS = {
    "school.added": "School added",
    "staff.added": "Staff member added",
    "staff.role_changed": "Role changed",
    "staff.ended": "Staff member removed",
    "staff.link_made": "One-time password link made",
    "staff.link_mailed": "One-time password link mailed",
    "staff.password_set": "Password set",
    "staff.signed_in": "Signed in",
    "staff.signed_out": "Signed out",
    "sharing.changed": "Sharing changed",
    "school.contacts_changed": "Contacts for students changed",
}


def action_words(action: str) -> str:
    """Every other room's actions are named so that they read well: `campaign.launched`."""
    return _ACTIONS.get(action, action.replace(".", " ").replace("_", " ").capitalize())
