"""A school's own questions: written, checked, previewed, stored, asked, exported; never changed."""

import csv
import io
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from html import unescape
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError

from outreach import web
from outreach.answering.models import Mode
from outreach.audit import OPERATOR, AuditEvent
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.launching import begin_sending, launch, write_next_block
from outreach.campaigns.models import CampaignQuestionnaire, Invitation, Link
from outreach.campaigns.own import library as own_library
from outreach.campaigns.own.library import NotAsStored, of_school
from outreach.campaigns.own.models import SchoolQuestionnaire
from outreach.campaigns.own.retiring import delete_unused, let_stand_in
from outreach.campaigns.pinning import NotInstalled, definitions_of
from outreach.cli.context import CommandContext
from outreach.cli.questionnaire import questionnaire as command
from outreach.clock import now
from outreach.database import transaction
from outreach.errors import Refusal
from outreach.profiles.models import Result
from outreach.schools.models import Role
from tests.answered import answer_and_submit
from tests.factories import MadeSchool, make_pupil, make_school, run_workers, signed_in
from tests.journeys.dsl import BOTH_MODES, Launched, TurnedClock, statements_of

LIST = "/staff/questionnaires"
FORM = f"{LIST}/questions"
LOAD = f"{LIST}/load"
OWN = (Path(__file__).parents[1] / "definitions" / "extra" / "own.yaml").read_text("utf-8")
FAIR = {
    "extends": ["gcse"],
    "title": "Our careers fair",
    "text-0": "The careers fair helped me.",
    "kind-0": "agree",
    "options-0": "",
    "text-1": "Which stalls did you like?",
    "kind-1": "choices",
    "options-1": "Army\nBakery\nCollege",
}


@pytest.fixture
def school(wired: web.Parts) -> MadeSchool:
    made = make_school(wired.sessions, Role.CAREERS_LEADER, Role.VIEWER)
    with transaction(wired.sessions, made.id) as session:
        make_pupil(session, year=10)
    return made


@pytest.fixture
def leader(app: Flask, school: MadeSchool) -> FlaskClient:
    return signed_in(app, school)


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    """Each test reads from its own database."""
    own_library._kept.clear()
    yield
    own_library._kept.clear()


