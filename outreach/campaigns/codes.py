"""A personal code as people read and type it: nine characters drawn at random and one that checks.

Pure: no database. The arithmetic of guessing stands in docs/codes.md.
"""

import secrets

ALPHABET = "23456789CDGHJKMNPQRTVWX"
"""No vowel, no Y and no F, so that no word comes about; of twins that look alike only one is there.
Their number, 23, is prime: one wrong character, or two that changed places, is always noticed."""

TWINS = str.maketrans({"Z": "2", "S": "5", "B": "8"})
"""What is not in the alphabet and can only have been meant as a figure that is."""

LENGTH = 10
DRAWN = LENGTH - 1
GROUPS = (3, 3, 4)
_SEPARATORS = frozenset(" \t\r\n\u00a0-‐‑‒–—._/,")
LONGEST_TYPED = 60


def draw_code() -> str:
    """Never three alike in a row: they are hard to count when typed."""
    while True:
        drawn = "".join(secrets.choice(ALPHABET) for _ in range(DRAWN))
        code = drawn + _check_of(drawn)
        if not any(code[at] == code[at + 1] == code[at + 2] for at in range(LENGTH - 2)):
            return code


def read_code(typed: str) -> str | None:
    """The code that was meant, or None where it can be nobody's, which is not a guess.

    Small letters, spaces, dashes and look-alikes are as good as the printed form.
    """
    if len(typed) > LONGEST_TYPED:
        return None
    bare = "".join(one for one in typed if one not in _SEPARATORS).upper().translate(TWINS)
    if len(bare) != LENGTH or any(one not in ALPHABET for one in bare):
        return None
    return bare if bare[DRAWN:] == _check_of(bare[:DRAWN]) else None


def write_code(code: str) -> str:
    """As it is printed: K7M 3QX 94TD."""
    parts, at = [], 0
    for size in GROUPS:
        parts.append(code[at : at + size])
        at += size
    return " ".join(parts)


def _check_of(drawn: str) -> str:
    """The weights 2 to 10, and 1 for the last, give a sum that 23 divides."""
    weighed = sum(place * ALPHABET.index(one) for place, one in enumerate(drawn, start=2))
    return ALPHABET[-weighed % len(ALPHABET)]
