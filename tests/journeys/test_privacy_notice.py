"""The privacy notice: names the school to whoever comes by a link, and promises what the code does."""

from collections.abc import Callable

import pytest

from outreach.audit import OPERATOR
from outreach.campaigns import steering
from outreach.campaigns.models import Link
from outreach.pupils.sync.switching import switch_sharing
from outreach.schools.contacts import ContactDetails, change_contacts
from outreach.schools.models import Role
from outreach.schools.purposes import DataItem, Purpose, table
from outreach.schools.sharing import SharingChanges
from outreach.schools.staffing import staff_member
from outreach.schools.switches import switch_names
from tests.contract.catching import Catcher
from tests.factories import run_workers
from tests.journeys.dsl import Launched, statements_of, writes

CONTACTS = ContactDetails(
    careers_name="Careers office",
    careers_email="careers@hill-test-school.example",
    protection_name="Trust data protection officer",
    protection_email="dpo@hill-test-school.example",
    protection_phone="020 7946 0000",
    notice_url="https://hill-test-school.example/privacy",
)
NAMED = "Hill Test School is the controller"


@pytest.fixture
def with_contacts(launched: Launched) -> Launched:
    with launched.in_school() as session:
        change_contacts(session, CONTACTS, OPERATOR, launched.clock())
    return launched


def test_the_notice_of_a_link_names_the_school_and_its_contacts_and_no_pupil(
    with_contacts: Launched,
) -> None:
    page = with_contacts.browser().open()

    page.get(page.link_of("full privacy notice"))

    assert page.path == f"{with_contacts.link}/privacy"
    for said in (
        NAMED,
        "Careers office, careers@hill-test-school.example",
        "Trust data protection officer, dpo@hill-test-school.example",
        "020 7946 0000",
        "https://hill-test-school.example/privacy",
    ):
        assert said in page.words
    for name in ("Robin", "Ashdown"):
        assert name not in page.text
    assert page.get(page.link_of("Back")).heading != "Privacy notice"


def test_the_notice_names_codes_help_own_questions_and_feedback(with_contacts: Launched) -> None:
    page = with_contacts.browser().open()
    page.get(page.link_of("full privacy notice"))
    for said in (
        "Your school may add questions of its own; it has to say that none of them asks about",
        "If your school gives you a slip with a code: the code, locked away",
        "If a member of staff opens the questions beside you: who it was and when.",
        "how easy it was, that is counted without your name, and your school cannot see who said what",
        "to give out slips with codes",
    ):
        assert said in page.words


def test_reading_the_notice_changes_nothing(with_contacts: Launched) -> None:
    with statements_of(with_contacts) as statements:
        for address in (with_contacts.link, with_contacts.stop_link):
            for method in ("GET", "HEAD"):
                client = with_contacts.app.test_client()
                assert client.open(f"{address}/privacy", method=method).status_code == 200

    assert statements
    assert not writes(statements)


def test_without_contacts_the_notice_of_a_link_says_where_to_ask(launched: Launched) -> None:
    page = launched.browser().get(f"{launched.link}/privacy")

    assert NAMED in page.words
    assert "ask your careers leader or tutor at Hill Test School" in page.words


def test_the_notice_outlives_the_link_and_the_campaign(launched: Launched) -> None:
    launched.change(Link, launched.link_id, revoked_at=launched.clock())
    with launched.in_school() as session:
        steering.close(session, launched.campaign_id, OPERATOR, launched.clock())

    gone = launched.browser().open()

    assert gone.status == 410
    assert NAMED in gone.get(gone.link_of("Privacy notice")).words


def test_a_tampered_link_has_no_notice_but_the_general_one(launched: Launched) -> None:
    page = launched.browser()

    for address in (f"{launched.link[:-2]}xx", f"/q/{launched.stop_link.rpartition('/')[2]}"):
        assert page.get(f"{address}/privacy").status == 404
        assert page.heading == "This link does not work"
    assert page.get(launched.link[:-2]).status == 404
    assert page.link_of("Privacy notice") == "/privacy"