def token(client: FlaskClient, page: str = LIST) -> dict[str, str]:
    text = client.get(FORM).text
    return {"csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', text)[1]}  # type: ignore[index]


def press(client: FlaskClient, address: str, fields: dict[str, object]):
    return client.post(address, data=token(client) | fields)


def store(client: FlaskClient, preview: str, **fields: object):
    """Press the button of the preview, with whatever the page carries, and its box ticked."""
    ticked = {"asks_nothing_guarded": "yes"}
    return client.post(f"{LIST}/store", data={**carried(preview), **ticked, **fields})


def carried(preview: str) -> dict[str, object]:
    """The hidden fields of the preview's form, with all values of each."""
    form = preview[preview.index(f'action="{LIST}/store"') :]
    kept: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
        kept.setdefault(name, []).append(unescape(value))
    return dict(kept)


def add_fair(client: FlaskClient, **changed: object) -> str:
    """The address of what was stored."""
    preview = press(client, FORM, FAIR | changed)
    assert preview.status_code == 200, preview.text
    stored = store(client, preview.text, licence="own_words")
    assert stored.status_code == 303, stored.text
    return stored.headers["Location"]


def test_the_preview_warns_of_a_question_to_agree_with_and_keeps_its_headings_in_order(
    leader: FlaskClient,
) -> None:
    asks = press(leader, FORM, FAIR | {"text-0": "Was the fair useful?"}).text
    says = press(leader, FORM, FAIR).text

    assert "“Was the fair useful?” is a question" in asks
    assert "Which stalls did you like?” is a question" not in asks
    assert "is a question" not in says
    levels = [int(level) for level in re.findall(r"<h([1-6])", says[says.index("<main") :])]
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
    assert re.search(r"<h4>\d+\. The careers fair helped me", says)


def launched_campaign(
    app: Flask, school: MadeSchool, id: str, mode: Mode = Mode.PAGES, pupils: int = 1
) -> Launched:
    parts: web.Parts = app.extensions["outreach"]
    with transaction(parts.sessions, school.id) as session:
        made = [make_pupil(session, year=10).id for _ in range(pupils)]
        campaign = create_campaign(
            session, parts.library, name="Own", questionnaire=id, years=[10], groups=[],
            closes_on=None, created_by=None, now=now(),
        )  # fmt: skip
        campaign_id = campaign.id
        launch(session, campaign_id, OPERATOR, now())
    with transaction(parts.sessions, school.id) as session:
        while write_next_block(session, now()):
            pass
        begin_sending(session, now())
        asked = select(Invitation.id).where(
            Invitation.campaign_id == campaign_id, Invitation.pupil_id == made[0]
        )
        invitation = session.scalars(asked).one()
        link = session.scalars(select(Link.id).where(Link.invitation_id == invitation)).one()
    return Launched(app, TurnedClock(), school, made[0], campaign_id, invitation, link, mode=mode)


def test_a_file_made_to_break_the_page_is_told_its_faults_and_a_base_counts_once(
    leader: FlaskClient,
) -> None:
    for content in ("id: own_x\nquestions: !!set {a}\n", "1: 2\n", 'id: "own_\\0"\n'):
        for base in ("gcse", ""):
            told = press(leader, LOAD, {"extends": base, "paste": content})
            assert told.status_code == 422
            assert ">The text, line " in told.text
    many = press(leader, LOAD, {"extends": "", "paste": "".join(f"k{i}: a\n" for i in range(9000))})
    assert many.status_code == 422
    assert "are not listed" in many.text
    preview = press(leader, LOAD, {"extends": "gcse", "paste": OWN})
    again = store(leader, preview.text, licence="own_words", extends=["gcse"] * 300)
    assert again.status_code == 303


@BOTH_MODES
def test_own_questions_are_asked_last_written_back_and_exported(
    app: Flask, wired: web.Parts, school: MadeSchool, leader: FlaskClient, mode: Mode
) -> None:
    address = add_fair(leader)
    assert address == f"{LIST}/own_gcse_our_careers_fair"
    shown = leader.get(address).text
    assert "The careers fair helped me." in shown
    assert "Agree strongly" in shown
    form = leader.get("/staff/campaigns/new").text
    assert 'value="own_gcse_our_careers_fair"' in form
    assert "Your school’s own. Written for Years 10 and 11" in form

    launched = launched_campaign(app, school, "own_gcse_our_careers_fair", mode)
    student = launched.browser().start()
    while (question := student.forms[0].question) is not None:
        student.answer(question.values[0])
    student.press()
    assert student.heading == "Your answers have been sent"
    assert launched.stored["own_the_careers_fair_helped"] == "agree_strongly"
    assert launched.stored["own_which_stalls_did_you_like"] == ["army"]

    run_workers(wired)
    with launched.in_school() as session:
        keys = set(session.scalars(select(Result.key)))
        assert "ideas" in keys  # the base's constructs, so that results follow on
        assert "own_questions" not in keys
    export = leader.get(f"/staff/campaigns/{launched.campaign_id}/results.csv").text
    said = next(csv.DictReader(io.StringIO(export.lstrip("\ufeff"), newline="")))
    assert said["questionnaire"] == "own_gcse_our_careers_fair"
    assert said["own_the_careers_fair_helped"] == "agree_strongly"
    pupil = leader.get(f"/staff/pupils/{launched.pupil_id}").text
    assert "own_gcse" not in pupil
    for page in ("", "/results", "/preview/questionnaire", "/preview/mail"):
        assert leader.get(f"/staff/campaigns/{launched.campaign_id}{page}").status_code == 200
    listed = leader.get(LIST).text
    assert "with “Our careers fair”" in listed


def test_results_count_own_answers_for_those_alone_who_may_read_single_ones(
    app: Flask, wired: web.Parts, school: MadeSchool, leader: FlaskClient
) -> None:
    add_fair(leader)
    launched = launched_campaign(app, school, "own_gcse_our_careers_fair", pupils=8)
    said = ["agree"] * 6 + ["disagree", None]
    with launched.in_school() as session:
        mine = Invitation.campaign_id == launched.campaign_id
        pupils = session.scalars(select(Invitation.pupil_id).where(mine)).all()
        library = of_school(session, wired.library)
        for pupil, answer in zip(pupils, said, strict=False):
            given = {"own_the_careers_fair_helped": answer}
            answer_and_submit(session, library, launched.campaign_id, pupil, now(), **given)
    run_workers(wired)

    address = f"/staff/campaigns/{launched.campaign_id}/results"
    page = leader.get(address).text
    assert "Your own questions" in page
    assert "The most frequent answer is “Agree”: 6 of 8 students (75%)." in page
    assert own_row(page, "Disagree") == ["1", "12%"]
    viewed = signed_in(app, school, Role.VIEWER).get(address).text
    assert "Intended destinations" in viewed
    assert "careers fair helped" not in viewed
    assert "Your own questions" not in viewed


def own_row(page: str, label: str) -> list[str]:
    part = page[page.index("Your own questions") :]
    row = re.search(rf'<th scope="row">{label}</th>(.*?)</tr>', part, re.DOTALL)
    assert row is not None
    return re.findall(r"<td[^>]*>(.*?)</td>", row[1])


def test_answering_reads_own_questions_once_a_process(
    app: Flask, school: MadeSchool, leader: FlaskClient
) -> None:
    add_fair(leader)
    launched = launched_campaign(app, school, "own_gcse_our_careers_fair")
    student = launched.browser().start()

    with statements_of(launched) as seen:
        student.answer(student.forms[0].question.values[0])  # type: ignore[union-attr]

    assert seen
    assert not [one for one in seen if "school_questionnaire" in one]


def test_what_was_changed_outside_is_told_and_never_given(
    app: Flask, wired: web.Parts, school: MadeSchool, leader: FlaskClient
) -> None:
    address = add_fair(leader)
    launched = launched_campaign(app, school, "own_gcse_our_careers_fair")
    own_library._kept.clear()
    with transaction(wired.sessions, school.id) as session:
        changed = SchoolQuestionnaire.source + "# another byte\n"
        session.execute(update(SchoolQuestionnaire).values(source=changed))

    assert "This version cannot be read" in leader.get(address).text
    assert "Cannot be read" in leader.get(LIST).text
    assert leader.get(f"/staff/campaigns/{launched.campaign_id}").status_code == 200
    with launched.in_school() as session, pytest.raises(NotInstalled, match="cannot be read"):
        definitions_of(session, wired.library, launched.campaign_id)
    assert "own_gcse" not in leader.get("/staff/campaigns/new").text
    with transaction(wired.sessions, school.id) as session, pytest.raises(NotAsStored):
        of_school(session, wired.library).latest("own_gcse_our_careers_fair")


def test_a_second_version_leaves_the_campaign_of_the_first_as_it_was(
    app: Flask, school: MadeSchool, leader: FlaskClient
) -> None:
    address = add_fair(leader)
    launched = launched_campaign(app, school, "own_gcse_our_careers_fair")
    form = leader.get(f"{FORM}?like=own_gcse_our_careers_fair").text
    assert 'name="key-0" value="own_the_careers_fair_helped"' in form
    assert "Army\nBakery\nCollege" in form
    keys = {
        "key": "own_our_careers_fair",
        "key-0": "own_the_careers_fair_helped",
        "key-1": "own_which_stalls_did_you_like",
    }

    unchanged = press(leader, FORM, FAIR | keys)
    assert unchanged.status_code == 422
    assert "stored already, as version 1" in unchanged.text
    corrected = {"text-0": "The careers fair helped me a lot."}
    assert add_fair(leader, **keys, **corrected) == address

    page = leader.get(address).text
    assert "The careers fair helped me a lot." in page
    assert "The careers fair helped me." in leader.get(f"{address}?version=1").text
    with launched.in_school() as session:
        pins = session.scalars(
            select(CampaignQuestionnaire.version).where(
                CampaignQuestionnaire.campaign_id == launched.campaign_id,
                CampaignQuestionnaire.questionnaire == "own_gcse_our_careers_fair",
            )
        ).all()
    assert pins == [1]
    preview = leader.get(f"/staff/campaigns/{launched.campaign_id}/preview/questionnaire").text
    assert "helped me a lot" not in preview
    refused = press(leader, f"{address}/delete", {"version": "1"})
    assert "A campaign gives this version" in leader.get(refused.headers["Location"]).text
    press(leader, f"{address}/delete", {"version": "2"})
    assert "helped me a lot" not in leader.get(address).text


def test_faults_are_a_table_and_nothing_is_half_done(
    leader: FlaskClient, wired: web.Parts, school: MadeSchool
) -> None:
    faulty = OWN.replace("own_came\n", "came\n", 1).replace("is: came", "is: nonsense")
    page = press(leader, LOAD, {"extends": "gcse", "paste": faulty.replace("\n", "\r\n")})

    assert page.status_code == 422
    assert "The text, line 12, question “came”" in page.text
    assert "does not begin with own_" in page.text
    assert "Write own_came, so that it can never be one of the questionnaire’s." in page.text
    assert "id: own_careers_fair" in page.text  # to be mended on the page
    for content, what in [
        (b"\xff\xfe", "It is not UTF-8"),
        (b"id: [", "It is not YAML"),
        (b"x" * 100_001, "100000 is the most"),
        (b"", "Choose a file, or paste its text below"),
    ]:
        given = {"extends": "", "file": (io.BytesIO(content), "mine.yaml")}
        page = press(leader, LOAD, given)
        assert page.status_code == 422
        assert what in page.text, (content[:10], what)
    with transaction(wired.sessions, school.id) as session:
        assert session.scalars(select(SchoolQuestionnaire)).all() == []


def test_a_whole_definition_is_loaded_with_a_word_on_its_licence(
    leader: FlaskClient, wired: web.Parts, school: MadeSchool
) -> None:
    tiny = (Path(__file__).parents[1] / "definitions" / "branches.yaml").read_bytes()
    clashing = press(leader, LOAD, {"extends": "", "file": (io.BytesIO(tiny), "mine.yaml")})
    assert "Write own_branches, so that it can never be that of a published one." in clashing.text
    held = tiny.replace(b"id: branches", b"id: own_branches", 1)
    preview = press(leader, LOAD, {"extends": "", "file": (io.BytesIO(held), "mine.yaml")})
    assert "own_branches, version 1" in preview.text

    unsaid = store(leader, preview.text)
    assert unsaid.status_code == 422
    assert "Say whose words these are" in unsaid.text
    unticked = store(leader, preview.text, licence="held", asks_nothing_guarded="")
    assert unticked.status_code == 422
    assert "tick that none of them asks for this" in unticked.text
    for page in (FORM, LOAD):
        assert "health or disability, religion or belief" in leader.get(page).text
    back = press(leader, LOAD, {**carried(unsaid.text), "do": "change"})
    assert "id: own_branches" in back.text
    stored = store(leader, unsaid.text, licence="held")

    address = stored.headers["Location"]
    assert address == f"{LIST}/own_branches"
    assert leader.get(f"{address}/source.yaml").data == held
    with transaction(wired.sessions, school.id) as session:
        event = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "questionnaire.added")
        ).one()
    assert event.detail["licence"] == "held"
    assert event.detail["asks_nothing_guarded"] is True
    assert event.actor_id is not None
    assert "Own questionnaire added" in signed_in_admin_audit(leader, school)


