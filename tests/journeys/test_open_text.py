"""Free text: asked only with care, and every word of it put before the safeguarding lead."""

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from outreach.answering.safeguarding import reading
from outreach.answering.safeguarding.models import SafeguardingAct, SafeguardingFlag
from outreach.answering.safeguarding.raising import LEFT_FOR
from outreach.answering.safeguarding.telling import next_morning, tell_waiting
from outreach.answering.safeguarding.urgency import is_urgent
from outreach.audit import OPERATOR, AuditEvent
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.launching import launch as launch_campaign
from outreach.database import transaction
from outreach.errors import Refusal
from outreach.privacy.deleting import what_is_held
from outreach.privacy.erasing import erase_pupils
from outreach.schools.models import AccountMail, AccountMailKind, AccountMailState, Role
from outreach.schools.staffing import end_membership, staff_member
from tests.contract.catching import Catcher
from tests.factories import make_pupil, make_school, run_workers, signed_in
from tests.journeys.dsl import BOTH_MODES, Launched

pytestmark = BOTH_MODES
Launch = Callable[..., Launched]
LIST = "/staff/safeguarding"
ORDINARY, GRAVE = "I like to draw.", "My uncle hits me and I am scared."


def flags(launched: Launched) -> list[SafeguardingFlag]:
    with launched.in_school() as session:
        return list(session.scalars(select(SafeguardingFlag).order_by("question_id")))


def calls_to_read(launched: Launched) -> int:
    """Mails to the safeguarding lead in the outbox."""
    with launched.in_school() as session:
        mine = select(AccountMail).where(
            AccountMail.school_id == launched.school.id,
            AccountMail.kind == AccountMailKind.SAFEGUARDING,
        )
        return len(session.scalars(mine).all())


def lose_mail(launched: Launched) -> None:
    with launched.in_school() as session:
        session.execute(
            update(AccountMail)
            .where(AccountMail.school_id == launched.school.id)
            .values(state=AccountMailState.FAILED)
        )


def reader(launched: Launched, role: Role = Role.SAFEGUARDING) -> FlaskClient:
    return signed_in(launched.app, launched.school, role)


def act(client: FlaskClient, address: str, **fields: str):
    page = client.get(address).text
    hidden = dict(re.findall(r'name="(csrf_token|written_at)" value="([^"]+)"', page))
    return client.post(address, data={**hidden, **fields})


def test_a_box_says_who_reads_it_and_where_to_turn_and_keeps_what_is_too_long(
    launch: Launch,
) -> None:
    launched = launch("text")
    first_page = launched.browser().open()
    assert "keeps students safe reads what you write there" in first_page.words
    student = launched.browser().start()

    assert "reads what you write here, even if you do not send your answers" in student.words
    assert "Childline on 0800 1111" in student.words
    assert "SHOUT to 85258" in student.words
    assert "call 999" in student.words
    assert "You can write up to 20 characters" in student.words
    long = "twenty-one letters ok"
    student.answer(long)
    assert student.status == 422
    assert "Your answer is 21 characters long. Make it 20 or fewer" in student.words
    assert f'value="{long}"' in student.text, "nothing that was typed is lost"


