"""A campaign's results as sections: what stands out, how to read it, a drawing, its tables.

The page and the document for governors are made of the same ones, so that a drawing never stands
without its table, and paper never says what the page does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from outreach.reports import charts, findings
from outreach.reports.charts import Chart
from outreach.reports.cohort import Cohort
from outreach.reports.comparing import Comparison
from outreach.reports.completion import STAGE_WORDS, CompletionByGroup, Line, Stage
from outreach.reports.measures import Measure
from outreach.reports.plans import Said
from outreach.reports.scores import BlockResult, YearShares
from questionnaires.model import Block

HIDDEN = "not shown"
NONE = "–"


@dataclass(frozen=True)
class Figures:
    """A table: the first column heads its row, all others are numbers."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    key: str
    title: str
    finding: str
    reading: str
    chart: Chart | None
    tables: tuple[Figures, ...]


@dataclass(frozen=True)
class Sections:
    completion: Section | None
    scores: tuple[Section, ...]
    plans: tuple[Section, ...]
    own: tuple[Section, ...]
    groups: Section | None


def sections_of(
    cohort: Cohort, comparisons: Sequence[Comparison], *, with_groups: bool = True
) -> Sections:
    """`with_groups`: registration and teaching groups too, not years alone."""
    counted = cohort.counted_shown
    completion = completion_section(cohort.by_group, with_groups=with_groups)
    if completion is None and counted is None and cohort.completion.has_enough:
        completion = _all_but_a_few(cohort.floor)
    return Sections(
        completion=completion,
        scores=tuple(_block_section(one, cohort.scores.years) for one in cohort.scores.blocks),
        plans=tuple(_said_section(one, counted) for one in cohort.said),
        own=tuple(_said_section(one, counted) for one in cohort.own),
        groups=groups_section(comparisons, cohort.floor, has_counts=counted is not None)
        if cohort.completion.has_enough
        else None,
    )


def completion_section(by_group: CompletionByGroup, *, with_groups: bool = True) -> Section | None:
    total = by_group.total
    if total is None or not total.asked:
        return None
    lines = by_group.lines if with_groups else by_group.years
    has_stages = bool(total.stages)
    tables = [_completion_table("How far each group has come", (*lines, total), has_stages)]
    if by_group.teaching and with_groups:
        tables.append(_completion_table("Teaching groups", by_group.teaching, has_stages))
    shown = [*by_group.years, total] if len(by_group.years) > 1 else [total]
    names = [line.label for line in shown]
    reading = (
        "Everybody asked is counted once, at the furthest point they have come to, so that the "
        "columns add up to the asked. “Not reachable” are those whom no mail could be sent to, or "
        "whose mail came back, and who have not answered another way."
        if has_stages
        else "Counted are those whose answers are in the figures below. Groups in which only a few "
        "are, or are not, stand together in one line."
    )
    return Section(
        key="completion",
        title="Who has answered",
        finding=findings.of_completion(by_group),
        reading=reading,
        chart=charts.stacked(
            names,
            [(STAGE_WORDS[stage], [line.stages[stage] for line in shown]) for stage in Stage]
            if has_stages
            else [
                ("Counted", [line.submitted for line in shown]),
                ("Not counted", [line.asked - line.submitted for line in shown]),
            ],
            "Bars: how far the students of each year have come. The table has the numbers.",
        ),
        tables=tuple(tables),
    )


def _all_but_a_few(floor: int) -> Section:
    """In place of numbers: with how many were asked, each would tell how few are missing."""
    return Section(
        key="completion",
        title="Who has answered",
        finding="All but a few of the students asked are in the figures below.",
        reading=f"Fewer than {floor} are not. So that they cannot be picked out, shares are shown "
        "here without numbers of students.",
        chart=None,
        tables=(),
    )


def _completion_table(caption: str, lines: Sequence[Line], has_stages: bool) -> Figures:
    stages = list(Stage) if has_stages else []
    last = [STAGE_WORDS[stage] for stage in stages] or ["Counted", "Not counted"]
    return Figures(
        caption,
        ("Group", "Asked", *last, "Share sent in" if has_stages else "Share counted"),
        tuple(
            (
                line.label,
                str(line.asked),
                *(
                    [str(line.stages[stage]) for stage in stages]
                    or [str(line.submitted), str(line.asked - line.submitted)]
                ),
                f"{line.rate}%",
            )
            for line in lines
        ),
    )