def signed_in_admin_audit(leader: FlaskClient, school: MadeSchool) -> str:
    return signed_in(leader.application, school, Role.ADMIN).get("/staff/audit").text


def test_of_two_put_in_place_of_the_same_base_at_once_the_later_one_stands(
    leader: FlaskClient, wired: web.Parts, school: MadeSchool
) -> None:
    """And its next version after it, and the one before where that is deleted."""
    first = add_fair(leader).removeprefix(f"{LIST}/")
    second = add_fair(leader, title="Our visit day").removeprefix(f"{LIST}/")

    def stand_in(id: str) -> None:
        with transaction(wired.sessions, school.id) as session:
            let_stand_in(session, id, OPERATOR, now(), stands_in=True)

    def standing() -> list[tuple[str, int]]:
        with transaction(wired.sessions, school.id) as session:
            assert of_school(session, wired.library).given_for("gcse").id == second
            rows = session.scalars(select(SchoolQuestionnaire).where(SchoolQuestionnaire.stands_in))
            return [(row.questionnaire, row.version) for row in rows]

    with ThreadPoolExecutor(1) as other:
        with transaction(wired.sessions, school.id) as session:
            let_stand_in(session, first, OPERATOR, now(), stands_in=True)
            meanwhile = other.submit(stand_in, second)
            wait([meanwhile], timeout=0.5)
        meanwhile.result()
    assert standing() == [(second, 1)]
    add_fair(leader, title="Our visit day", **{"text-0": "The visit day helped me."})
    assert standing() == [(second, 2)]
    press(leader, f"{LIST}/{second}/delete", {"version": "2"})
    assert standing() == [(second, 1)]


