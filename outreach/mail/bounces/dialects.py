"""Addresses that flufl.bounce finds in the plain words of some thirty mail systems."""

import logging
from dataclasses import dataclass

from flufl.bounce import all_failures

from outreach.mail.bounces.parsing import parse

# It logs every detector it tries, and what made one stumble with it.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True, repr=False)
class Failing:
    """Sorted, so that one mail is always read alike. `is_temporary`: its mail system still tries."""

    addresses: tuple[str, ...] = ()
    is_temporary: bool = False


def failing(start: bytes) -> Failing:
    """`start` is bounded, since some of its searches take time with the square of a line. Nothing
    where it knows no such dialect."""
    try:
        temporary, permanent = all_failures(parse(start))
    except Exception:  # its detectors, and the parser's own readers, raise many things over rubbish
        return Failing()
    found = sorted(one.decode("ascii", "ignore") for one in permanent or temporary if b"@" in one)
    return Failing(tuple(found), is_temporary=bool(found) and not permanent)