def test_while_answering_the_notice_names_the_school_and_no_url_holds_the_token(
    with_contacts: Launched,
) -> None:
    student = with_contacts.browser().start()

    student.get(student.link_of("Privacy notice"))

    assert student.path == "/answer/privacy"
    assert NAMED in student.words
    assert "dpo@hill-test-school.example" in student.words
    assert with_contacts.token not in student.text
    assert student.get(student.link_of("Back")).heading == "Met?"


@pytest.mark.parametrize("end", ["idle", "nobody"])
def test_without_a_visit_under_way_the_notice_is_the_general_one(
    launched: Launched, end: str
) -> None:
    student = launched.browser().start() if end == "idle" else launched.browser()
    launched.clock.turn(minutes=61)

    page = student.get("/answer/privacy")

    assert page.status == 200
    assert "Your school is the controller" in page.words
    assert "Hill Test School" not in page.text


def test_reading_the_notice_does_not_prolong_a_visit(launched: Launched) -> None:
    student = launched.browser().start()
    launched.clock.turn(minutes=50)
    student.get("/answer/privacy")
    launched.clock.turn(minutes=11)

    assert student.get("/answer/met").status == 403


def test_the_mail_leads_to_the_notice_that_names_the_school(
    launch: Callable[..., Launched], mailbox: Catcher
) -> None:
    launched = launch("gcse")
    run_workers(launched.parts)
    links = [mail.text.split("How your data is used: ")[1].split()[0] for mail in mailbox.mails]

    assert len(links) == 2
    for link in links:
        assert NAMED in launched.browser().get(link.partition("8000")[2]).words


def test_the_general_notice_names_no_school(launched: Launched) -> None:
    assert "Hill Test School" not in launched.browser().get("/privacy").text


def from_records(words: str) -> tuple[str, str]:
    """What the notice says is kept from the school's records, and what it says is not."""
    kept = words.split("from your school’s records")[1].partition("from you ")[0]
    given, _, refused = kept.partition("we do not keep ")
    return given, refused


def test_the_general_notice_says_all_that_the_table_says(launched: Launched) -> None:
    words = launched.browser().get("/privacy").words.lower()
    given, refused = from_records(words)
    rules = table()

    assert not refused
    assert "if your school chooses to share them: special educational needs" in given
    for item in DataItem:
        assert rules.items[item].to_students.lower() in given, item
    for purpose in Purpose:
        assert rules.purposes[purpose].to_students.lower() in words, purpose
    assert "never decide who is asked to answer" in words


def test_a_schools_notice_says_what_that_school_shares_and_no_more(launched: Launched) -> None:
    def notice() -> str:
        return launched.browser().get(f"{launched.link}/privacy").words.lower()

    comparing = table().purposes[Purpose.COMPARING_GROUPS].to_students
    assert "hill test school also shares: special educational needs, free school meals" in notice()
    assert "hill test school has switched the use of home addresses on" in notice()
    off = {name: False for name in switch_names() if name != "item.sen"}
    with launched.in_school() as session:
        by = staff_member(session, launched.school.staff[Role.ADMIN])
        changes = SharingChanges(home_email=False, switches=off | {"purpose.guiding_pupil": True})
        switch_sharing(session, changes, by, launched.clock())

    words = notice()
    given, refused = from_records(words)
    assert "hill test school also shares: special educational needs." in given
    assert "free school meals, pupil premium, ethnicity or first language" in refused
    assert "school email address" in given
    assert "home email address" not in given
    assert "hill test school has switched the use of home addresses off" in words
    assert comparing not in words
    assert "to prepare guidance for you: your special educational needs." in words


@pytest.mark.parametrize("page", ["/privacy", ""])
def test_no_time_is_promised_that_nothing_keeps(launched: Launched, page: str) -> None:
    """Until the service deletes by itself: then these words, and this test, change with it."""
    words = launched.browser().get(page or launched.link).words

    assert "Your school decides how long" in words
    assert "It can delete" in words
    assert "three years" not in words


def test_the_notice_says_what_a_tutor_sees(launched: Launched) -> None:
    words = launched.browser().get("/privacy").words

    assert "They do not see your answers or your profile" in words