def test_what_is_sent_is_read_by_the_lead_and_marked(launch: Launch) -> None:
    launched = launch("text")
    student = launched.browser().start()
    student.answer("Baker").answer(f"{ORDINARY}\nA second line.")
    assert reader(launched).get(LIST).text.count("Read<") == 0, "half-written thoughts are nobody's"
    student.submit()
    assert student.heading == "Your answers have been sent"
    assert calls_to_read(launched) == 0, "what is not urgent waits for the morning"

    lead = reader(launched)
    listed = lead.get(LIST).text
    assert listed.count("Robin Ashdown") >= 2
    assert ORDINARY not in listed
    box = next(flag for flag in flags(launched) if flag.question_id == "box")
    page = lead.get(f"{LIST}/{box.id}")
    assert "I like to draw." in page.text
    assert "Several lines?" in page.text
    assert act(lead, f"{LIST}/{box.id}", note="n" * 501).status_code == 400
    assert act(lead, f"{LIST}/{box.id}", note="In our records").status_code == 303

    after = next(flag for flag in flags(launched) if flag.question_id == "box")
    assert after.seen_at == launched.clock()
    admin = reader(launched, Role.ADMIN)
    assert act(admin, f"{LIST}/{box.id}", note="Parents told").status_code == 303
    both = lead.get(f"{LIST}/{box.id}").text
    for words in ("In our records", "Parents told", "Test safeguarding", "Test admin"):
        assert words in both, "no act takes the place of another"
    with launched.in_school() as session:
        did = list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.at)))
    assert "safeguarding.read" in did
    assert did.count("safeguarding.acted") == 2
    assert reader(launched, Role.ADMIN).get(f"{LIST}/{box.id}").status_code == 200
    assert reader(launched, Role.CAREERS_LEADER).get(LIST).status_code == 403


def test_urgent_words_are_mailed_at_once_without_a_name_or_a_word_of_it(
    launch: Launch, mailbox: Catcher
) -> None:
    launched = launch("text")
    launched.clock.turn(minutes=-10)
    student = launched.browser().start().skip().answer(GRAVE)

    assert student.path == "/answer/check"
    assert [(flag.is_urgent, flag.question_id) for flag in flags(launched)] == [(True, "box")]
    assert calls_to_read(launched) == 1
    for more in (" Please.", " Please!", " Please!", ""):
        student.change("box").answer(GRAVE + more)
    assert calls_to_read(launched) == 1, "one that waits says it all"
    run_workers(launched.parts)
    student.change("box").answer(GRAVE + " Please.")
    assert calls_to_read(launched) == 1, "not two within ten minutes"
    launched.clock.turn(minutes=10)
    with launched.in_school() as session:
        assert tell_waiting(session, launched.clock()) == 1
    student.submit()
    assert calls_to_read(launched) == 2
    run_workers(launched.parts)
    mails = mailbox.sent_to(launched.school.emails[Role.SAFEGUARDING])
    assert len(mails) == 2
    for mail in mails:
        assert mail.message["Subject"] == "Please read now: something a student wrote"
        words = mail.message.as_string()
        for part in mail.message.walk():
            if part.get_content_maintype() == "text":
                words += part.get_content()
        assert "/staff/safeguarding" in words
        for secret in ("Robin", "Ashdown", "uncle", "Spring"):
            assert secret not in words

    lead = reader(launched)
    assert "Read now" in lead.get(LIST).text
    (flag,) = flags(launched)
    assert act(lead, f"{LIST}/{flag.id}", note="").status_code == 303
    assert "Nothing waits to be read" in lead.get(LIST).text


def test_what_was_saved_and_left_for_a_day_is_read_too_and_told_once_in_the_morning(
    launch: Launch,
) -> None:
    launched = launch("text")
    launched.clock.turn(hours=-23)
    launched.browser().start().answer("Baker")
    launched.clock.turn(hours=23)
    lead = reader(launched)
    assert "Nothing waits to be read" in lead.get(LIST).text
    (kept,) = flags(launched)
    assert kept.opens_at - kept.written_at == LEFT_FOR
    ago = launched.clock() - timedelta(hours=1)
    launched.change(SafeguardingFlag, kept.id, opens_at=ago, call_at=ago)

    assert "Saved, not sent" in lead.get(LIST).text
    with launched.in_school() as session:
        assert tell_waiting(session, launched.clock()) == 1
    with launched.in_school() as session:
        assert tell_waiting(session, launched.clock()) == 0
    assert calls_to_read(launched) == 1

    student = launched.browser().start()
    student.prove(14, 3).change("line").skip()
    (flag,) = flags(launched)
    page = lead.get(f"{LIST}/{flag.id}").text
    assert "has taken it out" in page
    assert "Baker" in page

    lose_mail(launched)
    for day in (1, 2):
        launched.clock.turn(days=1)
        with launched.in_school() as session:
            assert tell_waiting(session, launched.clock()) == 1, "each morning until it is read"
        with launched.in_school() as session:
            assert tell_waiting(session, launched.clock()) == 0
        lose_mail(launched)
        assert calls_to_read(launched) == 1 + day
    launched.clock.turn(days=-2)  # or the lead would have to sign in again
    assert "has not been delivered" in lead.get(LIST).text


