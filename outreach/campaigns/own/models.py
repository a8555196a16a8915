"""The table of a school's own questionnaires. What a version asks never changes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from outreach.database import Base, Tenant


class SchoolQuestionnaire(Tenant, Base):
    """One version. `source` is its YAML as it came, a section where it has a base.

    `sha256` is the hash that campaigns, invitations and responses pin. `retired_at` is the same for
    all versions of a questionnaire: not offered any more. `stands_in` is of the newest version
    alone: it is given in place of its base where each pupil gets the one for their year, so that
    one questionnaire at most can be given for each base.
    """

    __tablename__ = "school_questionnaire"
    __table_args__ = (
        Index(
            "uq_school_questionnaire_stands_in",
            "school_id",
            "base",
            unique=True,
            postgresql_where=text("stands_in"),
        ),
    )

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
