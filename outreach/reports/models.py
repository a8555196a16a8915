"""Tables of reports: what the school has settled, and which responses figures for others are of."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from outreach.database import Base, Tenant


class ReportingRule(Tenant, Base):
    """`floor`: the smallest number of students that a figure may stand for. No row: the usual one."""

    __tablename__ = "reporting_rule"
    __table_args__ = (CheckConstraint("floor BETWEEN 5 AND 30", name="floor"),)

    floor: Mapped[int] = mapped_column(Integer)
    changed_at: Mapped[datetime]


class CountedResponse(Tenant, Base):
    """A response that is in the figures of those who may not read single ones (`counting.py`)."""

    __tablename__ = "counted_response"
    __table_args__ = (
        ForeignKeyConstraint(
            ["school_id", "response_id"], ["response.school_id", "response.id"], ondelete="CASCADE"
        ),
    )

    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    counted_at: Mapped[datetime]
