"""Loads the demo school: only into an empty embedded database, only where nobody else can look."""

import os
import random
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.audit import staff_actor
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.launching import launch
from outreach.clock import london_date
from outreach.database import transaction
from outreach.demo.answers import answer_half
from outreach.demo.delivery import deliver_campaign
from outreach.demo.roster import build_roster
from outreach.errors import Refusal
from outreach.parts import Parts
from outreach.pupils.roster.importing import import_roster
from outreach.schools.contacts import ContactDetails, change_contacts
from outreach.schools.models import Account, Connection, Role, School, StaffMember
from outreach.schools.passwords import set_password
from outreach.schools.registering import add_school
from outreach.schools.sharing import SharingChanges, change_sharing
from outreach.schools.staffing import add_staff

URN = "999999"
NAME = "Hillside Demo School"
LOGINS_FILE = "demo-logins.txt"
STAFF = (
    (Role.CAREERS_LEADER, "careers", "Demo careers leader"),
    (Role.ADMIN, "admin", "Demo administrator"),
    (Role.DATA_PROTECTION, "dpo", "Demo data protection lead"),
    (Role.IT, "it", "Demo IT manager"),
    (Role.VIEWER, "tutor", "Demo tutor"),
)
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeou"
SHARED = SharingChanges(
    Connection.AUTHORISED, student_email=True, work_email=True, switches={"item.sen": True}
)

CONTACTS = ContactDetails(
    careers_name="Demo careers leader",
    careers_email="careers@hillside-demo-school.example",
    protection_name="Demo data protection lead",
    protection_email="dpo@hillside-demo-school.example",
)


@dataclass(frozen=True)
class Login:
    role: Role
    email: str
    password: str


def load_demo(parts: Parts) -> list[Login]:
    """The school, its log-ins and its launched campaign in one transaction; then mail and answers.

    Raises Refusal where the demo must not be loaded.
    """
    refuse_unless_demo_may_load(parts)
    rng = random.Random(URN)  # noqa: S311 -- the same invented school every time
    logins = [_invent_login(role, mailbox) for role, mailbox, _ in STAFF]
    with transaction(parts.sessions) as session:
        now = parts.clock()
        school = add_school(session, URN, NAME, now, is_demo=True)
        members = {}
        for login, (role, _, name) in zip(logins, STAFF, strict=True):
            members[role] = add_staff(session, login.email, name, role, now)
            account = session.get_one(Account, members[role].account_id)
            set_password(session, account, login.password, now, is_proven=False)
        change_contacts(session, CONTACTS, staff_actor(members[Role.ADMIN].id), now)
        change_sharing(session, SHARED, members[Role.DATA_PROTECTION], now)
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
        school_id = school.id
        careers_leader = members[Role.CAREERS_LEADER]
        campaign_id = _make_campaign(parts, session, careers_leader, now)
        launch(session, campaign_id, staff_actor(careers_leader.id), now)
        _keep_logins(parts.settings.data_dir, logins)
    deliver_campaign(parts, school_id)
    answer_half(parts, school_id, campaign_id, rng)
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


def _make_campaign(parts: Parts, session: Session, by: StaffMember, now: datetime) -> UUID:
    campaign = create_campaign(
        session,
        parts.library,
        name="GCSE years, this term (demo)",
        questionnaire="gcse",
        years=[11],
        groups=[],
        closes_on=london_date(now) + timedelta(days=60),
        created_by=by.id,
        now=now,
    )
    return campaign.id


def _invent_login(role: Role, mailbox: str) -> Login:
    """Four made-up words: easy to type, and about 55 bits."""
    words = (_invent_word() for _ in range(4))
    return Login(role, f"{mailbox}@hillside-demo-school.example", "-".join(words))


def _invent_word() -> str:
    return "".join(secrets.choice(CONSONANTS) + secrets.choice(VOWELS) for _ in range(3))


def _keep_logins(folder: Path, logins: list[Login]) -> None:
    """For the person at this machine: `make run` prints them at every start."""
    lines = "".join(f"{row.email}\t{row.password}\t{row.role.value}\n" for row in logins)
    path = folder / LOGINS_FILE
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(lines)