def test_what_is_retired_is_offered_no_more_and_can_stand_in_no_more(
    app: Flask, wired: web.Parts, school: MadeSchool, leader: FlaskClient
) -> None:
    address = add_fair(leader, extends=["gcse", "access"])
    id = "own_gcse_our_careers_fair"

    def pins() -> dict[str, bool]:
        with transaction(wired.sessions, school.id) as session:
            campaign = create_campaign(
                session, wired.library, name="All", questionnaire="by_stage", years=[10],
                groups=[], closes_on=None, created_by=None, now=now(),
            )  # fmt: skip
            session.flush()
            rows = session.scalars(
                select(CampaignQuestionnaire).where(
                    CampaignQuestionnaire.campaign_id == campaign.id
                )
            )
            return {row.questionnaire: row.is_supported for row in rows}

    usual = {"start": False, "ks3": False, "gcse": False, "post16": False, "access": True}
    assert pins() == usual
    press(leader, f"{address}/change", {"do": "stand_in"})
    supported = "own_access_our_careers_fair"
    press(leader, f"{LIST}/{supported}/change", {"do": "stand_in"})
    in_place = {"start": False, "ks3": False, "post16": False, id: False, supported: True}
    assert pins() == in_place
    press(leader, f"{address}/change", {"do": "stand_back"})
    press(leader, f"{LIST}/{supported}/change", {"do": "retire"})
    assert pins() == usual
    press(leader, f"{address}/change", {"do": "retire"})
    assert id not in leader.get("/staff/campaigns/new").text
    assert "it is retired" in leader.get(address).text
    press(leader, f"{address}/change", {"do": "offer"})
    assert id in leader.get("/staff/campaigns/new").text


