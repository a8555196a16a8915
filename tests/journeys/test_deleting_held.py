"""After a revocation: what is held goes when its time has come, and stays when it is taken back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from outreach import web
from outreach.answering.models import Answer, Response
from outreach.audit import OPERATOR, AuditEvent
from outreach.campaigns.models import Link, Message
from outreach.campaigns.progress import status
from outreach.clock import now
from outreach.database import transaction
from outreach.errors import Refusal
from outreach.privacy.deleting import delete_if_due, what_is_held
from outreach.privacy.erasing import erase_pupils
from outreach.profiles.models import ProfileEntry, Result
from outreach.pupils.addresses import address_key, hash_address
from outreach.pupils.gate import Reason, gate
from outreach.pupils.models import Pupil, PupilAddress, Suppression
from outreach.pupils.objections.objecting import object_to_mail
from outreach.queues import DueWork, Work
from outreach.schools.models import AccountMail, AccountMailKind, Connection, Role, StaffMember
from outreach.schools.sharing import SharingChanges, agreement, change_sharing
from tests.answered import answer_and_submit, launch_campaign
from tests.factories import MadeSchool, make_pupil, make_school, run_workers
from tests.journeys.roster_files import roster, row, take

PERSONAL = ("Zebedee", "Quillfeather", "zebedee@hill.example")


def revoke(wired: web.Parts, school: MadeSchool, connection: Connection) -> None:
    with transaction(wired.sessions, school.id) as session:
        by = session.get_one(StaffMember, (school.id, school.staff[Role.ADMIN]))
        change_sharing(session, SharingChanges(connection=connection), by, wired.clock())


def later(wired: web.Parts, days: float) -> web.Parts:
    moment = now() + timedelta(days=days)
    return replace(wired, clock=lambda: moment)


@pytest.fixture
def school(wired: web.Parts) -> MadeSchool:
    """One pupil who has answered, one who has not, in a launched campaign."""
    made = make_school(wired.sessions)
    with transaction(wired.sessions, made.id) as session:
        forename, surname, address = PERSONAL
        answered = make_pupil(session, forename=forename, surname=surname, work=address).id
        make_pupil(session, forename="Second", surname="Asked")
        campaign_id = launch_campaign(session, wired.library, now())
    with transaction(wired.sessions, made.id) as session:
        answer_and_submit(session, wired.library, campaign_id, answered, now())
    run_workers(wired)
    return made


def everything(wired: web.Parts, school: MadeSchool) -> str:
    """Every tenant row of the school as text."""
    from outreach import tables

    found = []
    with transaction(wired.sessions, school.id) as session:
        for table in tables.tenant_tables():
            rows = session.execute(text(f"SELECT t::text FROM {table.name} t"))
            found += [value for (value,) in rows]
    return "\n".join(found)


def test_when_the_time_has_come_the_persons_go_and_the_counts_stay(
    wired: web.Parts, school: MadeSchool
) -> None:
    with transaction(wired.sessions, school.id) as session:
        campaign_id = session.scalars(text("SELECT id FROM campaign")).one()
        before = status(session, campaign_id, now())
        held = what_is_held(session)
    revoke(wired, school, Connection.REVOKED)

    delete_if_due(later(wired, 31), school.id)

    assert (held.pupils, held.responses) == (2, 1)
    assert held.profile_entries > 0
    with transaction(wired.sessions, school.id) as session:
        after = status(session, campaign_id, now())
        assert (after.asked, after.invitations) != (0, {})
        assert after.asked == before.asked
        assert sum(after.invitations.values()) == sum(before.invitations.values())
        gone = what_is_held(session)
        assert (gone.pupils, gone.addresses, gone.responses, gone.profile_entries) == (0, 0, 0, 0)
        for table in (Response, Answer, Result, ProfileEntry, PupilAddress):
            assert session.scalars(select(table)).first() is None
        assert all(link.revoked_at for link in session.scalars(select(Link)))
        assert not any(message.address_hash for message in session.scalars(select(Message)))
        assert agreement(session).deletes_at is None
        actions = set(session.scalars(select(AuditEvent.action)))
        assert "pupil.erased" in actions
    left = everything(wired, school)
    assert not any(word in left for word in PERSONAL)


def test_what_was_taken_back_in_time_is_not_deleted(wired: web.Parts, school: MadeSchool) -> None:
    revoke(wired, school, Connection.REVOKED)
    delete_if_due(later(wired, 29), school.id)
    revoke(wired, school, Connection.AUTHORISED)
    delete_if_due(later(wired, 31), school.id)

    with transaction(wired.sessions, school.id) as session:
        assert what_is_held(session).pupils == 2
        assert agreement(session).deletes_at is None
        due = session.scalars(select(DueWork.kind).where(DueWork.school_id == school.id))
        assert Work.DELETE_HELD not in set(due)


def test_after_the_deletion_a_file_waits_until_the_school_authorises_again(
    wired: web.Parts, school: MadeSchool
) -> None:
    revoke(wired, school, Connection.REVOKED)
    delete_if_due(later(wired, 31), school.id)

    with pytest.raises(Refusal, match="deleted after the connection was revoked"):
        take(wired.sessions, school.id, roster(row(1)))
    revoke(later(wired, 32), school, Connection.AUTHORISED)

    assert take(wired.sessions, school.id, roster(row(1))).added == 1


def test_the_schedule_rings_when_it_is_due(wired: web.Parts, school: MadeSchool) -> None:
    revoke(wired, school, Connection.REVOKED)

    with transaction(wired.sessions, school.id) as session:
        due = session.get_one(DueWork, (school.id, Work.DELETE_HELD)).due_at
        deletes_at = agreement(session).deletes_at
    assert due == deletes_at
    assert timedelta(days=29) < due - now() <= timedelta(days=30)


def test_a_worker_killed_half_way_is_followed_by_one_that_finishes(
    wired: web.Parts, school: MadeSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoke(wired, school, Connection.REVOKED)
    monkeypatch.setattr("outreach.privacy.deleting.BLOCK_OF", 1)
    calls = iter([True, False])

    def once(*arguments: Any, **named: Any) -> int:
        if not next(calls):
            raise KeyboardInterrupt
        return erase_pupils(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr("outreach.privacy.deleting.erase_pupils", once)
        with pytest.raises(KeyboardInterrupt):
            delete_if_due(later(wired, 31), school.id)
    with transaction(wired.sessions, school.id) as session:
        assert what_is_held(session).pupils == 1

    delete_if_due(later(wired, 31), school.id)

    with transaction(wired.sessions, school.id) as session:
        assert what_is_held(session).pupils == 0


def test_an_erased_pupil_who_objected_is_not_mailed_by_the_next_roster(wired: web.Parts) -> None:
    school = make_school(wired.sessions)
    take(wired.sessions, school.id, roster(row(1), row(2)))
    with transaction(wired.sessions, school.id) as session:
        pupil = session.scalars(select(Pupil).where(Pupil.mis_id == "1")).one()
        object_to_mail(session, pupil.id, "student", None, now())
        erase_pupils(session, [pupil.id], OPERATOR, now())

    take(wired.sessions, school.id, roster(row(1), row(2)))

    with transaction(wired.sessions, school.id) as session:
        returned = session.scalars(select(Pupil).where(Pupil.mis_id == "1")).one()
        reason = session.execute(gate().where(Pupil.id == returned.id)).one().reason
        assert reason is Reason.SUPPRESSED
        key = hash_address(address_key(session), "p1@hill.example")
        assert session.get(Suppression, (school.id, key)) is not None
        assert session.scalars(select(Pupil).where(Pupil.erased_at.is_not(None))).one()


def test_an_erased_pupil_is_on_no_list_and_in_no_audience(
    app: Flask, wired: web.Parts, school: MadeSchool, sign_in: Callable
) -> None:
    with transaction(wired.sessions, school.id) as session:
        ids = session.scalars(select(Pupil.id).where(Pupil.forename == PERSONAL[0])).all()
        assert erase_pupils(session, ids, OPERATOR, now()) == 1
        assert erase_pupils(session, ids, OPERATOR, now()) == 0
    client = sign_in(school, Role.CAREERS_LEADER)

    pupils = client.get("/staff/pupils").text
    assert "1 pupil" in pupils
    assert "Deleted pupil" not in pupils
    assert client.get(f"/staff/pupils/{ids[0]}").status_code == 404


def test_the_contact_is_told_of_a_revocation_and_of_the_deletion(
    wired: web.Parts, school: MadeSchool
) -> None:
    revoke(wired, school, Connection.REVOKED)
    delete_if_due(later(wired, 31), school.id)

    with transaction(wired.sessions, school.id) as session:
        receipts = session.scalars(
            select(AccountMail).where(
                AccountMail.kind == AccountMailKind.SHARING_RECEIPT,
                AccountMail.school_id == school.id,
            )
        ).all()
    assert len({mail.change_id for mail in receipts}) >= 2


@pytest.fixture
def sign_in(app: Flask) -> Callable:
    from tests.factories import signed_in

    return lambda school, role: signed_in(app, school, role)