def _block_section(block: BlockResult, years: Sequence[int]) -> Section:
    shown = [one for one in block.constructs if one.positive is not None]
    whole = block.whole
    tables = [
        Figures(
            f"{whole.label}: share positive",
            (
                "Measure",
                "Share positive",
                "Not sure",
                "Skipped",
                "Average score",
                "Students scored",
            ),
            tuple(
                _measure_row(one, f"All of {one.label.lower()}" if one is whole else one.label)
                for one in (whole, *block.constructs)
            ),
        )
    ]
    if len(years) > 1:
        tables.append(_by_year(f"{whole.label}: share positive by year", years, block.by_year))
    return Section(
        key=whole.key,
        title=whole.label,
        finding=findings.of_block(block),
        reading=_HOW_TO_READ.get(whole.key, "")
        + "Share positive is of clear answers alone; “not sure” and skipped are shares of all that "
        "was asked, and never lower it. It is what students said of themselves, not a test."
        + _hiding((whole, *block.constructs)),
        chart=charts.bars(
            [one.label for one in shown],
            [
                ("Positive, of clear answers", [one.positive for one in shown]),
                ("Not sure, of all", [one.unsure for one in shown]),
            ],
            f"Bars: share positive and share not sure for each measure of "
            f"{whole.label.lower()}, highest first. The table has the numbers.",
        )
        if shown
        else None,
        tables=tuple(tables),
    )


_HOW_TO_READ = {
    Block.CAREER_KNOWLEDGE.value: "Readiness is the average score of this block alone. ",
    Block.ESSENTIAL_SKILLS.value: "The eight skills stand apart from readiness, and are never "
    "added to it. ",
}


def _measure_row(one: Measure, label: str) -> tuple[str, ...]:
    shares = (_share(share, HIDDEN) for share in (one.positive, one.unsure, one.skipped))
    return label, *shares, one.average_words or HIDDEN, _count(one.scored)


def _hiding(measures: Sequence[Measure]) -> str:
    """Why some of the figures are not there, or not exact."""
    steps = {one.step for one in measures if one.step}
    words = ""
    if any(None in (one.positive, one.unsure, one.skipped) for one in measures):
        words = (
            f" “{HIDDEN.capitalize()}”: only a few students gave such answers, or others, or the "
            "figure would tell another one that a few gave."
        )
    if steps:
        words += (
            " Where a few students alone have no score, or their number is not told, the share "
            f"positive and the average are to the nearest {max(steps)}."
        )
    return words


def _by_year(caption: str, years: Sequence[int], rows: Sequence[YearShares]) -> Figures:
    return Figures(
        caption,
        ("Measure", *(f"Year {year}" for year in years)),
        tuple((row.label, *(_share(share, HIDDEN) for share in row.shares)) for row in rows),
    )


def _share(share: int | None, otherwise: str) -> str:
    return otherwise if share is None else f"{share}%"


def _count(count: int | None) -> str:
    return HIDDEN if count is None else str(count)


TITLES = {
    "intended_destination": "Intended destinations after this stage",
    "destination_certainty": "How sure students are of that destination",
    "interests": "Kinds of work students are interested in",
}


def _said_section(said: Said, counted: int | None) -> Section:
    """`counted` None: how many there are may not be told, so there are shares alone."""
    of = f"the {counted} students" if counted is not None else "all students"
    shown = [one for one in said.choices if one.share]
    several = "A student could choose several, so the shares add up to more than 100%. "
    reading = {"intended_destination": "What students said they intend, not where they will go. "}
    title = TITLES.get(said.field, said.label)
    return Section(
        key=said.field,
        title=title,
        finding=findings.of_plans(said, counted),
        reading=f"{reading.get(said.field, '')}{several if said.is_several else ''}"
        f"Shares are of {of} whose answers are counted here.",
        chart=charts.bars(
            [one.label for one in shown],
            [("Share of students", [one.share for one in shown])],
            f"Bars: {title.lower()}, the most frequent first. The table has the numbers.",
        )
        if shown
        else None,
        tables=(
            Figures(
                title,
                ("Answer", *(("Students",) if counted is not None else ()), "Share"),
                tuple(
                    (
                        one.label,
                        *((_count(one.count),) if counted is not None else ()),
                        _share(one.share, HIDDEN),
                    )
                    for one in (*said.choices, *said.apart)
                ),
            ),
        ),
    )


def groups_section(
    comparisons: Sequence[Comparison], floor: int, *, has_counts: bool
) -> Section | None:
    """All items in one section: each has its table, and none a drawing that invites a ranking."""
    if not comparisons:
        return None
    return Section(
        key="groups",
        title="Groups compared",
        finding=findings.of_groups(comparisons),
        reading="By what the school shares for this purpose, once the campaign is over. Groups of "
        "fewer than "
        f"{floor} students stand together in one line with others. A difference between groups is "
        "a question to look into. It says nothing of why, and nothing of one student.",
        chart=None,
        tables=tuple(
            Figures(
                one.label,
                (
                    one.label,
                    *(("Asked", "Answered") if has_counts else ()),
                    "Readiness, average",
                    "Share positive",
                ),
                tuple(
                    (
                        group.label,
                        *((str(group.asked), _count(group.answered)) if has_counts else ()),
                        NONE if group.readiness is None else str(group.readiness),
                        _share(group.positive, NONE),
                    )
                    for group in one.groups
                ),
            )
            for one in comparisons
        ),
    )