def test_whoever_answered_the_base_this_year_is_not_asked_again_with_own_questions(
    app: Flask, wired: web.Parts, school: MadeSchool, leader: FlaskClient
) -> None:
    add_fair(leader)
    base = launched_campaign(app, school, "gcse")
    with base.in_school() as session:
        answer_and_submit(session, wired.library, base.campaign_id, base.pupil_id, now())

    own = launched_campaign(app, school, "own_gcse_our_careers_fair")

    with own.in_school() as session:
        excluded = session.scalars(
            select(Invitation.excluded_reason).where(
                Invitation.campaign_id == own.campaign_id, Invitation.pupil_id == base.pupil_id
            )
        ).one()
    assert excluded == "already_answered"


def test_a_version_is_not_deleted_while_a_campaign_is_being_made_of_it(
    wired: web.Parts, school: MadeSchool, leader: FlaskClient
) -> None:
    add_fair(leader)
    id = "own_gcse_our_careers_fair"
    with transaction(wired.sessions, school.id) as making:
        create_campaign(
            making, wired.library, name="Own", questionnaire=id, years=[10], groups=[],
            closes_on=None, created_by=None, now=now(),
        )  # fmt: skip
        with transaction(wired.sessions, school.id) as deleting:
            deleting.execute(text("SET LOCAL lock_timeout = '200ms'"))
            with pytest.raises(OperationalError, match="lock timeout"):
                delete_unused(deleting, id, 1, OPERATOR, now())
            deleting.rollback()
    with (
        pytest.raises(Refusal, match="A campaign gives this version"),
        transaction(wired.sessions, school.id) as deleting,
    ):
        delete_unused(deleting, id, 1, OPERATOR, now())


