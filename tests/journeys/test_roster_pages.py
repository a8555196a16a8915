"""The roster and pupil pages, and `outreach roster import`."""

import html
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from outreach.cli import roster as roster_command
from outreach.cli.context import CommandContext
from outreach.database import Sessions, transaction
from outreach.errors import Refusal
from outreach.pupils.finding import find_pupil
from outreach.pupils.models import Pupil
from outreach.pupils.objections.objecting import has_objected
from outreach.schools.models import Role
from tests.factories import MadeSchool, make_school, signed_in
from tests.journeys.roster_files import many, roster, row, take, upn
from tests.journeys.staff_pages import submit

ROSTER, PUPILS = "/staff/roster", "/staff/pupils"


@pytest.fixture
def school(sessions: Sessions) -> MadeSchool:
    return make_school(sessions, *Role)


@pytest.fixture
def leader(app: Flask, school: MadeSchool) -> FlaskClient:
    return signed_in(app, school, Role.CAREERS_LEADER)


def upload(client: FlaskClient, content: bytes | None, do: str, **ticked: str) -> TestResponse:
    page = client.get(ROSTER).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    files = {} if content is None else {"roster": FileStorage(io.BytesIO(content), "roster.csv")}
    # encoded here, since the test client leaves a temporary file open for a large body
    boundary, body = encode_multipart({"csrf_token": token.group(1), "do": do, **ticked, **files})
    kind = f"multipart/form-data; boundary={boundary}"
    return client.post(ROSTER, data=body, content_type=kind)