def test_what_is_taken_out_before_anybody_was_told_is_gone(launch: Launch) -> None:
    launched = launch("text")
    launched.browser().start().answer("Baker").change("line").skip()

    assert flags(launched) == []


def test_nothing_that_a_student_does_later_hides_a_grave_text_or_what_was_done(
    launch: Launch,
) -> None:
    launched = launch("text")
    student = launched.browser().start().skip().answer(GRAVE)
    lead = reader(launched)
    (flag,) = flags(launched)
    address = f"{LIST}/{flag.id}"
    launched.clock.turn(seconds=5)
    student.change("box").answer("Nothing really.")
    assert "Read now" in lead.get(LIST).text
    page = lead.get(address).text
    assert GRAVE in page
    assert "Nothing really." in page
    assert act(lead, address, note="Record 7").status_code == 303

    student.change("box").answer("Nothing really.")
    assert "Nothing waits to be read" in lead.get(LIST).text, "saved as it stood, it is as it was"
    launched.clock.turn(seconds=5)
    student.change("box").answer("I am fine.")
    assert "Read now" in lead.get(LIST).text, "a text that changed waits again"
    assert "Record 7" in lead.get(address).text
    student.change("box").skip()
    page = lead.get(address).text
    for words in (GRAVE, "Nothing really.", "I am fine.", "Record 7", "As it stood before"):
        assert words in page


def test_what_waits_is_told_to_whoever_reads_after_a_lead_has_left(
    launch: Launch, mailbox: Catcher
) -> None:
    launched = launch("text")
    launched.browser().start().skip().answer(GRAVE)
    with launched.in_school() as session:
        leaving = staff_member(session, launched.school.staff[Role.SAFEGUARDING])
        end_membership(session, leaving, launched.clock(), actor=OPERATOR)
    run_workers(launched.parts)
    run_workers(launched.parts)

    assert mailbox.sent_to(launched.school.emails[Role.SAFEGUARDING]) == []
    assert len(mailbox.sent_to(launched.school.emails[Role.ADMIN])) == 1


