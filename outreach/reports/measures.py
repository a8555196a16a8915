"""The figures of one construct or block: sums over students, and the shares they come to."""

from dataclasses import dataclass, fields

from outreach.reports.small_numbers import is_few


@dataclass(frozen=True)
class Tally:
    """Sums over students: how many were asked, have a score, and what their answers were."""

    students: int = 0
    scored: int = 0
    score: float = 0.0
    positive: int = 0
    not_positive: int = 0
    unsure: int = 0
    skipped: int = 0
    positive_by: int = 0
    """How many students gave at least one such answer; so with the next three."""
    not_positive_by: int = 0
    unsure_by: int = 0
    skipped_by: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def clear(self) -> int:
        return self.positive + self.not_positive

    @property
    def asked(self) -> int:
        return self.clear + self.unsure + self.skipped


NOBODY = Tally()


@dataclass(frozen=True)
class Counted:
    """How many responses there are to have a score, and whether that may be told."""

    students: int
    is_told: bool


@dataclass(frozen=True)
class Measure:
    """A construct or block in per cent; all None where too few students have a score.

    Single figures are None where only a few students made them what they are.
    """

    key: str
    label: str
    scored: int | None
    """None also where a few alone have no score, or have not answered: their number would be plain."""
    average: float | None
    """Of the students' scores."""
    positive: int | None
    unsure: int | None
    skipped: int | None
    step: int | None = None
    """To which `average` and `positive` are rounded, where exact ones would tell how few have no
    score."""

    @property
    def average_words(self) -> str | None:
        if self.average is None:
            return None
        return f"{self.average:.0f}" if self.step else f"{self.average:.1f}"


def share_positive(tally: Tally) -> int | None:
    return round(100 * tally.positive / tally.clear) if tally.clear else None


def exact(key: str, label: str, tally: Tally, counted: Counted, floor: int) -> Measure:
    """Nothing is hidden but what too few have a score for, and how few have none."""
    if tally.scored < floor:
        return Measure(key, label, None, None, None, None, None)
    is_plain = not counted.is_told or is_few(counted.students - tally.scored, floor)
    return Measure(
        key=key,
        label=label,
        scored=None if is_plain else tally.scored,
        average=round(tally.score / tally.scored, 1),
        positive=share_positive(tally),
        unsure=round(100 * tally.unsure / tally.asked),
        skipped=round(100 * tally.skipped / tally.asked),
    )
