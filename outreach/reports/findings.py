"""One or two sentences on top of each section: what stands out, in figures that stand below it.

They compare and rank; they never say why, nor what should be done.
"""

from collections.abc import Sequence

from outreach.reports.comparing import Comparison, GroupLine
from outreach.reports.completion import CompletionByGroup
from outreach.reports.measures import Measure
from outreach.reports.over_time import Course
from outreach.reports.plans import Said
from outreach.reports.scores import BlockResult

CLOSE = 5
"""Percentage points within which two shares are called much the same."""


def of_completion(by_group: CompletionByGroup) -> str:
    total = by_group.total
    assert total is not None
    are = "have sent in their answers" if total.stages else "are in the figures below"
    first = f"{total.submitted} of {total.asked} students asked {are} ({total.rate}%)."
    years = sorted(by_group.years, key=lambda line: -line.rate)
    if len(years) < 2:
        return first
    high, low = years[0], years[-1]
    if high.rate - low.rate < CLOSE:
        return f"{first} The years are much the same."
    return f"{first} The highest share is {high.label} ({high.rate}%), the lowest {low.label} ({low.rate}%)."


def of_block(block: BlockResult) -> str:
    if block.whole.positive is None:
        return "No figure of all of it can be shown without telling what a few students said."
    words = f"{block.whole.positive}% of the clear answers were positive."
    if not block.strongest:
        return words
    if (block.strongest[0].positive or 0) - (block.weakest[0].positive or 0) < CLOSE:
        return f"{words} All that it is made of is much the same."
    return f"{words} Strongest: {_listed(block.strongest)}. Weakest: {_listed(block.weakest)}."


def _listed(measures: Sequence[Measure]) -> str:
    return ", ".join(
        f"{one.label} ({one.positive}%"
        + ("" if one.unsure is None else f"; not sure {one.unsure}%")
        + ")"
        for one in measures
    )


def of_plans(said: Said, counted: int | None) -> str:
    """`counted` None: it may not be told, so there are shares alone."""
    shown = [one for one in said.choices if one.count]
    if not shown:
        return "No answer was given by enough students to be shown."
    first = shown[0]
    of = f"{first.share}%"
    if counted is not None:
        of = f"{first.count} of {counted} students ({first.share}%)"
    words = f"The most frequent answer is “{first.label}”: {of}."
    if len(shown) > 1:
        words += f" Next is “{shown[1].label}” ({shown[1].share}%)."
    return words


def of_groups(comparisons: Sequence[Comparison]) -> str:
    widest: tuple[int, str, GroupLine, GroupLine] | None = None
    for one in comparisons:
        known = sorted(
            (group for group in one.groups if group.positive is not None),
            key=lambda group: -(group.positive or 0),
        )
        if len(known) < 2:
            continue
        gap = (known[0].positive or 0) - (known[-1].positive or 0)
        if widest is None or gap > widest[0]:
            widest = (gap, one.label, known[0], known[-1])
    if widest is None:
        return "Too few students have given clear answers for a comparison."
    gap, label, high, low = widest
    if gap < CLOSE:
        return "The groups are much the same in career knowledge and skills."
    return (
        f"The widest difference in career knowledge and skills is by {label[:1].lower()}{label[1:]}: "
        f"{high.positive}% positive ({high.label}) and {low.positive}% ({low.label})."
    )


def of_years(course: Course, names: Sequence[str]) -> str:
    return f"{course.label}: {_steps(course, names)}"


def of_cohorts(courses: Sequence[Course], names: Sequence[str], measure: str) -> str:
    def step(course: Course) -> int:
        known = [share for share in course.shares if share is not None]
        return abs(known[-1] - known[0])

    most = max(courses, key=step)
    return f"The largest step in {measure.lower()} is of {most.label}: {_steps(most, names)}"


def _steps(course: Course, names: Sequence[str]) -> str:
    known = [
        (name, share) for name, share in zip(names, course.shares, strict=True) if share is not None
    ]
    if len(known) < 2:
        return "there is one year to show so far."
    (first, before), (last, after) = known[-2:]
    how = (
        "much the same" if abs(after - before) < CLOSE else "higher" if after > before else "lower"
    )
    return f"{before}% positive in {first} and {after}% in {last}: {how}."
