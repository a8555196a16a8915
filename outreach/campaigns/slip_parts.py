"""Slips for a whole year are several files: where each begins, and who is in one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from sqlalchemy.orm import Session

from outreach.campaigns.models import Campaign
from outreach.campaigns.slips import MOST_AT_ONCE, SlipOf, slip_of_invited


@dataclass(frozen=True)
class Part:
    """From the slip of invitation `first` to before that of `until`; None is the end.

    So a pupil who answers between two downloads is left out of theirs, and moves nobody else into
    another part, where a slip would be printed twice or not at all.
    """

    number: int
    first: UUID
    until: UUID | None
    groups: str
    slips: int

    @property
    def key(self) -> str:
        """As the page's button sends it back."""
        return f"{self.number}.{self.first}.{self.until or ''}"


def in_parts(chosen: Sequence[SlipOf], most: int = MOST_AT_ONCE) -> list[Part]:
    """As few as hold whole groups; a group that is too large for one is cut."""
    cut: list[list[SlipOf]] = []
    for _, members in groupby(chosen, key=lambda one: one.group):
        group = list(members)
        if not cut or len(cut[-1]) + len(group) > most:
            cut.append([])
        for one in group:
            if len(cut[-1]) == most:
                cut.append([])
            cut[-1].append(one)
    begins = [slips[0].invitation_id for slips in cut]
    until = [*begins[1:], None]
    return [
        Part(number, begins[number - 1], until[number - 1], _groups(slips), len(slips))
        for number, slips in enumerate(cut, start=1)
    ]


def those_in(
    session: Session, campaign: Campaign, chosen: Sequence[SlipOf], key: str, now: datetime
) -> list[SlipOf]:
    """Of those chosen, who is in the part of this key; nobody where it names no invitation here."""
    _, _, place = key.partition(".")
    first, _, until = place.partition(".")
    begin = _read(session, campaign, first, now)
    end = _read(session, campaign, until, now) if until else None
    if begin is None or (until and end is None):
        return []
    return [
        one for one in chosen if begin.order <= one.order and (end is None or one.order < end.order)
    ]


def number_in(key: str) -> int:
    """For the file's name alone."""
    number = key.partition(".")[0]
    return int(number) if number.isdecimal() and len(number) < 4 else 1


def _read(session: Session, campaign: Campaign, typed: str, now: datetime) -> SlipOf | None:
    try:
        invitation_id = UUID(typed)
    except ValueError:
        return None
    return slip_of_invited(session, campaign, invitation_id, now)


def _groups(slips: Sequence[SlipOf]) -> str:
    first, last = slips[0].group, slips[-1].group
    return first if first == last else f"{first} to {last}"
