"""The languages a student may choose: their own names and the way they run."""

from dataclasses import dataclass

MAX_LANGUAGES = 40
"""Of one definition: more than any school teaches in."""

_OWN_NAMES = {
    "en": "English",
    "cy": "Cymraeg",
    "pl": "Polski",
    "uk": "Українська",
    "ur": "اردو",
    "ar": "العربية",
    "bn": "বাংলা",
    "es": "Español",
    "fr": "Français",
    "gu": "ગુજરાતી",
    "it": "Italiano",
    "lt": "Lietuvių",
    "pa": "ਪੰਜਾਬੀ",
    "pt": "Português",
    "ro": "Română",
    "so": "Soomaali",
    "tr": "Türkçe",
    "zh": "中文",
}
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


@dataclass(frozen=True)
class Offered:
    """One language in which a questionnaire can be answered in full."""

    code: str
    """As in HTML's `lang`."""
    name: str
    """In that language itself, for those who look for it."""
    direction: str
    """As in HTML's `dir`: ltr or rtl."""
    is_by_a_person: bool
    """False: translated by machine and not read through by anybody. Pages have to say so."""


def offered(code: str, *, is_by_a_person: bool) -> Offered:
    base = code.partition("-")[0]
    direction = "rtl" if base in _RIGHT_TO_LEFT else "ltr"
    return Offered(code, _OWN_NAMES.get(base, code), direction, is_by_a_person)
