"""A careers leader makes a campaign, looks at it, launches it, watches it and steers it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from outreach import web
from outreach.campaigns.models import Campaign, Invitation, Link, Message
from outreach.campaigns.states import CampaignState, MessageState
from outreach.clock import now
from outreach.database import transaction
from outreach.pupils.models import GroupKind, GroupMember, RosterGroup
from outreach.schools.models import AccountMail, AccountMailKind, Role, StaffMember
from outreach.schools.sharing import SharingChanges, change_sharing
from tests.answered import answer_and_submit, launch_campaign
from tests.contract.catching import Catcher
from tests.factories import MadeSchool, make_pupil, make_school, run_workers, signed_in
from tests.journeys.staff_pages import submit

LIST = "/staff/campaigns"
CLOSES = datetime.now(UTC).date() + timedelta(days=30)
TYPED = {
    "name": "Year 10, autumn",
    "questionnaire": "gcse",
    "years": "10",
    "closes_on-day": str(CLOSES.day),
    "closes_on-month": str(CLOSES.month),
    "closes_on-year": str(CLOSES.year),
}


@dataclass(frozen=True)
class Scene:
    """Six pupils of Year 10, one of them without an address, and a careers leader's browser."""

    app: Flask
    wired: web.Parts
    school: MadeSchool
    pupils: list[UUID]
    leader: FlaskClient

    def draft(self, **typed: str) -> str:
        """The address of a new draft's page."""
        made = submit(self.leader, f"{LIST}/new", **{**TYPED, **typed})
        assert made.status_code == 303, made.text
        return made.location

    def launched(self) -> str:
        with transaction(self.wired.sessions, self.school.id) as session:
            return f"{LIST}/{launch_campaign(session, self.wired.library, now())}"

    def page(self, address: str, role: Role = Role.CAREERS_LEADER) -> str:
        answer = signed_in(self.app, self.school, role).get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        return " ".join(answer.text.split())

    def take(self, address: str) -> TestResponse:
        """Open the page that asks, and press its button."""
        return submit(self.leader, address)

    def campaign(self, address: str) -> Campaign:
        with transaction(self.wired.sessions, self.school.id) as session:
            return session.get_one(Campaign, (self.school.id, UUID(address.rpartition("/")[2])))

    def set_mail(self, state: MessageState, *, words: str | None = None, of: int = 1) -> None:
        with transaction(self.wired.sessions, self.school.id) as session:
            some = session.scalars(select(Message.id).order_by(Message.id).limit(of)).all()
            session.execute(
                update(Message).where(Message.id.in_(some)).values(state=state, words=words)
            )


@pytest.fixture
def scene(app: Flask, wired: web.Parts) -> Scene:
    school = make_school(wired.sessions, Role.CAREERS_LEADER, Role.VIEWER, Role.IT)
    with transaction(wired.sessions, school.id) as session:
        pupils = [make_pupil(session, forename=f"Robin{n}").id for n in range(5)]
        pupils.append(make_pupil(session, forename="Noaddress", work=None).id)
        group = RosterGroup(school_id=school.id, kind=GroupKind.REGISTRATION, name="10A")
        session.add(group)
        session.flush()
        for pupil_id in pupils[:3]:
            session.add(GroupMember(school_id=school.id, pupil_id=pupil_id, group_id=group.id))
    return Scene(app, wired, school, pupils, signed_in(app, school))


def numbers_in(text: str, caption: str) -> list[int]:
    """The counts under the split bar of that caption."""
    figure = re.search(rf"<figcaption>{caption}</figcaption>.*?</figure>", text, re.DOTALL)
    assert figure is not None, caption
    return [int(count) for count in re.findall(r"<strong>(\d+)</strong>", figure.group(0))]


# The list


def test_a_new_school_is_told_what_to_do_before_its_first_campaign(
    app: Flask, wired: web.Parts
) -> None:
    school = make_school(wired.sessions, is_sharing=False)

    page = signed_in(app, school).get("/staff/").text

    assert "Before your first campaign" in page
    assert 'href="/staff/roster"' in page
    assert "the roster connection, student email, work or home addresses" in page
    assert "Who can do it: an administrator or the data protection lead" in page


def test_a_school_that_is_ready_is_led_to_its_first_campaign(scene: Scene) -> None:
    page = scene.page(LIST)

    assert 'class="button" href="/staff/campaigns/new"' in page
    assert "5 of 6 pupils have an address that may be mailed" in page


