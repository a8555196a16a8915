"""The table of a school's own questionnaires. What a version asks never changes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from outreach.database import Base, Tenant


class SchoolQuestionnaire(Tenant, Base):
    """One version. `source` is its YAML as it came, a section where it has a base.

    `sha256` is the hash that campaigns, invitations and responses pin. `retired_at` and
    `stands_in` are the same for all versions of a questionnaire: not offered any more, and given
    in place of its base where each pupil gets the one for their year.
    """

    __tablename__ = "school_questionnaire"

    questionnaire: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    title: Mapped[str]
    source: Mapped[str]
    sha256: Mapped[str]
    base: Mapped[str | None]
    base_version: Mapped[int | None] = mapped_column(Integer)
    added_by: Mapped[UUID | None]
    added_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    stands_in: Mapped[bool]
