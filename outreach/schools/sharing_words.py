"""Sharing settings in the words that staff read: on pages, in receipts, in the history."""

from dataclasses import dataclass

from outreach.schools.purposes import DataItem, Purpose, table


@dataclass(frozen=True)
class SettingWords:
    """One setting: its name, what each value is called, and what each does, in a sentence or two."""

    name: str
    value_names: dict[str, str]
    does: dict[str, str]

    def value_name(self, value: str) -> str:
        return self.value_names.get(value, value.replace("_", " ").capitalize())

    def what_it_does(self, value: str) -> str:
        return self.does.get(value, "")


_SWITCH = {"on": "On", "off": "Off"}
_ADDRESS = _SWITCH | {"undecided": "Not decided"}

CONNECTION_NAMES = {
    "authorised": "Authorised",
    "paused": "Paused",
    "revoked": "Revoked",
    "not_connected": "Not connected",
}

_SETTINGS = {
    "connection": SettingWords(
        "Connection",
        CONNECTION_NAMES,
        {
            "authorised": (
                "The roster may be used, for the purposes below. Mail goes out where the switches "
                "allow it."
            ),
            "paused": (
                "All mail to students stops for the time being, queued mail included, and the "
                "roster is not fetched. Links already received go on working. Nothing is deleted."
            ),
            "revoked": (
                "The school takes its permission back. All mail to students stops, queued mail "
                "included, and the roster is not fetched. Links already received go on working "
                "until their campaign is closed. What is held is deleted when the time below has "
                "passed; until then, authorising again undoes it."
            ),
            "not_connected": "Nothing may be used. No mail goes out.",
        },
    ),
    "student_email": SettingWords(
        "Student email",
        _SWITCH,
        {
            "on": "Students may be mailed, at the kinds of address that are switched on.",
            "off": "No student is mailed at any address. Queued mail stops.",
        },
    ),
    "work_email": SettingWords(
        "Work email",
        _ADDRESS,
        {
            "on": "Mail goes to the address that the school gave the student.",
            "off": (
                "School addresses are not used, and an information system is not asked for them. "
                "Students who have no other address that is switched on are not mailed, and their "
                "queued mail stops."
            ),
            "undecided": "Addresses may be on the roster. They are held and not used.",
        },
    ),
    "home_email": SettingWords(
        "Home email",
        _ADDRESS,
        {
            "on": (
                "A private address is used where a student has no valid school address, or "
                "where school addresses are switched off."
            ),
            "off": (
                "Private addresses are not used, and an information system is not asked for them. "
                "Queued mail to them stops."
            ),
            "undecided": "Addresses may be on the roster. They are held and not used.",
        },
    ),
    "deletion_days": SettingWords("Days until deletion after a revocation", {}, {}),
    "held_data": SettingWords(
        "What was held of pupils",
        {"held": "Held", "deleted": "Deleted"},
        {
            "deleted": "It cannot be brought back. Counts of campaigns stay, without anybody in them."
        },
    ),
    "source": SettingWords(
        "Permission at the integrator",
        {
            "pending": "Not decided",
            "authorised": "Authorised",
            "paused": "Paused",
            "declined": "Declined",
            "revoked": "Revoked",
        },
        {
            "authorised": "The roster is fetched from the school's information system.",
            "paused": (
                "The roster is not fetched and all mail to students stops, queued mail included. "
                "Nothing is deleted."
            ),
            "declined": "The roster is not fetched and no mail goes to students.",
            "revoked": (
                "The roster is not fetched and all mail to students stops, queued mail included. "
                "What is held is deleted when the time has passed, unless the school authorises "
                "the connection again with the integrator."
            ),
        },
    ),
}


def setting_words(setting: str) -> SettingWords:
    """Of any setting that the history can name, also one that an older table of purposes had."""
    if setting in _SETTINGS:
        return _SETTINGS[setting]
    kind, _, key = setting.partition(".")
    if kind == "item" and key in {one.value for one in DataItem}:
        return _item_words(DataItem(key))
    if kind == "purpose" and key in {one.value for one in Purpose}:
        return _purpose_words(Purpose(key))
    return SettingWords(setting.replace("_", " ").capitalize(), {}, {})


def _item_words(item: DataItem) -> SettingWords:
    rules = table()
    uses = "; ".join(rules.purposes[one].label.lower() for one in rules.needs_of(item))
    return SettingWords(
        rules.items[item].label,
        _SWITCH,
        {
            "on": f"Taken from the roster from now on, kept apart, and used for: {uses}.",
            "off": f"Not taken from the roster any more. It stops being used for: {uses}.",
        },
    )


def _purpose_words(purpose: Purpose) -> SettingWords:
    rules = table()
    rule = rules.purposes[purpose]
    items = ", ".join(rules.items[one].label.lower() for one in rules.items_for(purpose))
    return SettingWords(
        rule.label,
        _SWITCH,
        {
            "on": f"{rule.words} Uses, where shared: {items}.",
            "off": f"{rule.when_off} It concerns: {items}.",
        },
    )
