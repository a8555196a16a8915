"""The help-lines that stand beside every box for a student's own words."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from markupsafe import Markup

_FILE = Path(__file__).parent / "help_lines.yaml"


@dataclass(frozen=True)
class HelpLines:
    """Names and numbers; the words around them are the page's."""

    call: str
    call_number: str
    text: str
    text_word: str
    text_number: str
    danger: str

    def bold(self, name: str) -> Markup:
        """A number or a word to send, readable in its own direction on any page."""
        return Markup('<strong dir="ltr">{}</strong>').format(getattr(self, name))


@cache
def help_lines() -> HelpLines:
    kept = yaml.safe_load(_FILE.read_text("utf-8"))
    call, text = kept["call"], kept["text"]
    return HelpLines(
        call=call["name"],
        call_number=call["number"],
        text=text["name"],
        text_word=text["word"],
        text_number=text["number"],
        danger=kept["danger"],
    )
