"""What the engine itself says to a student about an answer, in English, with blanks to fill."""

from string import Formatter
from typing import Final

SKIPPED: Final = "Skipped"
CHOOSE_ONE: Final = "Choose one answer, or skip this question."
CHOOSE_SOME: Final = "Choose at least one answer, or skip this question."
ONE_OR_THE_OTHER: Final = (
    "You chose “{alone}” and something else. Choose one or the other, or skip this question."
)
TOO_FEW: Final = "You chose {count}. Choose at least {least}, or skip this question."
TOO_MANY: Final = "You chose {count}. Choose up to {most}, or skip this question."
UNKNOWN: Final = (
    "We did not recognise that answer. Choose from the answers on this page, or skip this question."
)
WRITE_ONE: Final = "Write one answer, or skip this question."
WRITE_SOME: Final = "Write an answer, or skip this question."
TOO_LONG: Final = (
    "Your answer is {count} characters long. Make it {most} or fewer, or skip this question."
)
NOT_A_NUMBER: Final = "Enter a whole number from {least} to {most}, or skip this question."

PHRASES = (
    SKIPPED,
    CHOOSE_ONE,
    CHOOSE_SOME,
    ONE_OR_THE_OTHER,
    TOO_FEW,
    TOO_MANY,
    UNKNOWN,
    WRITE_ONE,
    WRITE_SOME,
    TOO_LONG,
    NOT_A_NUMBER,
)


def blanks_of(phrase: str) -> list[str] | None:
    """Names of its blanks in order of the alphabet; None where the braces cannot be read."""
    try:
        return sorted(name for _, name, _, _ in Formatter().parse(phrase) if name is not None)
    except ValueError:
        return None
