"""Tables of a school's own calendar: terms, days without lessons, and its hours."""

from datetime import date, datetime, time

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from outreach.database import Base, Tenant


class SchoolTerm(Tenant, Base):
    """Days with lessons, the first and the last among them."""

    __tablename__ = "school_term"
    __table_args__ = (CheckConstraint("starts_on <= ends_on", name="order"),)

    starts_on: Mapped[date] = mapped_column(primary_key=True)
    ends_on: Mapped[date]


class ClosedDay(Tenant, Base):
    """A day of a term without lessons."""

    __tablename__ = "closed_day"

    day: Mapped[date] = mapped_column(primary_key=True)


class SchoolHours(Tenant, Base):
    """One row a school, from the first time that its hours are set. Times are of London."""

    __tablename__ = "school_hours"

    opens: Mapped[time]
    closes: Mapped[time]
    mails_at: Mapped[time]
    quiet_from: Mapped[time]
    quiet_until: Mapped[time]
    changed_at: Mapped[datetime]
