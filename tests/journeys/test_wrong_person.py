"""Mail reached somebody else: that address is not used for that pupil again, until it is mended."""

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from outreach.audit import AuditEvent
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.models import Message
from outreach.campaigns.relinking import send_new_link
from outreach.campaigns.states import InvitationState, MessageState
from outreach.clock import now
from outreach.pupils.gate import gate
from outreach.pupils.models import AddressKind, Pupil, PupilAddress, SuppressionReason, WrongAddress
from outreach.pupils.reach.reasons import Reason
from outreach.pupils.suppressing import suppress
from tests.answered import launch_campaign
from tests.contract.catching import Catcher
from tests.factories import make_pupil, run_workers, set_address, signed_in
from tests.journeys.dsl import Launched
from tests.journeys.staff_pages import submit

CHECK_IT = "A person who is not this pupil got the mail: check the address on the roster"


@pytest.fixture
def mailed(launch: Callable[..., Launched]) -> Launched:
    """The invitation was really handed over."""
    launched = launch("gcse")
    run_workers(launched.parts)
    assert [message.state for message in launched.messages] == [MessageState.ACCEPTED]
    return launched


def say_not_me(launched: Launched) -> None:
    page = launched.browser().get(f"{launched.link}/not-me").press()
    assert page.heading == "Thank you for telling us"


def reason_for(launched: Launched, pupil_id: UUID | None = None) -> Reason | None:
    with launched.in_school() as session:
        wanted = gate().where(Pupil.id == (pupil_id or launched.pupil_id))
        return session.execute(wanted).one().reason


def wrong_addresses(launched: Launched) -> int:
    return launched.count(WrongAddress)


def change_work_address(launched: Launched, address: str) -> None:
    with launched.in_school() as session:
        key = (launched.school.id, launched.pupil_id, AddressKind.WORK)
        session.delete(session.get_one(PupilAddress, key))
        session.flush()
        set_address(session, launched.pupil_id, AddressKind.WORK, address)


def draft_of(launched: Launched) -> UUID:
    with launched.in_school() as session:
        return create_campaign(
            session,
            launched.parts.library,
            name="Summer",
            questionnaire="gcse",
            years=[10],
            groups=[],
            closes_on=None,
            created_by=None,
            now=now(),
        ).id


def test_an_address_that_reached_somebody_else_is_not_used_for_that_pupil_again(
    mailed: Launched, mailbox: Catcher
) -> None:
    say_not_me(mailed)
    assert reason_for(mailed) is Reason.SUPPRESSED
    mailbox.forget()

    with mailed.in_school() as session:
        launch_campaign(session, mailed.parts.library, now(), name="Another")
    run_workers(mailed.parts)

    assert len(mailbox.mails) == 1  # the other pupil of the year


def test_the_same_address_stays_good_for_the_pupil_it_belongs_to(mailed: Launched) -> None:
    with mailed.in_school() as session:
        key = (mailed.school.id, mailed.pupil_id, AddressKind.WORK)
        address = session.get_one(PupilAddress, key).address
        owner = make_pupil(session, forename="Owner", work=address).id

    say_not_me(mailed)

    assert reason_for(mailed) is Reason.SUPPRESSED
    assert reason_for(mailed, owner) is None


def test_a_new_address_on_the_roster_is_mailed_by_itself(mailed: Launched) -> None:
    say_not_me(mailed)
    with mailed.in_school() as session:
        key = (mailed.school.id, mailed.pupil_id, AddressKind.WORK)
        old = session.get_one(PupilAddress, key).address

    change_work_address(mailed, "robin.right@hill-test-school.example")
    assert reason_for(mailed) is None
    change_work_address(mailed, old)
    assert reason_for(mailed) is Reason.SUPPRESSED


