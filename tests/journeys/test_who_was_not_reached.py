"""Whoever was not reached is found, with the reason, and mail goes again to just those."""

import re
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from outreach import web
from outreach.audit import AuditEvent
from outreach.campaigns import events, tracking
from outreach.campaigns.events import Fact
from outreach.campaigns.models import Invitation, Link, Message
from outreach.campaigns.states import InvitationState, MessageState
from outreach.clock import now
from outreach.database import transaction
from outreach.pupils.models import AddressKind, PupilAddress, SuppressionReason
from outreach.pupils.suppressing import suppress
from outreach.schools.models import Role
from tests.answered import answer_and_submit, invitation_of, launch_campaign
from tests.contract.catching import Catcher
from tests.factories import (
    MadeSchool,
    make_pupil,
    make_school,
    put_in_group,
    run_workers,
    set_address,
    signed_in,
)
from tests.journeys.staff_pages import submit

TICK = {"checked": "yes"}
NAMES = ("Ada", "Bilal", "Cleo", "Dev", "Ezra", "Farah")


@dataclass
class Scene:
    """A campaign whose mail was taken for four; Bilal's came back, and Farah has no address."""

    app: Flask
    wired: web.Parts
    school: MadeSchool
    campaign_id: UUID
    pupils: dict[str, UUID]
    leader: FlaskClient

    @property
    def address(self) -> str:
        return f"/staff/campaigns/{self.campaign_id}"

    def of(self, name: str) -> str:
        """The address of a pupil's page in the campaign."""
        with transaction(self.wired.sessions, self.school.id) as session:
            invitation = invitation_of(session, self.campaign_id, self.pupils[name])
            return f"{self.address}/invitations/{invitation.id}"

    def page(self, address: str, role: Role = Role.CAREERS_LEADER) -> str:
        answer = signed_in(self.app, self.school, role).get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        return " ".join(answer.text.split())

    def set_mail(self, name: str, state: MessageState, *, reason: str | None = None) -> None:
        with transaction(self.wired.sessions, self.school.id) as session:
            invitation = invitation_of(session, self.campaign_id, self.pupils[name])
            session.execute(
                update(Message)
                .where(Message.invitation_id == invitation.id)
                .values(state=state, reason=reason)
            )

    def messages(self, name: str) -> list[Message]:
        with transaction(self.wired.sessions, self.school.id) as session:
            invitation = invitation_of(session, self.campaign_id, self.pupils[name])
            return list(
                session.scalars(
                    select(Message)
                    .where(Message.invitation_id == invitation.id)
                    .order_by(Message.queued_at, Message.attempt)
                )
            )


@pytest.fixture
def scene(app: Flask, wired: web.Parts, mailbox: Catcher) -> Scene:
    school = make_school(wired.sessions, Role.CAREERS_LEADER, Role.VIEWER)
    with transaction(wired.sessions, school.id) as session:
        pupils = {name: make_pupil(session, forename=name).id for name in NAMES[:5]}
        pupils["Farah"] = make_pupil(session, forename="Farah", work=None).id
        put_in_group(session, "10A", pupils["Ada"], pupils["Bilal"])
        campaign_id = launch_campaign(session, wired.library, now())
    run_workers(wired)
    made = Scene(app, wired, school, campaign_id, pupils, signed_in(app, school))
    bounce(made, "Bilal")
    mailbox.forget()
    return made


def bounce(scene: Scene, name: str) -> None:
    """As a hard bounce leaves it: the state, the fact, and the address suppressed."""
    scene.set_mail(name, MessageState.BOUNCED, reason="unknown_user")
    sent = scene.messages(name)[0]
    assert sent.address_hash is not None
    with transaction(scene.wired.sessions, scene.school.id) as session:
        fact = Fact(sent.id, "bounces", name, "bounced", now(), "5.1.1", "No such mailbox.")
        events.append_all(session, [fact])
        suppress(session, sent.address_hash, SuppressionReason.BOUNCED, "bounces", now())


def rows_on(page: str) -> int:
    found = re.search(r"<caption>(\d+) pupils?</caption>", page)
    assert found is not None
    return int(found.group(1))


