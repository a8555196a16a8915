"""Unique pupil numbers: a check letter and twelve more, the last a letter where temporary.

The Department for Education's guide to UPNs gives the rule: characters 2 to 13 are weighted 2
to 13, and their sum modulo 23 picks the check letter from an alphabet without I, O and S.
"""

import re
from functools import cache
from operator import mul
from pathlib import Path

import yaml

ALPHABET = "ABCDEFGHJKLMNPQRTUVWXYZ"
_SHAPE = re.compile(rf"[{ALPHABET}][0-9]{{11}}[0-9{ALPHABET}]")
_VALUES = {digit: int(digit) for digit in "0123456789"} | {
    letter: index for index, letter in enumerate(ALPHABET)
}

_WEIGHTS = range(2, 14)


def check_letter(rest: str) -> str:
    """The letter that stands before these twelve characters (a temporary UPN's last is a letter)."""
    total = sum(map(mul, _WEIGHTS, map(_VALUES.__getitem__, rest)))
    return ALPHABET[total % 23]


def has_upn_shape(upn: str) -> bool:
    return _SHAPE.fullmatch(upn) is not None


def authority_of(upn: str) -> int:
    """The code of the local authority that gave the number out."""
    return int(upn[1:4])


def is_known_authority(code: int) -> bool:
    """False is no fault: authorities come and go, and a pupil keeps the number for life."""
    return code in _known_authorities()


@cache
def _known_authorities() -> frozenset[int]:
    path = Path(__file__).parent.parent / "sources" / "authorities.yaml"
    spans = yaml.safe_load(path.read_text(encoding="utf-8"))["codes"]
    codes: set[int] = set()
    for span in spans:
        first, _, last = str(span).partition("-")
        codes.update(range(int(first), int(last or first) + 1))
    return frozenset(codes)