def test_the_list_says_how_many_of_those_asked_have_answered(scene: Scene) -> None:
    address = scene.launched()
    with transaction(scene.wired.sessions, scene.school.id) as session:
        id = UUID(address.rpartition("/")[2])
        answer_and_submit(session, scene.wired.library, id, scene.pupils[0], now())

    assert "1 of 6 (16%)" in scene.page(LIST)


def test_a_role_without_campaigns_is_turned_away(scene: Scene) -> None:
    assert signed_in(scene.app, scene.school, Role.IT).get(LIST).status_code == 403


# A new campaign


def test_a_draft_is_saved_and_shown(scene: Scene) -> None:
    address = scene.draft()

    campaign = scene.campaign(address)
    assert (campaign.state, campaign.name, campaign.years) == (
        CampaignState.DRAFT,
        "Year 10, autumn",
        [10],
    )
    page = scene.page(address)
    assert "Nobody has been mailed" in page
    assert numbers_in(page, "6 asked") == [5, 1]
    assert "Has no email address on the roster" in page


def test_the_form_counts_the_pupils_of_each_choice(scene: Scene) -> None:
    page = scene.page(f"{LIST}/new")

    assert 'Year 10<span class="choice-hint">6 pupils' in page
    assert '10A<span class="choice-hint">3 pupils' in page
    assert "Written for Years 10 and 11" in page


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("name", " ", "Enter a name for the campaign"),
        ("questionnaire", "made_up", "Choose a questionnaire"),
        ("years", "", "Choose years from the list"),
        ("years", "99", "Choose years from the list"),
        ("closes_on-day", "", "The closing date needs a day"),
        ("closes_on-day", "31x", "The closing date must be a real date"),
        ("closes_on-year", "2020", "The closing date must be today or later"),
        ("closes_on-year", "2999", "The closing date must be within 2 years"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_what_was_typed_is_kept(
    scene: Scene, field: str, value: str, error: str
) -> None:
    typed = {**TYPED, "groups": "10A", field: value}

    answer = submit(scene.leader, f"{LIST}/new", **typed)

    name = field.partition("-")[0]
    assert answer.status_code == 422
    assert re.search(rf'<a href="#{name}">[^<]*{error}', answer.text)
    assert re.search(rf'id="{name}-error"><span class="vh">Error:</span> [^<]*{error}', answer.text)
    assert re.search(r'value="10A" checked', answer.text)
    assert "<title>Error:" in answer.text


def test_a_campaign_without_a_year_or_group_is_not_made(scene: Scene) -> None:
    typed = {name: value for name, value in TYPED.items() if name != "years"}

    answer = submit(scene.leader, f"{LIST}/new", **typed)

    assert "Choose at least one year or one group" in answer.text
    with transaction(scene.wired.sessions, scene.school.id) as session:
        assert session.scalar(select(func.count()).select_from(Campaign)) == 0


def test_no_closing_date_is_a_choice(scene: Scene) -> None:
    none = {f"closes_on-{part}": "" for part in ("day", "month", "year")}

    address = scene.draft(**none)

    assert scene.campaign(address).closes_at is None
    assert "No closing date" in scene.page(address)


def test_without_a_roster_there_is_nothing_to_choose_from(app: Flask, wired: web.Parts) -> None:
    school = make_school(wired.sessions)
    client = signed_in(app, school)

    assert client.get(f"{LIST}/new").location == LIST
    assert "Import the roster first" in client.get(LIST).text


# A draft


def test_each_reason_leads_to_its_pupils(scene: Scene) -> None:
    page = scene.page(f"{scene.draft()}/audience?reason=no_address")

    assert "Noaddress Ashdown" in page
    assert "Robin0" not in page
    assert "1 pupil" in page


def test_the_mail_is_shown_with_an_example_name(scene: Scene) -> None:
    page = scene.page(f"{scene.draft()}/preview/mail")

    assert "questionnaires@outreach.example" in page
    assert "Hill Test School asks you to answer" in page
    assert "/q/" not in page


def test_the_formatted_mail_can_run_and_load_nothing(scene: Scene) -> None:
    answer = scene.leader.get(f"{scene.draft()}/preview/mail.html")

    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert not any("script" in rule for rule in policy)
    assert "Hill Test School" in answer.text


def test_the_questionnaire_is_shown_whole_with_its_conditions(scene: Scene) -> None:
    page = scene.page(f"{scene.draft()}/preview/questionnaire")

    questionnaire = scene.wired.library.latest("gcse")
    for section in questionnaire.sections:
        assert section.title.in_("en") in page
    asked = [question for question in questionnaire.questions if question.kind != "note"]
    assert len(re.findall(r"<h3>\d+\. ", page)) == len(asked)
    assert "Asked only if the answer to “" in page


def test_a_test_send_is_queued_for_the_person_who_asks(scene: Scene) -> None:
    address = scene.draft()

    answer = submit(scene.leader, address, f"{address}/test-send")

    assert answer.status_code == 303
    with transaction(scene.wired.sessions) as session:
        mail = session.scalars(select(AccountMail)).one()
    assert (mail.kind, str(mail.campaign_id)) == (
        AccountMailKind.TEST_SEND,
        address.rpartition("/")[2],
    )
    page = scene.leader.get(address).text
    assert "A test to your own address is queued" in page


def test_a_test_send_arrives_and_the_draft_says_so(scene: Scene, mailbox: Catcher) -> None:
    address = scene.draft()
    submit(scene.leader, address, f"{address}/test-send")

    run_workers(scene.wired)

    assert [mail.recipient for mail in mailbox.mails] == [scene.school.emails[Role.CAREERS_LEADER]]
    assert "Your last test was taken by the mail server" in scene.page(address)


def test_test_sends_are_limited(scene: Scene) -> None:
    address = scene.draft()
    for _ in range(6):
        submit(scene.leader, address, f"{address}/test-send")

    assert "No further test was queued" in scene.leader.get(address).text
    with transaction(scene.wired.sessions) as session:
        assert session.scalar(select(func.count()).select_from(AccountMail)) == 5


def test_a_discarded_draft_cannot_be_launched(scene: Scene) -> None:
    address = scene.draft()

    assert scene.take(f"{address}/discard").status_code == 303

    assert scene.campaign(address).state is CampaignState.CANCELLED
    assert "This draft was discarded" in scene.page(address)
    assert scene.leader.get(f"{address}/launch").status_code == 303


# Launching


def test_the_page_before_a_launch_says_how_many_mails_go(scene: Scene) -> None:
    page = scene.page(f"{scene.draft()}/launch")

    assert "5 mails go out at once" in page
    assert "1 pupil gets no mail" in page
    assert "Launch and send 5 mails" in page


def test_launching_twice_launches_once(scene: Scene) -> None:
    address = scene.draft()
    token = re.search(
        r'name="csrf_token" value="([^"]+)"', scene.leader.get(f"{address}/launch").text
    )
    assert token is not None
    both = [
        scene.leader.post(f"{address}/launch", data={"csrf_token": token.group(1)})
        for _ in range(2)
    ]

    assert [answer.status_code for answer in both] == [303, 303]
    assert "The campaign is launched" in scene.leader.get(address).text
    with transaction(scene.wired.sessions, scene.school.id) as session:
        launched = session.scalars(
            select(Campaign.id).where(Campaign.state != CampaignState.DRAFT)
        ).all()
    assert len(launched) == 1


def test_a_launch_that_would_mail_nobody_is_refused_on_the_same_page(
    app: Flask, wired: web.Parts
) -> None:
    school = make_school(wired.sessions, is_sharing=False)
    with transaction(wired.sessions, school.id) as session:
        make_pupil(session)
    client = signed_in(app, school)
    address = submit(client, f"{LIST}/new", **TYPED).location

    answer = submit(client, f"{address}/launch")

    assert answer.status_code == 409
    assert "None of the 1 pupils asked for can be mailed" in answer.text
    assert "<h1>Launch" in answer.text


# Progress


def test_the_bars_add_up_to_everybody_asked_while_invitations_are_written(scene: Scene) -> None:
    address = scene.draft()
    scene.take(f"{address}/launch")

    before = scene.page(address)
    run_workers(scene.wired)
    after = scene.page(address)

    for page in (before, after):
        bars = re.findall(r"<figure class=\"split\">.*?</figure>", page)
        assert len(bars) == 2
        for bar in bars:
            assert sum(map(int, re.findall(r"<strong>(\d+)</strong>", bar))) == 6
    assert "Being prepared <strong>6</strong>" in before
    assert "Taken by the mail server <strong>5</strong>" in after
    assert "Not mailed <strong>1</strong>" in after


def test_the_numbers_alone_are_what_the_script_asks_for(scene: Scene) -> None:
    address = scene.launched()

    whole, part = scene.page(address), scene.page(f"{address}/progress")

    assert "<html" not in part
    assert 'data-every="4"' in part
    assert f'data-from="{address}/progress"' in whole
    assert f'<a href="{address}">Refresh these numbers</a>' in whole


def test_a_closed_campaign_is_not_asked_about_again(scene: Scene) -> None:
    address = scene.launched()
    scene.take(f"{address}/close")

    page = scene.page(address)

    assert "data-every" not in page
    assert "progress.js" not in page


def test_refused_mail_is_shown_with_the_words_of_the_mail_server(scene: Scene) -> None:
    address = scene.launched()
    scene.set_mail(MessageState.REFUSED, words="550 5.1.1 No such user", of=2)

    page = scene.page(address)

    assert "550 5.1.1 No such user" in page
    assert "Refused <strong>2</strong>" in page
    assert f"{address}/resend/refused" in page


def test_mail_of_unknown_fate_is_sent_again_only_when_somebody_says_so(
    scene: Scene, mailbox: Catcher
) -> None:
    address = scene.launched()
    run_workers(scene.wired)
    mailbox.forget()
    scene.set_mail(MessageState.UNKNOWN)
    run_workers(scene.wired)
    assert mailbox.mails == []
    assert "again to 1 pupil?" in scene.page(f"{address}/resend/unknown")

    assert scene.take(f"{address}/resend/unknown").status_code == 303
    run_workers(scene.wired)

    assert len(mailbox.mails) == 1


def test_mail_that_sharing_stopped_goes_out_once_it_is_allowed_and_released(
    scene: Scene, mailbox: Catcher
) -> None:
    address = scene.launched()
    share_email(scene, is_on=False)
    run_workers(scene.wired)
    receipt_to = scene.school.emails[Role.ADMIN]
    assert [mail.recipient for mail in mailbox.mails] == [receipt_to]
    mailbox.forget()
    assert "The school has not agreed to share student email" in scene.page(address)

    share_email(scene, is_on=True)
    assert scene.take(f"{address}/release").status_code == 303
    run_workers(scene.wired)

    assert len([mail for mail in mailbox.mails if mail.recipient != receipt_to]) == 5


def share_email(scene: Scene, *, is_on: bool) -> None:
    with transaction(scene.wired.sessions, scene.school.id) as session:
        by = session.get_one(StaffMember, (scene.school.id, scene.school.staff[Role.ADMIN]))
        change_sharing(session, SharingChanges(student_email=is_on), by, now())


def test_mail_that_arrived_cannot_be_sent_again_to_all(scene: Scene) -> None:
    assert scene.leader.get(f"{scene.launched()}/resend/accepted").status_code == 404


# Pupils


def test_the_list_of_pupils_is_narrowed_by_state_and_group(scene: Scene) -> None:
    address = scene.launched()
    with transaction(scene.wired.sessions, scene.school.id) as session:
        id = UUID(address.rpartition("/")[2])
        answer_and_submit(session, scene.wired.library, id, scene.pupils[0], now())

    missing = scene.page(f"{address}/pupils?state=unanswered&group=10A", Role.VIEWER)

    assert "2 pupils" in missing
    assert "Robin1 Ashdown" in missing
    assert "Robin0 Ashdown" not in missing
    assert re.search(rf"{address}/invitations/[0-9a-f-]+\">Robin1 Ashdown<", missing)
    everybody = scene.page(f"{address}/pupils?state=made_up")
    assert "6 pupils" in everybody
    assert "Has no email address on the roster" in everybody


def test_a_tutor_sees_who_is_missing_by_group_and_cannot_steer(scene: Scene) -> None:
    address = scene.launched()

    page = scene.page(address, Role.VIEWER)

    assert '3<span class="vh"> in 10A have not answered' in page
    assert f"{address}/pause" not in page
    tutor = signed_in(scene.app, scene.school, Role.VIEWER)
    for step in ("launch", "pause", "cancel", "close", "resend/unknown"):
        assert tutor.get(f"{address}/{step}").status_code == 403


def test_a_pupil_gets_a_new_link_and_the_old_one_ends(scene: Scene) -> None:
    address = scene.launched()
    with transaction(scene.wired.sessions, scene.school.id) as session:
        invitation = session.scalars(
            select(Invitation).where(Invitation.pupil_id == scene.pupils[0])
        ).one()

    answer = scene.take(f"{address}/invitations/{invitation.id}/new-link")

    assert answer.status_code == 303
    with transaction(scene.wired.sessions, scene.school.id) as session:
        links = session.scalars(select(Link).where(Link.invitation_id == invitation.id)).all()
    assert sorted(link.revoked_at is None for link in links) == [False, True]


def test_a_student_who_stopped_the_mail_gets_no_new_link_from_staff(scene: Scene) -> None:
    address = scene.launched()
    with transaction(scene.wired.sessions, scene.school.id) as session:
        invitation = session.scalars(
            select(Invitation).where(Invitation.pupil_id == scene.pupils[0])
        ).one()
        invitation.mail_stopped_at = now()
        sent = session.scalar(select(func.count()).select_from(Message))

    page = f"{address}/invitations/{invitation.id}/new-link"
    answer = submit(scene.leader, f"{address}/close", page)

    assert answer.status_code == 409
    assert "asked for no more mail" in answer.text
    assert scene.leader.get(page).location == page.removesuffix("/new-link")
    with transaction(scene.wired.sessions, scene.school.id) as session:
        assert session.scalar(select(func.count()).select_from(Message)) == sent


def test_a_long_list_is_shown_in_pages_that_keep_what_was_chosen(scene: Scene) -> None:
    with transaction(scene.wired.sessions, scene.school.id) as session:
        for number in range(50):
            make_pupil(session, forename=f"Later{number}", surname="Zeal")
    address = scene.launched()

    first = scene.page(f"{address}/pupils?state=unanswered")
    second = scene.page(f"{address}/pupils?state=unanswered&page=2")

    assert "56 pupils" in first
    assert 'href="?state=unanswered&amp;page=2"' in first
    assert len(re.findall(r"/invitations/[^/]*\">", first)) == 50
    assert len(re.findall(r"/invitations/[^/]*\">", second)) == 6


# Steering


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        (["pause"], CampaignState.PAUSED),
        (["pause", "resume"], CampaignState.SENDING),
        (["cancel"], CampaignState.CANCELLED),
        (["pause", "close"], CampaignState.CLOSED),
    ],
)
def test_a_campaign_is_steered_by_pages_that_ask_first(
    scene: Scene, steps: list[str], state: CampaignState
) -> None:
    address = scene.launched()

    for step in steps:
        page = scene.page(f"{address}/{step}")
        assert "What happens" in page
        assert "What stays" in page
        assert scene.take(f"{address}/{step}").status_code == 303

    assert scene.campaign(address).state is state