def test_every_number_leads_to_exactly_that_many_pupils(scene: Scene) -> None:
    with transaction(scene.wired.sessions, scene.school.id) as session:
        answer_and_submit(
            session, scene.wired.library, scene.campaign_id, scene.pupils["Ada"], now()
        )
    scene.set_mail("Cleo", MessageState.REFUSED, reason="mailbox_full")
    page = scene.page(scene.address)

    tiles = re.findall(
        r'<dt><a href="([^"]+)">([^<]+)</a></dt><dd class="stat-value">(\d+)</dd>', page
    )
    assert {name: int(count) for _, name, count in tiles} == {
        "Asked": 6,
        "Answered": 1,
        "Started": 0,
        "Not reached": 3,
    }
    cells = re.findall(
        r'<a href="(/staff/campaigns/[^"]+/pupils\?[^"]+)">[^<]*</a></th><td[^>]* class="num">(\d+)<',
        page,
    )
    groups = re.findall(r'<a href="([^"]+group=10A[^"]*)">(\d+)<span', page)
    assert len(cells) >= 4
    assert len(groups) == 2
    for address, count in [(href, count) for href, _, count in tiles] + cells + groups:
        href = address.replace("&amp;", "&")
        assert rows_on(scene.page(href)) == int(count), href


def test_the_list_says_why_and_what_happens_next(scene: Scene) -> None:
    page = scene.page(f"{scene.address}/pupils?mail=unreached")

    assert rows_on(page) == 2
    assert page.count("has no mailbox with this address") == 1, "it is said once"
    assert "Has no email address on the roster" in page
    assert page.count("Fix the address, and it is sent again") == 2
    assert scene.page(f"{scene.address}/pupils?mail=accepted").count("Reminder on ") == 4
    tutors = scene.page(f"{scene.address}/pupils?mail=unreached", Role.VIEWER)
    assert "no mailbox" not in tutors
    assert "The careers leader sees to the mail" in tutors


def test_the_address_is_fixed_and_mail_goes_there(scene: Scene, mailbox: Catcher) -> None:
    page = f"{scene.of('Bilal')}/address"
    unchecked = submit(scene.leader, page, address="bilal.new@hill-test-school.example")
    assert (unchecked.status_code, "tick that you have" in unchecked.text) == (422, True)
    wrong = submit(scene.leader, page, address="bilal.hill", **TICK)
    assert (wrong.status_code, "no @ in the address" in wrong.text) == (422, True)
    assert 'value="bilal.hill"' in wrong.text

    saved = submit(scene.leader, page, address="bilal.new@hill-test-school.example", **TICK)
    assert saved.location == scene.of("Bilal")
    run_workers(scene.wired)

    assert [mail.recipient for mail in mailbox.mails] == ["bilal.new@hill-test-school.example"]
    assert [one.state.value for one in scene.messages("Bilal")] == ["bounced", "accepted"]
    told = scene.page(scene.of("Bilal"))
    for words in ("given by staff on", "Staff gave another address", "came back"):
        assert words in told
    with transaction(scene.wired.sessions, scene.school.id) as session:
        details = session.scalars(select(AuditEvent.detail)).all()
    assert not any("bilal" in str(detail) for detail in details)


def test_a_first_address_sends_a_first_mail(scene: Scene, mailbox: Catcher) -> None:
    submit(
        scene.leader,
        f"{scene.of('Farah')}/address",
        address="farah@hill-test-school.example",
        **TICK,
    )
    run_workers(scene.wired)

    assert [mail.recipient for mail in mailbox.mails] == ["farah@hill-test-school.example"]


def test_where_a_stranger_got_the_mail_old_links_end(scene: Scene, mailbox: Catcher) -> None:
    with transaction(scene.wired.sessions, scene.school.id) as session:
        tracking.not_me(
            session, invitation_of(session, scene.campaign_id, scene.pupils["Dev"]), now()
        )
    assert "Fix the address: the mail reached somebody else" in scene.page(scene.of("Dev"))

    submit(
        scene.leader, f"{scene.of('Dev')}/address", address="dev@hill-test-school.example", **TICK
    )
    run_workers(scene.wired)

    assert [mail.recipient for mail in mailbox.mails] == ["dev@hill-test-school.example"]
    with transaction(scene.wired.sessions, scene.school.id) as session:
        invitation = invitation_of(session, scene.campaign_id, scene.pupils["Dev"])
        assert invitation.state is InvitationState.NOT_STARTED
        links = session.scalars(select(Link).where(Link.invitation_id == invitation.id)).all()
    assert sorted(link.revoked_at is None for link in links) == [False, True]


