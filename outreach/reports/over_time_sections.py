"""Results over the academic years as sections, beside those of one campaign (`sections.py`)."""

from outreach.reports import charts, findings
from outreach.reports.over_time import OverTime
from outreach.reports.sections import NONE, Figures, Section
from questionnaires.model import Block


def over_time_sections(found: OverTime) -> list[Section]:
    """The school's years, and then each year group as it grows; none where there is one year."""
    if len(found.academic_years) < 2:
        return []
    names = found.academic_year_words
    blocks = [one for one in found.measures if one.key in {block.value for block in Block}]
    chosen = next(one for one in found.measures if one.key == found.chosen)
    left_out = (
        "Year groups in which only a few answered, or were positive, or were not, are in no line of "
        "their own, or are left out. "
        if found.is_partial
        else ""
    )
    sections = [
        Section(
            key="years",
            title="Year on year",
            finding=findings.of_years(chosen, names),
            reading="Share positive, of clear answers, of everybody at the school who sent answers "
            f"in during each academic year. {left_out}Other students were asked each year, so a "
            "change is not the same students changing their minds.",
            chart=charts.lines(
                names,
                [(one.label, one.shares) for one in blocks],
                "Lines: share positive of each block over the academic years. "
                "The table has the numbers.",
            ),
            tables=(
                Figures(
                    "Share positive by academic year",
                    ("Measure", *names),
                    tuple(
                        (
                            one.label,
                            *(NONE if share is None else f"{share}%" for share in one.shares),
                        )
                        for one in found.measures
                    ),
                ),
            ),
        )
    ]
    if found.cohorts:
        sections.append(_cohorts_section(found, chosen.label))
    return sections


def _cohorts_section(found: OverTime, measure: str) -> Section:
    names = found.academic_year_words
    return Section(
        key="cohorts",
        title=f"The same year groups as they grow: {measure.lower()}",
        finding=findings.of_cohorts(found.cohorts, names, measure),
        reading="Each line is one year group, followed as it moves up. Students who joined or left "
        "are in some of its years alone, and from one stage to the next the questions grow with "
        "the students: read a step between stages with care.",
        chart=charts.lines(
            names,
            [(one.label, one.shares) for one in found.cohorts],
            f"Lines: share positive of {measure.lower()} for each year group over the academic "
            "years. The table has the numbers.",
        ),
        tables=(
            Figures(
                f"{measure}: share positive of each year group",
                ("Year group", *names),
                tuple(
                    (
                        one.label,
                        *(
                            NONE if share is None else f"{share}% ({year})"
                            for share, year in zip(one.shares, one.years, strict=True)
                        ),
                    )
                    for one in found.cohorts
                ),
            ),
        ),
    )