def test_pressing_twice_pauses_once_and_complains_of_nothing(scene: Scene) -> None:
    address = scene.launched()
    again = {"page": f"{address}/close", "action": f"{address}/pause"}

    assert scene.take(f"{address}/pause").status_code == 303
    assert submit(scene.leader, **again).status_code == 303

    assert scene.campaign(address).state is CampaignState.PAUSED


def test_what_a_campaign_has_left_behind_is_refused_with_words(scene: Scene) -> None:
    address = scene.launched()
    other = scene.draft()
    scene.take(f"{address}/close")

    answer = submit(scene.leader, f"{other}/launch", f"{address}/pause")

    assert answer.status_code == 409
    assert "This campaign is closed" in answer.text


# Isolation


@pytest.mark.parametrize(
    "page",
    [
        "",
        "/progress",
        "/audience",
        "/pupils",
        "/preview/mail",
        "/preview/mail.html",
        "/preview/questionnaire",
        "/launch",
        "/pause",
        "/resume",
        "/close",
        "/cancel",
        "/discard",
        "/resend/unknown",
        "/invitations/00000000-0000-4000-8000-000000000001",
        "/invitations/00000000-0000-4000-8000-000000000001/new-link",
        "/invitations/00000000-0000-4000-8000-000000000001/address",
    ],
)
def test_another_school_finds_nothing(scene: Scene, page: str) -> None:
    address = scene.launched()
    stranger = signed_in(scene.app, make_school(scene.wired.sessions))

    assert stranger.get(f"{address}{page}").status_code == 404


@pytest.mark.parametrize("step", ["launch", "test-send", "pause", "cancel", "resend/unknown"])
def test_another_school_changes_nothing(scene: Scene, step: str) -> None:
    address = scene.launched()
    other = make_school(scene.wired.sessions)
    with transaction(scene.wired.sessions, other.id) as session:
        make_pupil(session)
    stranger = signed_in(scene.app, other)

    answer = submit(stranger, f"{LIST}/new", f"{address}/{step}")

    assert answer.status_code == 404
    assert scene.campaign(address).state is CampaignState.SENDING
