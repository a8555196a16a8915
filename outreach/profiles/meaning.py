"""What each construct and skill is about, in plain words, in every language of the pages."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from questionnaires.model import DEFAULT_LANGUAGE

_FILES = Path(__file__).parent / "meanings"


def meanings_in(language: str) -> Mapping[str, str]:
    """By construct, in that language; in English where there is no file for it."""
    return _written().get(language) or _written()[DEFAULT_LANGUAGE]


@cache
def _written() -> Mapping[str, Mapping[str, str]]:
    found = (yaml.safe_load(path.read_text("utf-8")) for path in sorted(_FILES.glob("*.yaml")))
    return {file["language"]: file["constructs"] for file in found}
