"""Mail that has stopped for one pupil: the page says why, and staff start it again."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from outreach import web
from outreach.audit import AuditEvent
from outreach.campaigns import muting
from outreach.campaigns.models import Invitation, Message
from outreach.campaigns.states import MessageState
from outreach.campaigns.tracking import mark_started, mark_submitted
from outreach.clock import now
from outreach.database import transaction
from outreach.pupils.models import PupilAddress, Suppression, SuppressionReason
from outreach.pupils.suppressing import suppress
from tests.contract.catching import Catcher
from tests.factories import make_school, run_workers, signed_in
from tests.journeys.staff_pages import submit
from tests.outbox import Outbox, launched


def stop_address(outbox: Outbox, reason: SuppressionReason, source: str, days: int = 0) -> None:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        hashed = session.scalars(select(PupilAddress.address_hash)).one()
        until = now() + timedelta(days=days) if days else None
        suppress(session, hashed, reason, source, now(), expires_at=until)


def suppressed(outbox: Outbox) -> list[str]:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        return [reason.value for reason in session.scalars(select(Suppression.reason))]


def actions(outbox: Outbox) -> set[str]:
    with transaction(outbox.wired.sessions, outbox.school.id) as session:
        return set(session.scalars(select(AuditEvent.action)))


def test_staff_see_why_an_address_gets_no_mail_and_let_it_have_mail_again(
    app: Flask, wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired)
    stop_address(outbox, SuppressionReason.BOUNCED, "smtp_in/mailbox_full", days=14)
    run_workers(wired)
    assert outbox.mails == {"stopped": 1}
    pupil = outbox.invitation.pupil_id
    staff = signed_in(app, outbox.school)
    page = staff.get(f"/staff/pupils/{pupil}").text
    assert "No mail to the school address" in page
    assert "The mailbox is full." in page
    assert "Mail goes there again by itself after" in page

    page_of, again = f"/staff/pupils/{pupil}", f"/staff/pupils/{pupil}/mail-again"
    assert submit(staff, page_of, again, kind="elsewhere").status_code == 400
    assert submit(staff, page_of, again, kind="work").status_code == 303
    assert suppressed(outbox) == []
    assert "suppression.lifted" in actions(outbox)
    run_workers(wired)
    assert outbox.mails == {"accepted": 1}
    assert "No mail to" not in staff.get(f"/staff/pupils/{pupil}").text

    stranger = make_school(wired.sessions)
    other = signed_in(app, stranger)
    assert submit(other, "/staff/pupils", again, kind="work").status_code == 404


def test_an_objection_is_not_lifted_by_that_button(app: Flask, wired: web.Parts) -> None:
    outbox = launched(wired)
    stop_address(outbox, SuppressionReason.OBJECTED, "student")
    staff = signed_in(app, outbox.school)
    pupil = outbox.invitation.pupil_id
    page = staff.get(f"/staff/pupils/{pupil}").text
    assert "No mail to the school address" in page
    assert f"/staff/pupils/{pupil}/mail-again" not in page
    submit(staff, "/staff/pupils", f"/staff/pupils/{pupil}/mail-again", kind="work")
    assert suppressed(outbox) == ["objected"]


def test_staff_switch_mail_about_a_questionnaire_on_again_for_a_student_who_asks(
    app: Flask, wired: web.Parts, mailbox: Catcher
) -> None:
    outbox = launched(wired)
    with transaction(wired.sessions, outbox.school.id) as session:
        muting.stop_mail(session, session.scalars(select(Invitation)).one(), now())
    assert outbox.mails == {"stopped": 1}
    staff = signed_in(app, outbox.school)
    pupil = outbox.invitation.pupil_id
    page = staff.get(f"/staff/pupils/{pupil}").text
    assert "No mail about Spring" in page
    where = f"/staff/campaigns/{outbox.campaign_id}/pupils/{pupil}/mail-again"
    assert submit(staff, f"/staff/pupils/{pupil}", where).status_code == 303
    run_workers(wired)
    assert outbox.mails == {"accepted": 1}
    with transaction(wired.sessions, outbox.school.id) as session:
        here = AuditEvent.action == "invitation.mail_again"
        assert session.scalars(select(AuditEvent.actor_id).where(here)).one() is not None


def test_an_answer_by_the_mailed_link_shows_that_mail_arrives(wired: web.Parts) -> None:
    outbox = launched(wired)
    run_workers(wired)
    assert outbox.message.state is MessageState.ACCEPTED
    stop_address(outbox, SuppressionReason.BOUNCED, "smtp_in/mailbox_full", days=14)
    with transaction(wired.sessions, outbox.school.id) as session:
        invitation = session.scalars(select(Invitation)).one()
        assert session.scalars(select(Message.address_hash)).one() is not None
        mark_started(session, invitation, now())
    assert suppressed(outbox) == []

    stop_address(outbox, SuppressionReason.COMPLAINT, "smtp_in")
    with transaction(wired.sessions, outbox.school.id) as session:
        invitation = session.scalars(select(Invitation)).one()
        mark_submitted(session, invitation, now())
    assert suppressed(outbox) == ["complaint"]
