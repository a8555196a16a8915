"""Roles and audited actions in the words that staff read."""

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
    Role.VIEWER: RoleWords(
        "Viewer",
        "Sees campaigns, pupils and results, and changes nothing. Can be limited to groups.",
    ),
    Role.DATA_PROTECTION: RoleWords(
        "Data protection", "Changes sharing and reads the audit. Sees no answers."
    ),
    Role.IT: RoleWords("IT team", "Sees what to let through the mail filter. Sees no pupils."),
    Role.SAFEGUARDING: RoleWords(
        "Safeguarding lead",
        "Reads what students write in their own words, and is mailed about it. Sees nothing else.",
    ),
}


_ACTIONS = {
    "school.added": "School added",
    "staff.added": "Staff member added",
    "staff.role_changed": "Role changed",
    "staff.groups_changed": "Groups that a viewer sees changed",
    "staff.ended": "Staff member removed",
    "staff.link_made": "One-time password link made",
    "staff.link_mailed": "One-time password link mailed",
    "staff.password_set": "Password set",
    "staff.signed_in": "Signed in",
    "staff.signed_out": "Signed out",
    "sharing.changed": "Sharing changed",
    "characteristics.deleted": "Data that is not shared any more deleted",
    "reach.exported": "List of who cannot be emailed downloaded",
    "questionnaire.added": "Own questionnaire added",
    "questionnaire.retired": "Own questionnaire retired",
    "questionnaire.offered_again": "Own questionnaire offered again",
    "questionnaire.stands_in": "Own questionnaire in place of the published one",
    "questionnaire.deleted": "Version of an own questionnaire deleted",
    "safeguarding.read": "What a student wrote was read by safeguarding",
    "safeguarding.acted": "What a student wrote was acted upon",
    "code.ended_by_holder": "Slip ended: whoever held it does not want to answer",
    "school.contacts_changed": "Contacts for students changed",
}


def action_words(action: str) -> str:
    """Every other room's actions are named so that they read well: `campaign.launched`."""
    return _ACTIONS.get(action, action.replace(".", " ").replace("_", " ").capitalize())