def test_it_was_for_them_after_all_and_the_address_is_good_again(mailed: Launched) -> None:
    say_not_me(mailed)

    mailed.browser().open().press()

    assert mailed.invitation.state is InvitationState.NOT_STARTED
    assert reason_for(mailed) is None
    assert wrong_addresses(mailed) == 0


@pytest.mark.parametrize("state", [MessageState.ACCEPTED, MessageState.UNKNOWN])
def test_what_was_or_may_have_been_taken_counts_as_handed_over(
    mailed: Launched, state: MessageState
) -> None:
    mailed.change(Message, mailed.messages[0].id, state=state)

    say_not_me(mailed)

    assert wrong_addresses(mailed) == 1


@pytest.mark.parametrize(
    "state", [MessageState.REFUSED, MessageState.DEFERRED, MessageState.STOPPED]
)
def test_an_address_that_no_mail_reached_stays_good(mailed: Launched, state: MessageState) -> None:
    mailed.change(Message, mailed.messages[0].id, state=state)

    say_not_me(mailed)

    assert wrong_addresses(mailed) == 0
    assert reason_for(mailed) is None


def test_a_mail_of_an_ended_link_says_nothing_of_its_address(mailed: Launched) -> None:
    """An older mail went elsewhere: whoever speaks now came by the newer one."""
    old = mailed.messages[0].address_hash
    change_work_address(mailed, "robin.newer@hill-test-school.example")
    with mailed.in_school() as session:
        send_new_link(session, mailed.invitation, now())
    run_workers(mailed.parts)
    newer = mailed.newest
    assert newer.link_id != mailed.link_id

    say_not_me(newer)

    with mailed.in_school() as session:
        hashes = session.scalars(select(WrongAddress.address_hash)).all()
    assert len(hashes) == 1
    assert old not in hashes


def test_declining_says_nothing_of_the_address(mailed: Launched) -> None:
    mailed.browser().get(f"{mailed.link}/no-thanks").press()

    assert reason_for(mailed) is None


def test_staff_read_why_on_the_pupils_page_and_in_the_audience(
    app: Flask, mailed: Launched
) -> None:
    say_not_me(mailed)
    client = signed_in(app, mailed.school)

    assert f"No: {CHECK_IT}" in client.get(f"/staff/pupils/{mailed.pupil_id}").text
    audience = client.get(f"/staff/campaigns/{draft_of(mailed)}/audience").text
    assert CHECK_IT in audience
    assert audience.count(CHECK_IT) == 1


def test_an_address_that_bounced_is_not_said_to_be_somebody_elses(
    app: Flask, mailed: Launched
) -> None:
    with mailed.in_school() as session:
        hashed = mailed.messages[0].address_hash
        assert hashed is not None
        suppress(session, hashed, SuppressionReason.BOUNCED, "test", now())

    page = signed_in(app, mailed.school).get(f"/staff/pupils/{mailed.pupil_id}").text

    assert "Mail to this address came back" in page
    assert CHECK_IT not in page


def test_staff_who_have_checked_the_address_allow_mail_there_again(
    app: Flask, mailed: Launched
) -> None:
    say_not_me(mailed)
    page = f"/staff/pupils/{mailed.pupil_id}"
    client = signed_in(app, mailed.school)

    done = submit(client, page, f"{page}/address")

    assert done.status_code == 303
    assert reason_for(mailed) is None
    assert "The address is right" not in client.get(page).text


def test_the_audit_of_it_holds_ids_and_counts(mailed: Launched) -> None:
    say_not_me(mailed)
    mailed.browser().open().press()

    with mailed.in_school() as session:
        about = select(AuditEvent).where(AuditEvent.action.startswith("address."))
        events = session.scalars(about.order_by(AuditEvent.at, AuditEvent.action.desc())).all()
    assert [(event.action, event.subject_id, event.detail) for event in events] == [
        ("address.not_the_pupils", mailed.pupil_id, {"addresses": 1}),
        ("address.is_the_pupils", mailed.pupil_id, {"addresses": 1}),
    ]
