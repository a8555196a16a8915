"""Loads the demo school: only into an empty embedded database, only where nobody else can look."""

import os
import random
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select

from outreach.audit import OPERATOR
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.launching import launch
from outreach.clock import london_date
from outreach.database import enter_school, transaction
from outreach.demo import answers, delivery
from outreach.demo.roster import build_roster
from outreach.errors import Refusal
from outreach.pupils.importing import import_roster
from outreach.schools.models import Connection, Role, School, StaffMember
from outreach.schools.passwords import set_password
from outreach.schools.registering import add_school
from outreach.schools.sharing import SharingChanges, change_sharing
from outreach.schools.staffing import add_staff
from outreach.settings import Settings
from outreach.web import Parts

URN = "100001"
NAME = "Hill Demo School"
LOGINS_FILE = "demo-logins.txt"
STAFF = (
    (Role.CAREERS_LEADER, "careers", "Demo careers leader"),
    (Role.ADMIN, "admin", "Demo administrator"),
    (Role.DATA_PROTECTION, "dpo", "Demo data protection lead"),
    (Role.IT, "it", "Demo IT manager"),
    (Role.VIEWER, "tutor", "Demo tutor"),
)
SYLLABLES = "ba be bo da de do fa fe ga go ka ke ko la le lo ma me mo na ne no pa po ra re ro sa".split()


@dataclass(frozen=True)
class Login:
    role: Role
    email: str
    password: str


def load_demo(parts: Parts) -> list[Login]:
    """Everything in the demo, or nothing. Raises Refusal where it must not be loaded."""
    refuse_unless_demo_may_load(parts)
    rng = random.Random(URN)  # noqa: S311 -- the same invented school every time
    logins = [_invent_login(role, mailbox) for role, mailbox, _ in STAFF]
    with transaction(parts.sessions) as session:
        now = parts.clock()
        school = add_school(session, URN, NAME, now, is_demo=True)
        members = {}
        for login, (role, _, name) in zip(logins, STAFF, strict=True):
            members[role] = add_staff(session, login.email, name, role, now)
            set_password(session, members[role].account_id, login.password, now)
        _share(parts, session_school=school.id, by=members[Role.DATA_PROTECTION], session=session)
        import_roster(
            session,
            build_roster(london_date(now), rng),
            source="csv",
            is_full=True,
            confirm_drop=False,
            dry_run=False,
            staff_id=members[Role.ADMIN].id,
            now=now,
        )
        campaign_id = _launch_campaign(parts, session, members[Role.CAREERS_LEADER])
        school_id = school.id
    delivery.deliver_what_can_be(parts, school_id, campaign_id)
    answers.answer_half(parts, school_id, campaign_id, rng)
    keep_logins(parts.settings.data_dir, logins)
    return logins


def refuse_unless_demo_may_load(parts: Parts) -> None:
    settings = parts.settings
    if not settings.is_embedded_database:
        words = "The demo is loaded only into the embedded database. DATABASE_URL is given."
        raise Refusal(words)
    if settings.is_public:
        words = "The demo is loaded only where PUBLIC_URL is this machine's own (127.0.0.1)."
        raise Refusal(words)
    with transaction(parts.sessions) as session:
        if session.scalar(select(func.count()).select_from(School)):
            words = "The database already holds a school, so the demo is not loaded."
            raise Refusal(words)
