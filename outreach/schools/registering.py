"""A new school: its row, its own secret, and a sharing agreement that permits nothing."""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach.audit import OPERATOR, record
from outreach.database import enter_school
from outreach.errors import Refusal
from outreach.schools.models import (
    AccountSchool,
    Connection,
    School,
    SchoolSecret,
    SharingAgreement,
)
from outreach.signing import SCHOOL_KEY_BYTES

URN = re.compile(r"[1-9][0-9]{5}")
ADDRESS_KEY_BYTES = 32


def add_school(
    session: Session, urn: str, name: str, now: datetime, *, is_demo: bool = False
) -> School:
    """Add a school and enter it. Nothing is mailed until somebody of the school turns it on."""
    require_urn(urn)
    name = " ".join(name.split())
    if not name:
        raise Refusal("The school needs a name, as its students know it.")
    school_id = session.scalar(
        insert(School)
        .values(
            id=uuid4(),
            key=secrets.token_bytes(SCHOOL_KEY_BYTES),
            urn=urn,
            name=name,
            is_demo=is_demo,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=[School.urn])
        .returning(School.id)
    )
    if school_id is None:
        raise Refusal(f"There is a school with URN {urn} already. Nothing was changed.")
    enter_school(session, school_id)
    session.add(
        SchoolSecret(school_id=school_id, address_key=secrets.token_bytes(ADDRESS_KEY_BYTES))
    )
    session.add(
        SharingAgreement(
            school_id=school_id,
            connection=Connection.NOT_CONNECTED,
            student_email=False,
            work_email=False,
            home_email=False,
            changed_at=now,
        )
    )
    record(session, now, OPERATOR, "school.added", "school", school_id, demo=is_demo)
    session.flush()
    return session.get_one(School, school_id)


def require_urn(urn: str) -> None:
    """Raises Refusal where it cannot be one."""
    if not URN.fullmatch(urn):
        words = "A URN has six digits, from 100000 to 999999. Look it up on the school's own page."
        raise Refusal(words)


def school_names_of(session: Session, account_id: UUID) -> Sequence[str]:
    """The names of every school that has or had this account as a member."""
    return session.scalars(
        select(School.name)
        .join(AccountSchool, AccountSchool.school_id == School.id)
        .where(AccountSchool.account_id == account_id)
    ).all()
