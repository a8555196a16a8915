"""Families of questionnaires: of each a pupil sends in one a school year, unless staff reset it.

A family measures the same things whatever the stage, so that two of its questionnaires in one year
would be one result twice.
"""

from collections.abc import Collection

FUTURE_SKILLS = "future_skills"
"""All that are published with the service, and a school's own that only add to one of them."""


def family_of(
    questionnaire: str, *, published: Collection[str], based_on: str | None = None
) -> str:
    """`based_on`: the published one that a school's own adds questions to, if it does."""
    is_published = questionnaire in published or (based_on is not None and based_on in published)
    return FUTURE_SKILLS if is_published else questionnaire
