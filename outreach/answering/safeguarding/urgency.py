"""Which text is read first. It orders the reading; a person reads all of it."""

import re
import unicodedata
from functools import cache
from pathlib import Path

import yaml

_FILE = Path(__file__).parent / "urgent_words.yaml"
_SPARED = "spared"
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("'’‘ʼ`´", ""),
        **dict.fromkeys("-\u2010\u2011\u2012\u2013\u2014_", " "),
        "ł": "l",
        "ґ": "г",
        "ي": "ی",
        "ك": "ک",
    }
)
"""Letters that fingers and keyboards take for one another, and that no decomposition brings together."""


def is_urgent(text: str) -> bool:
    """Whether a word of `urgent_words.yaml`, of any language, begins a word of the text."""
    urgent, spared = _patterns()
    return urgent.search(spared.sub(" ", _plain(text))) is not None


def _plain(text: str) -> str:
    """As it would be typed in haste: no capitals, no accents, no apostrophes, nothing invisible."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_ALIKE)).casefold()
    kept = (sign for sign in decomposed if unicodedata.category(sign) not in ("Cf", "Mn"))
    return " ".join("".join(kept).translate(_ALIKE).split())


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    by_language: dict[str, list[str]] = yaml.safe_load(_FILE.read_text("utf-8"))
    spared = by_language.pop(_SPARED)
    return _beginning([word for words in by_language.values() for word in words]), _beginning(
        spared
    )


def _beginning(words: list[str]) -> re.Pattern[str]:
    plain = sorted({_plain(word) for word in words})
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, plain))})")