def test_whoever_has_answered_gets_no_mail_for_a_new_address(
    scene: Scene, mailbox: Catcher
) -> None:
    with transaction(scene.wired.sessions, scene.school.id) as session:
        answer_and_submit(
            session, scene.wired.library, scene.campaign_id, scene.pupils["Ada"], now()
        )
    page = f"{scene.of('Ada')}/address"
    submit(scene.leader, page, address="ada@hill-test-school.example", **TICK)
    run_workers(scene.wired)

    assert mailbox.mails == []


def test_mail_goes_again_to_those_alone_who_failed_and_may_be_mailed(
    scene: Scene, mailbox: Catcher
) -> None:
    """Cleo's box was full, Bilal's address is no good, Farah has got one from the MIS since."""
    scene.set_mail("Cleo", MessageState.REFUSED, reason="mailbox_full")
    with transaction(scene.wired.sessions, scene.school.id) as session:
        set_address(session, scene.pupils["Farah"], AddressKind.WORK, "farah@hill-test.example")
    assert "those who can be mailed (2)" in scene.page(scene.address)
    asked = scene.page(f"{scene.address}/resend/failed")
    assert "again to 2 pupils?" in asked
    assert "1 other is left out" in asked

    for _ in range(2):  # pressed twice, it goes once
        submit(scene.leader, f"{scene.address}/pause", f"{scene.address}/resend/failed")
    run_workers(scene.wired)

    with transaction(scene.wired.sessions, scene.school.id) as session:
        cleo = session.scalars(
            select(PupilAddress.address).where(PupilAddress.pupil_id == scene.pupils["Cleo"])
        ).one()
    assert sorted(mail.recipient for mail in mailbox.mails) == sorted(
        [cleo, "farah@hill-test.example"]
    )


def test_a_few_are_ticked_and_only_they_are_mailed(scene: Scene, mailbox: Catcher) -> None:
    for name in ("Cleo", "Dev"):
        scene.set_mail(name, MessageState.REFUSED, reason="mailbox_full")
    listed = f"{scene.address}/pupils?mail=failed"
    cleo = scene.of("Cleo").rpartition("/")[2]
    assert f'value="{cleo}"' in scene.page(listed)
    chosen = f"{scene.address}/resend-chosen"

    assert submit(scene.leader, listed, chosen).status_code == 303  # nobody ticked
    asked = submit(scene.leader, listed, chosen, invitation=cleo)
    assert "again to 1 pupil?" in asked.text
    assert submit(scene.leader, listed, chosen, invitation=cleo, sure="yes").status_code == 303
    run_workers(scene.wired)

    assert [len(scene.messages(name)) for name in ("Cleo", "Dev")] == [2, 1]
    assert len(mailbox.mails) == 1


def test_a_pupils_page_tells_what_happened_in_order_and_a_tutor_not_why(scene: Scene) -> None:
    told = scene.page(scene.of("Bilal"))
    happened = re.findall(r"</time> <span>([^<]+)</span>", told)

    assert happened == [
        "Asked to answer",
        "Invite: written, to be sent",
        "Invite: taken by the mail server",
        "Invite: came back",
    ]
    assert "5.1.1 No such mailbox." in told
    tutors = scene.page(scene.of("Bilal"), Role.VIEWER)
    assert "came back" in tutors
    assert "No such mailbox" not in tutors
    tutor = signed_in(scene.app, scene.school, Role.VIEWER)
    assert tutor.get(f"{scene.of('Bilal')}/address").status_code == 403


def test_the_pupils_page_tells_of_answers_to_the_end(scene: Scene) -> None:
    with transaction(scene.wired.sessions, scene.school.id) as session:
        answer_and_submit(
            session, scene.wired.library, scene.campaign_id, scene.pupils["Ada"], now()
        )
    run_workers(scene.wired)

    told = scene.page(scene.of("Ada"))

    for words in ("Started: a first answer is saved", "Answered: sent in", "Scored, and written"):
        assert words in told
    assert told.index("Answered: sent in") < told.index("Scored, and written")
    with transaction(scene.wired.sessions, scene.school.id) as session:
        states = session.scalars(select(Invitation.state)).all()
    assert states.count(InvitationState.WRITTEN_BACK) == 1


def test_slips_are_offered_for_those_without_mail(scene: Scene) -> None:
    page = scene.page(scene.address)
    found = re.search(r'href="([^"]+slips\?[^"]+)"', page)

    assert found is not None
    assert "<h2>2 slips</h2>" in scene.page(found.group(1).replace("&amp;", "&"))