def test_another_school_sees_and_uses_nothing_of_it(
    app: Flask, wired: web.Parts, leader: FlaskClient
) -> None:
    address = add_fair(leader)
    theirs = make_school(wired.sessions)
    other = signed_in(app, theirs)

    assert other.get(address).status_code == 404
    assert other.get(f"{address}/source.yaml").status_code == 404
    assert other.get(f"{FORM}?like=own_gcse_our_careers_fair").status_code == 404
    assert press(other, f"{address}/change", {"do": "retire"}).status_code == 404
    assert "careers fair”" not in other.get(LIST).text
    assert "own_gcse" not in other.get("/staff/campaigns/new").text


def test_the_form_says_what_is_missing_and_keeps_what_was_typed(leader: FlaskClient) -> None:
    page = press(leader, FORM, {"text-0": "", "options-0": "A\nB", "title": "", "text-1": "Why?",
                                "kind-1": "choice", "options-1": "One"})  # fmt: skip
    assert page.status_code == 422
    for said in (
        "Choose at least one questionnaire from the list",
        "Enter a title",
        "Question 1 has options and no question",
        "Question 2: write at least two options",
    ):
        assert said in page.text, said
    more = press(leader, FORM, FAIR | {"text-2": "", "do": "more"}).text
    assert "Question 6" in more
    assert "Which stalls did you like?" in more
    preview = press(leader, FORM, FAIR)
    again = leader.post(FORM, data={**carried(preview.text), "do": "change"}).text
    assert "Which stalls did you like?" in again
    assert "Army\nBakery" in again


def test_the_command_line_adds_to_one_school_or_to_all(
    wired: web.Parts, tmp_path: Path, app: Flask
) -> None:
    first, second = make_school(wired.sessions), make_school(wired.sessions)
    file = tmp_path / "fair.yaml"
    file.write_text(OWN, "utf-8")

    def run(*words: str):
        return CliRunner().invoke(command, words, obj=context(wired))

    unsaid = run("add", str(file), "--school", first.urn, "--extends", "gcse", "--licence", "held")
    assert unsaid.exit_code == 1
    assert "First say that no question asks about who a student is" in str(unsaid.exception)
    licence = ("--licence", "own_words", "--asks-nothing-guarded")
    one = run("add", str(file), "--school", first.urn, "--extends", "gcse", *licence, "--json")
    made = {"id": "own_gcse_careers_fair", "version": 1}
    assert json.loads(one.stdout) == {
        "questionnaires": [{"school": first.urn, **made, "added": True}]
    }
    every = run("add", str(file), "--all-schools", "--extends", "gcse", *licence, "--json")
    assert json.loads(every.stdout)["questionnaires"] == [
        {"school": first.urn, **made, "added": False},
        {"school": second.urn, **made, "added": True},
    ]
    listed = json.loads(run("list", "--school", second.urn, "--json").stdout)["questionnaires"]
    assert listed[-1]["id"] == "own_gcse_careers_fair"
    assert (listed[-1]["own"], listed[-1]["based_on"], listed[-1]["retired"]) == (
        True, "gcse", False,
    )  # fmt: skip
    assert "2 schools" in run("retire", "own_gcse_careers_fair", "--all-schools").stdout
    again = json.loads(run("list", "--school", second.urn, "--json").stdout)["questionnaires"]
    assert again[-1]["retired"] is True
    file.write_text(OWN.replace("own_came\n", "came\n", 1), "utf-8")
    refused = run("add", str(file), "--school", first.urn, "--extends", "gcse", *licence)
    assert refused.exit_code == 1
    assert "fair.yaml, line" in str(refused.exception)
    assert run("add", str(file), *licence).exit_code == 2


def context(wired: web.Parts) -> CommandContext:
    made = CommandContext.__new__(CommandContext)
    made.__dict__["parts"] = wired
    return made