def hidden_fields(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


def count_pupils(sessions: Sessions, school: MadeSchool) -> int:
    with transaction(sessions, school.id) as session:
        return session.scalar(select(func.count()).select_from(Pupil)) or 0


def stats(page: TestResponse) -> dict[str, str]:
    return dict(re.findall(r'<dt>([^<]+)</dt><dd class="stat-value">([^<]+)</dd>', page.text))


def test_a_check_shows_counts_and_changes_nothing(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    page = upload(leader, many(3), "check")

    assert page.status_code == 200
    assert stats(page)["Added"] == "3"
    assert "press “Import the file” below" in page.text
    assert count_pupils(sessions, school) == 0


def test_an_import_after_the_check_is_done_and_listed(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    page = upload(leader, many(3), "import")

    assert "The roster was imported." in page.text
    assert count_pupils(sessions, school) == 3
    assert "Test careers_leader" in leader.get(ROSTER).text


def test_a_rejected_cell_is_shown_in_the_files_own_words(leader: FlaskClient) -> None:
    content = many(1) + b"\r\n" + row(2, year="<b>ten</b>").encode()

    page = upload(leader, content, "check").text

    assert "&lt;b&gt;ten&lt;/b&gt;" in page
    assert "<b>ten</b>" not in page
    assert ">3</th>" in page


def test_the_fault_list_can_be_downloaded_and_holds_no_formula(leader: FlaskClient) -> None:
    content = many(1) + b"\r\n" + row(2, year="=1+1").encode()
    fields = hidden_fields(upload(leader, content, "check").text)

    answer = leader.post(f"{ROSTER}/faults", data=fields)

    assert answer.headers["Content-Disposition"] == 'attachment; filename="roster-faults.csv"'
    assert answer.data.startswith(
        b'\xef\xbb\xbf"Row","Column","Value","What to do"\r\n3,"Year","\'=1+1",'
    )


def test_a_roster_of_several_megabytes_is_taken(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    padded = roster(row(1), *("," * 9 + " " * 1000 for _ in range(3000)))
    assert len(padded) > 3_000_000

    assert upload(leader, padded, "import").status_code == 200
    assert count_pupils(sessions, school) == 1


def test_a_file_beyond_every_roster_is_refused_before_it_is_read(leader: FlaskClient) -> None:
    assert upload(leader, b"x" * 22_000_000, "check").status_code == 413


def test_no_file_and_no_roster_are_told_beside_the_field(leader: FlaskClient) -> None:
    nothing, workbook = upload(leader, None, "check"), upload(leader, b"PK\x03\x04", "check")

    assert (nothing.status_code, workbook.status_code) == (422, 422)
    assert "Choose the roster file" in nothing.text
    assert "file is damaged" in workbook.text


def test_a_file_of_bad_rows_only_shows_them_all(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    page = upload(leader, roster(row(1, year="ten")), "import")

    assert page.status_code == 422
    assert "every row of the file was rejected" in page.text
    assert "A year is a number from 1 to 14" in page.text
    assert count_pupils(sessions, school) == 0


def test_a_large_drop_is_confirmed_on_the_same_page(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    take(sessions, school.id, many(30))
    assert "confirm_drop" not in leader.get(ROSTER).text

    refused = upload(leader, many(3), "import", is_full="yes")

    assert refused.status_code == 422
    assert "those 27 pupils are no longer at the school" in refused.text
    done = upload(leader, many(3), "import", is_full="yes", confirm_drop="yes")
    assert stats(done)["Newly missing"] == "27"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DATA_PROTECTION, Role.IT])
def test_other_roles_cannot_import(app: Flask, school: MadeSchool, role: Role) -> None:
    assert signed_in(app, school, role).get(ROSTER).status_code == 403


def test_a_viewer_lists_pupils_and_it_does_not(
    app: Flask, sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    take(sessions, school.id, roster(row(1), row(2, work_email="", year=9)))
    why = "Has no email address on the roster"

    page = signed_in(app, school, Role.VIEWER).get(PUPILS).text

    assert "Forename1 Surname1" in page
    assert "Can be mailed" in page
    assert "No mail" in page
    assert why not in page
    assert why in leader.get(PUPILS).text
    assert signed_in(app, school, Role.IT).get(PUPILS).status_code == 403


def test_the_list_is_narrowed_and_paged(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    take(sessions, school.id, roster(*(row(n, year=9 if n > 60 else 10) for n in range(1, 71))))

    assert "10 pupils" in leader.get(f"{PUPILS}?year=9&group=").text
    first = leader.get(f"{PUPILS}?year=10&group=10A").text
    [href] = re.findall(r'href="([^"]+)" rel="next"', first)
    second = leader.get(html.unescape(href)).text
    assert "60 pupils" in second
    assert second.count('<th scope="row">') == 10


def test_a_name_is_searched_for_without_standing_in_the_url(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    take(sessions, school.id, roster(row(1, surname="Ashdown"), row(2)))

    page = submit(leader, PUPILS, search="ashd")

    assert "Forename1 Ashdown" in page.text
    assert "Forename2" not in page.text
    assert 'method="get"' in page.text
    assert "search=" not in page.text


@pytest.mark.parametrize("query", ["year=x", "year=999999999999999999999", "page=-1", "page=9e9"])
def test_a_strange_address_of_the_list_is_an_ordinary_page(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient, query: str
) -> None:
    take(sessions, school.id, many(1))

    assert leader.get(f"{PUPILS}?{query}").status_code == 200


def test_a_search_with_a_null_character_in_it_is_refused(leader: FlaskClient) -> None:
    assert submit(leader, PUPILS, search="fore\0name1").status_code == 400


def test_an_empty_roster_shows_the_way(leader: FlaskClient) -> None:
    assert "Import a roster" in leader.get(PUPILS).text


def test_an_objection_is_recorded_and_lifted_on_the_pupils_page(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    take(sessions, school.id, many(1))
    with transaction(sessions, school.id) as session:
        pupil_id = find_pupil(session, upn=upn(1)).id
    page = f"{PUPILS}/{pupil_id}"

    submit(leader, page, f"{page}/objection", do="record")

    with transaction(sessions, school.id) as session:
        assert has_objected(session, pupil_id)
    assert "Allow mail to this pupil again" in leader.get(page).text
    submit(leader, page, f"{page}/objection", do="lift")
    with transaction(sessions, school.id) as session:
        assert not has_objected(session, pupil_id)


def test_another_schools_pupil_takes_no_objection(
    app: Flask, sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    other = make_school(sessions)
    take(sessions, other.id, many(1))
    with transaction(sessions, other.id) as session:
        pupil_id = find_pupil(session, upn=upn(1)).id

    answer = submit(leader, ROSTER, f"{PUPILS}/{pupil_id}/objection", do="record")

    assert answer.status_code == 404
    with transaction(sessions, other.id) as session:
        assert not has_objected(session, pupil_id)


def test_a_viewer_records_no_objection(app: Flask, sessions: Sessions, school: MadeSchool) -> None:
    take(sessions, school.id, many(1))
    with transaction(sessions, school.id) as session:
        pupil_id = find_pupil(session, upn=upn(1)).id
    viewer = signed_in(app, school, Role.VIEWER)

    answer = submit(viewer, PUPILS, f"{PUPILS}/{pupil_id}/objection", do="record")

    assert answer.status_code == 403
    assert "asked not to be mailed" not in viewer.get(f"{PUPILS}/{pupil_id}").text


Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask, school: MadeSchool, tmp_path: Path) -> Run:
    """Imports a file of this content in this process, on the settings in the environment."""

    def import_file(content: bytes, *arguments: str) -> Result:
        path = tmp_path / "roster.csv"
        path.write_bytes(content)
        [command] = roster_command.commands
        with click.Context(command) as context:
            return CliRunner().invoke(
                command,
                ["import", str(path), "--school", school.urn, *arguments],
                obj=CommandContext(context),
            )

    return import_file


def test_the_command_answers_with_one_json_document(run: Run) -> None:
    result = run(roster(row(1), row(2, year="ten")), "--json")

    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert [document[name] for name in ("added", "changed", "unchanged", "left", "missing")] == [
        1, 0, 0, 0, 0,
    ]  # fmt: skip
    [rejected] = document["rejected"]
    assert set(rejected) == {"row", "column", "value", "reason"}
    assert (rejected["row"], rejected["column"], rejected["value"]) == (3, "Year", "ten")


def test_the_command_is_readable_without_json(run: Run) -> None:
    result = run(roster(row(1), row(2, year="ten")))

    assert re.search(r"added +1\n", result.stdout)
    assert "row 3, Year: 'ten' A year is a number from 1 to 14" in result.stdout


def test_a_dry_run_of_the_command_changes_nothing(
    sessions: Sessions, school: MadeSchool, run: Run
) -> None:
    assert "dry run" in run(many(2), "--dry-run").stdout
    assert count_pupils(sessions, school) == 0


def test_the_command_refuses_a_large_drop_until_it_is_confirmed(run: Run) -> None:
    run(many(30))

    refused = run(many(3), "--full", "--json")

    assert isinstance(refused.exception, Refusal)
    assert "--confirm-drop" in refused.exception.words
    assert refused.stdout == ""
    assert json.loads(run(many(3), "--full", "--confirm-drop", "--json").stdout)["missing"] == 27


def test_the_command_tells_every_fault_even_where_nothing_was_imported(run: Run) -> None:
    result = run(roster(row(1, year="ten")), "--json")

    assert isinstance(result.exception, Refusal)
    assert "Nothing was imported" in result.exception.words
    assert json.loads(result.stdout)["rejected"][0]["value"] == "ten"


def test_confirming_a_drop_of_no_full_roster_is_wrong_use(run: Run) -> None:
    assert run(many(1), "--confirm-drop").exit_code == 2
