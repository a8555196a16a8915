"""The document that a careers leader hands to governors: always without small numbers.

It is made of the sections of the page, so it says the same, and has no figure that the page for
viewers would hide. What may be compared by characteristic goes through the same door.
"""

import re
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from outreach.clock import in_london, long_date
from outreach.documents.rendering import NoFont, render_pdf
from outreach.reports.cohort import Cohort, cohort_of
from outreach.reports.comparing import comparisons
from outreach.reports.over_time import over_time
from outreach.reports.over_time_sections import over_time_sections
from outreach.reports.responses import Edition
from outreach.reports.sections import Section, Sections, sections_of
from questionnaires.loading import Library

MOST_LINES = 24
"""Of the first table. With more, it has the years alone: four pages are read, eight are not."""


def governors_pdf(
    session: Session, library: Library, campaign_id: UUID, school: str, now: datetime
) -> bytes:
    """Raises NotFound, and Refusal where a definition is not the installed one."""
    data = governors_data(session, library, campaign_id, school, now)
    try:
        return render_pdf("results.typ", data)
    except NoFont:  # a school or a campaign may be named in any script
        return render_pdf("results.typ", data, whatever_fonts=True)


def governors_data(
    session: Session, library: Library, campaign_id: UUID, school: str, now: datetime
) -> dict[str, Any]:
    """All that the document says."""
    cohort = cohort_of(session, library, campaign_id, now, edition=Edition.COUNTED)
    found = sections_of(
        cohort,
        comparisons(session, campaign_id, cohort.floor),
        with_groups=len(cohort.by_group.lines) <= MOST_LINES,
    )
    has_enough = cohort.completion.has_enough
    years = over_time_sections(
        over_time(session, cohort.definitions, cohort.floor, Edition.COUNTED)
    )
    return _document(cohort, found, years if has_enough else [], school, now)


def file_name(school: str, campaign: str) -> str:
    """results-hill-school-spring-2026.pdf"""
    plain = re.sub(r"[^a-z0-9]+", "-", f"{school} {campaign}".lower()).strip("-")
    return f"results-{plain[:80].rstrip('-') or 'campaign'}.pdf"


def _document(
    cohort: Cohort, found: Sections, years: list[Section], school: str, now: datetime
) -> dict[str, Any]:
    few = (
        f"Fewer than {cohort.floor} students have answered so far, so no results are shown: "
        "somebody could be picked out."
    )
    every = [found.completion, *found.scores, *found.plans, found.groups, *years]
    return {
        "title": f"{cohort.name}: results",
        "school": school,
        "lead": f"{cohort.title}. Figures of {long_date(now)}.",
        "foot": f"{school} · {cohort.name}",
        "notes": [
            f"No figure here stands for fewer than {cohort.floor} students. Smaller groups stand "
            "together in one line or are marked “not shown”, so that nobody can be picked out, nor "
            "worked out from the totals.",
            "Students answered about themselves, on one day. The figures say what they said. They "
            "do not say why, and are no basis for a decision about any one student.",
            _moves(cohort),
        ],
        "too_few": "" if cohort.completion.has_enough else few,
        "sections": [_section(one) for one in every if one is not None],
    }


def _moves(cohort: Cohort) -> str:
    since = (
        f" They last did on {in_london(cohort.completion.as_of)}."
        if cohort.completion.as_of
        else ""
    )
    return (
        f"The figures move only when the answers of at least {cohort.floor} more students can be "
        f"counted in together, so the last few may not be in them.{since}"
    )


def _section(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "finding": section.finding,
        "reading": section.reading,
        "chart": asdict(section.chart) if section.chart else None,
        "tables": [asdict(one) for one in section.tables],
    }
