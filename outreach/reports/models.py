"""The table of what a school has settled about its reports."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from outreach.database import Base, Tenant


class ReportingRule(Tenant, Base):
    """`floor`: the smallest number of students that a figure may stand for. No row: the usual one."""

    __tablename__ = "reporting_rule"
    __table_args__ = (CheckConstraint("floor BETWEEN 5 AND 30", name="floor"),)

    floor: Mapped[int] = mapped_column(Integer)
    changed_at: Mapped[datetime]