def test_words_saved_between_a_look_and_its_mark_are_not_marked(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched = launch("text")
    student = launched.browser().start().skip().answer("Scared.")
    lead, (flag,) = reader(launched), flags(launched)
    page = lead.get(f"{LIST}/{flag.id}").text
    hidden = dict(re.findall(r'name="(csrf_token|written_at)" value="([^"]+)"', page))
    find = reading._find

    def find_and_let_the_student_save(*arguments: Any) -> Any:
        row = find(*arguments)
        monkeypatch.setattr(reading, "_find", find)
        launched.clock.turn(seconds=1)
        saving = threading.Thread(target=lambda: student.change("box").answer(GRAVE))
        saving.start()
        saving.join()
        return row

    monkeypatch.setattr(reading, "_find", find_and_let_the_student_save)
    refused = lead.post(f"{LIST}/{flag.id}", data=hidden)
    print(
        student.status, student.path, launched.stored, flags(launched)[0].__dict__, refused.headers
    )
    assert refused.status_code == 400
    assert flags(launched)[0].seen_at is None


def test_a_pupil_is_not_erased_while_a_text_of_theirs_is_unread(launch: Launch) -> None:
    launched = launch("text")
    launched.browser().start().skip().answer(GRAVE)

    with pytest.raises(Refusal, match="read yet: 1"), launched.in_school() as session:
        erase_pupils(session, [launched.pupil_id], OPERATOR, launched.clock())
    with launched.in_school() as session:
        assert what_is_held(session).unread_texts == 1
    lead, (flag,) = reader(launched), flags(launched)
    assert act(lead, f"{LIST}/{flag.id}").status_code == 303
    with launched.in_school() as session:
        assert erase_pupils(session, [launched.pupil_id], OPERATOR, launched.clock()) == 1
    assert [launched.count(table) for table in (SafeguardingFlag, SafeguardingAct)] == [0, 0]


def test_a_page_that_is_older_than_the_words_does_not_mark_them_read(launch: Launch) -> None:
    launched = launch("text")
    student = launched.browser().start().skip().answer(GRAVE)
    lead = reader(launched)
    (flag,) = flags(launched)
    page = lead.get(f"{LIST}/{flag.id}").text
    hidden = dict(re.findall(r'name="(csrf_token|written_at)" value="([^"]+)"', page))
    launched.clock.turn(seconds=5)
    student.change("box").answer("He hurt me again, hurts me.")

    refused = lead.post(f"{LIST}/{flag.id}", data=hidden)

    assert refused.status_code == 400
    assert "has changed what they wrote" in refused.text
    assert flags(launched)[0].seen_at is None


def test_a_questionnaire_with_a_box_needs_a_lead_to_be_launched(
    launch: Launch, launched: Launched
) -> None:
    parts = launched.parts
    school = make_school(parts.sessions, Role.CAREERS_LEADER)

    def asked(questionnaire: str) -> None:
        with transaction(parts.sessions, school.id) as session:
            campaign = create_campaign(
                session,
                parts.library,
                name=questionnaire,
                questionnaire=questionnaire,
                years=[10],
                groups=[],
                closes_on=None,
                created_by=None,
                now=launched.clock(),
            )
            launch_campaign(session, campaign.id, OPERATOR, launched.clock())

    with transaction(parts.sessions, school.id) as session:
        make_pupil(session, year=10)
    with pytest.raises(Refusal, match="Safeguarding lead"):
        asked("text")
    asked("choice")


def test_results_for_a_cohort_have_no_open_text_and_only_single_responses_do(
    launch: Launch,
) -> None:
    launched = launch("text")
    launched.browser().start().answer("Zebrawood").answer(ORDINARY).submit()
    results = f"/staff/campaigns/{launched.campaign_id}/results"

    leader = reader(launched, Role.CAREERS_LEADER)
    assert "Zebrawood" not in leader.get(results).text
    assert "Zebrawood" in leader.get(f"{results}.csv").text
    for role in (Role.SAFEGUARDING,):
        assert reader(launched, role).get(results).status_code == 403
        assert reader(launched, role).get(f"{results}.csv").status_code == 403


def test_words_of_every_language_are_found_and_parts_of_other_words_are_not(launch: Launch) -> None:
    grave = (
        "SUICIDAL|Boję się|Boje sie|nie chce zyc|я боюся|б’є мене|бє мене|خودکشی|خود کشی"
        "|خود\u200cکشی|hunanladd|I want to end my life|I don’t want to live|dont want to live"
        "|i wanna die|I harm myself|I cut my arms|unalive|kys|he hurt me|dad beat me|He punches me"
        "|asked me to send nudes|I was molested|I don't feel safe|K\u00adILL|ｋｉｌｌ|kíll|self–harm"
        "|An assault on the assault course"
    )
    for text in (GRAVE, *grave.split("|")):
        assert is_urgent(text), text
    for text in (
        ORDINARY,
        "My skills",
        "Please help me choose by the deadline",
        "A dietitian",
        "We did the Assault  course",
    ):
        assert not is_urgent(text), text


def test_the_morning_is_half_past_seven_in_london_in_summer_and_winter(launch: Launch) -> None:
    assert next_morning(datetime(2026, 7, 1, 6, 0, tzinfo=UTC)) == datetime(
        2026, 7, 1, 6, 30, tzinfo=UTC
    )
    assert next_morning(datetime(2026, 7, 1, 6, 31, tzinfo=UTC)).day == 2
    assert next_morning(datetime(2026, 10, 24, 12, 0, tzinfo=UTC)) == datetime(
        2026, 10, 25, 7, 30, tzinfo=UTC
    )
