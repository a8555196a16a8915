"""Words of a campaign's mails: changed within what is checked, seen as any pupil, tried out, told."""

from datetime import timedelta
from html import unescape
from uuid import uuid4

from flask import Flask
from sqlalchemy import select, update

from outreach import queues, web
from outreach.audit import OPERATOR, AuditEvent
from outreach.campaigns.digests import tell_tutors
from outreach.campaigns.models import Campaign, Message
from outreach.campaigns.reminder_models import CampaignWords
from outreach.campaigns.reminding import queue_step
from outreach.campaigns.states import MessageStep
from outreach.database import transaction
from outreach.pupils.limiting import limit_to_groups
from outreach.pupils.models import RosterGroup
from outreach.queues import Work
from outreach.schools.models import AccountMail, AccountMailKind, Role, StaffMember
from tests.answered import answer_and_submit, launch_campaign
from tests.contract.catching import Catcher
from tests.factories import make_pupil, make_school, put_in_group, run_workers, signed_in
from tests.journeys.staff_pages import submit

OWN = {
    "subject": "{first_name}, a word from {school}",
    "body": "Dear <b>{first_name}</b> & all,\nplease answer {questionnaire}.\n\n{link}\n\nUntil {closes_on}!",
}


def test_the_schools_own_words_are_what_is_previewed_tried_and_sent(
    app: Flask, wired: web.Parts, mailbox: Catcher
) -> None:
    school, other = (
        make_school(wired.sessions, Role.CAREERS_LEADER, Role.VIEWER),
        make_school(wired.sessions),
    )
    with transaction(wired.sessions, other.id) as session:
        theirs = make_pupil(session).id
    with transaction(wired.sessions, school.id) as session:
        ann = make_pupil(session, forename="Ann", surname="Oake", work="ann@hill.example").id
        campaign_id = launch_campaign(session, wired.library, wired.clock())
    careers = signed_in(app, school)
    words = f"/staff/campaigns/{campaign_id}/words/reminder_1"
    preview = f"/staff/campaigns/{campaign_id}/preview/mail?step=reminder_1"

    refused = submit(careers, words, subject="{link}", body="No link, {nickname}")
    assert refused.status_code == 400
    said = unescape(refused.text)
    for told in (
        "{link} cannot stand in the subject",
        "“{nickname}” is not known",
        "Put {link} where",
    ):
        assert told in said
    assert "No link, {nickname}" in said, "what was typed is still there"

    assert submit(careers, words, **OWN).status_code == 303
    assert submit(careers, words, **OWN).status_code == 303, "saved twice, it changes once"
    shown = unescape(careers.get(preview).text)
    assert "Sam, a word from Hill Test School" in shown
    assert "Your school’s own" in shown
    assert "Until" not in shown, "its paragraph is left out: there is no closing date"
    found = careers.get(f"{preview}&find=oak").text
    assert f"pupil={ann}" in found
    assert "Nobody of that name" in careers.get(f"{preview}&find=zzz").text
    assert "Dear <b>Ann</b> & all" in unescape(careers.get(f"{preview}&pupil={ann}").text)
    html = careers.get(
        f"/staff/campaigns/{campaign_id}/preview/mail.html?step=reminder_1&pupil={ann}"
    )
    assert "Dear &lt;b&gt;Ann&lt;/b&gt; &amp; all,<br>please answer" in html.text
    for nobody in (theirs, uuid4(), "x"):
        assert careers.get(f"{preview}&pupil={nobody}").status_code == 404
    assert careers.get(preview.replace("reminder_1", "copy")).status_code == 404
    assert signed_in(app, school, Role.VIEWER).get(words).status_code == 403

    submit(careers, preview, f"/staff/campaigns/{campaign_id}/test-send", step="reminder_1")
    run_workers(wired)
    test = mailbox.sent_to(school.emails[Role.CAREERS_LEADER])[0]
    assert test.message["Subject"] == "[Test] Sam, a word from Hill Test School"
    with transaction(wired.sessions, school.id) as session:
        campaign = session.get_one(Campaign, (school.id, campaign_id))
        tomorrow = wired.clock() + timedelta(days=1)
        assert queue_step(session, campaign, MessageStep.REMINDER_1, tomorrow) == 1
        session.execute(update(Message).values(next_attempt_at=wired.clock()))
        queues.call_for(session, school.id, Work.DELIVER, wired.clock())
    run_workers(wired)
    reminder = mailbox.sent_to("ann@hill.example")[-1]
    assert reminder.message["Subject"] == "Ann, a word from Hill Test School"
    assert "Dear <b>Ann</b> & all,\nplease answer" in reminder.text.replace("\r", "")
    assert 'choose "I do not want to answer"' in reminder.text, "this part stays as it is"

    assert submit(careers, words, do="usual").status_code == 303
    assert "The usual ones" in careers.get(preview).text
    with transaction(wired.sessions, school.id) as session:
        assert session.scalars(select(CampaignWords)).all() == []
        changes = select(AuditEvent).where(AuditEvent.action == "campaign.words_changed")
        assert [one.detail for one in session.scalars(changes)] == [{"step": "reminder_1"}] * 2


def test_tutors_are_mailed_how_many_of_their_groups_are_missing_and_no_name(
    app: Flask, wired: web.Parts, mailbox: Catcher
) -> None:
    school = make_school(wired.sessions, Role.CAREERS_LEADER, Role.VIEWER)
    tutor = school.emails[Role.VIEWER]
    with transaction(wired.sessions, school.id) as session:
        pupils = [make_pupil(session, forename=name, surname="Zelkova") for name in "ABC"]
        ids = [one.id for one in pupils]
        group = session.get_one(RosterGroup, (school.id, put_in_group(session, "10A", *ids[:2])))
        campaign_id = launch_campaign(session, wired.library, wired.clock())
        member = session.get_one(StaffMember, (school.id, school.staff[Role.VIEWER]))
        campaign = session.get_one(Campaign, (school.id, campaign_id))
        assert tell_tutors(session, campaign, wired.clock()) == 0, "a viewer of the whole school"
        limit_to_groups(session, member, [group], wired.clock(), actor=OPERATOR)
        assert tell_tutors(session, campaign, wired.clock()) == 1
    run_workers(wired)
    (mail,) = mailbox.sent_to(tutor)
    assert mail.message["Subject"] == "2 of 2 in your groups have not answered yet"
    assert "10A" in mail.text
    assert "Zelkova" not in mail.message.as_string()
    listed = signed_in(app, school, Role.VIEWER).get(
        mail.link.removeprefix("http://127.0.0.1:8000")
    )
    assert listed.text.count("Zelkova") >= 2

    with transaction(wired.sessions, school.id) as session:
        campaign = session.get_one(Campaign, (school.id, campaign_id))
        assert tell_tutors(session, campaign, wired.clock()) == 1
        for pupil_id in ids[:2]:
            answer_and_submit(session, wired.library, campaign_id, pupil_id, wired.clock())
        assert tell_tutors(session, campaign, wired.clock()) == 0, "nobody is left to chase"
    run_workers(wired)
    assert len(mailbox.sent_to(tutor)) == 1
    with transaction(wired.sessions) as session:
        digests = select(AccountMail).where(AccountMail.kind == AccountMailKind.DIGEST)
        last = session.scalars(digests.order_by(AccountMail.queued_at.desc())).first()
        assert (
            last.words == "Everybody in these groups had answered when this digest was to be made."
        )
