"""Which text is read first. It orders the reading; a person reads all of it."""

import re
from functools import cache
from pathlib import Path

import yaml

_FILE = Path(__file__).parent / "urgent_words.yaml"
_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "‘": "'"})


def is_urgent(text: str) -> bool:
    """Whether a word of `urgent_words.yaml`, of any language, begins a word of the text."""
    return _pattern().search(_plain(text)) is not None


def _plain(text: str) -> str:
    return " ".join(text.casefold().translate(_APOSTROPHES).split())


@cache
def _pattern() -> re.Pattern[str]:
    by_language: dict[str, list[str]] = yaml.safe_load(_FILE.read_text("utf-8"))
    words = sorted({_plain(word) for words in by_language.values() for word in words})
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})")
