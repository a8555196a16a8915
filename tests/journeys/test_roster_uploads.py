"""A roster file on the page: its columns, its keeping between check and import, every format."""

import html
import io
import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from outreach import web
from outreach.database import Sessions, transaction
from outreach.pupils.models import Pupil
from outreach.pupils.roster.models import RosterImport, RosterUpload
from outreach.queues import DueWork, Work
from outreach.schools.models import Role
from tests.factories import MadeSchool, make_school, signed_in
from tests.journeys.roster_files import many, row, upn
from tests.journeys.staff_pages import later
from tests.unit.pupils.test_ctf import ENTITY_BOMB, ctf, pupil
from tests.workbooks import Cell, pack, sheet_of, workbook
from workers import forget_uploads

ROSTER = "/staff/roster"
ODD = (
    b"UPN,First,Surname,Year,Mail,Mail\n" + f"{upn(1)},Ola,Nowak,9,h@x.example,w@x.example".encode()
)


@pytest.fixture
def school(sessions: Sessions) -> MadeSchool:
    return make_school(sessions, *Role)


@pytest.fixture
def leader(app: Flask, school: MadeSchool) -> FlaskClient:
    return signed_in(app, school, Role.CAREERS_LEADER)


def press(
    client: FlaskClient, do: str, content: bytes | None = None, **fields: str
) -> TestResponse:
    """A button of the page; the file, where one is chosen, has no telling name."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(ROSTER).text)
    assert token is not None
    files = {} if content is None else {"roster": FileStorage(io.BytesIO(content), "pupils.dat")}
    data = {"csrf_token": token.group(1), "do": do, **fields, **files}
    boundary, body = encode_multipart(data)
    kind = f"multipart/form-data; boundary={boundary}"
    return client.post(ROSTER, data=body, content_type=kind)


def on_page(page: TestResponse) -> dict[str, str]:
    """What the page's form sends back: the kept file, and each column as it is selected."""
    text = page.text
    kept = re.findall(r'name="(upload)" value="([^"]+)"', text)
    selects = re.findall(r'<select [^>]*name="(column-\d+)".*?</select>', text, re.DOTALL)
    chosen = {
        name: match.group(1)
        for name, body in re.findall(
            r'<select [^>]*name="(column-\d+)"[^>]*>(.*?)</select>', text, re.DOTALL
        )
        if (match := re.search(r'value="([^"]*)" selected', body))
    }
    assert set(chosen) == set(selects)
    return dict(kept) | chosen


def stored(sessions: Sessions, school: MadeSchool) -> tuple[list[Pupil], list[RosterUpload]]:
    with transaction(sessions, school.id) as session:
        return list(session.scalars(select(Pupil))), list(session.scalars(select(RosterUpload)))


def test_a_checked_file_is_imported_without_choosing_it_again_and_then_forgotten(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    checked = press(leader, "check", many(3))
    pupils, [kept] = stored(sessions, school)
    assert not pupils
    assert b"Surname1" not in kept.sealed

    done = press(leader, "import", **on_page(checked))

    assert "The roster was imported." in done.text
    pupils, uploads = stored(sessions, school)
    assert (len(pupils), uploads) == (3, [])


def test_a_person_says_what_the_columns_are(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    refused = press(leader, "check", ODD)
    assert refused.status_code == 422
    assert "no column for: Forename" in html.unescape(refused.text)
    assert "Mail (column E)" in refused.text
    form = on_page(refused)
    assert form["column-1"] == ""

    done = press(
        leader,
        "import",
        **form | {"column-1": "forename", "column-4": "home_email", "column-5": "work_email"},
    )

    assert "The roster was imported." in done.text
    with transaction(sessions, school.id) as session:
        assert session.scalars(select(Pupil.forename)).one() == "Ola"


def test_a_corrected_file_keeps_what_was_said_of_its_columns(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    faulty = ODD.replace(b",9,", b",nine,")
    form = on_page(press(leader, "check", faulty)) | {"column-1": "forename"}
    checked = press(leader, "check", **form)
    assert "A year is a number" in checked.text

    done = press(leader, "import", ODD, **on_page(checked))

    assert "The roster was imported." in done.text
    assert len(stored(sessions, school)[0]) == 1


def test_another_file_is_not_read_by_what_was_said_of_the_first(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    form = on_page(press(leader, "check", ODD)) | {"column-1": "forename"}

    press(leader, "import", many(2), **form)

    assert {pupil.forename for pupil in stored(sessions, school)[0]} == {"Forename1", "Forename2"}


def test_one_thing_said_of_two_columns_is_told_beside_them(leader: FlaskClient) -> None:
    form = on_page(press(leader, "check", many(1))) | {"column-0": "surname"}

    page = press(leader, "check", **form)

    assert page.status_code == 422
    assert "Two columns of the file give the Surname: “UPN” and “Surname”" in page.text


def test_a_kept_file_is_gone_after_an_hour(
    app: Flask,
    wired: web.Parts,
    sessions: Sessions,
    school: MadeSchool,
    leader: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    form = on_page(press(leader, "check", many(1)))

    with later(app, minutes=59):
        assert press(leader, "check", **form).status_code == 200
    with later(app, minutes=61) as moment:
        gone = press(leader, "import", **form)
        monkeypatch.setattr(forget_uploads, "parts", lambda: replace(wired, clock=lambda: moment))
        forget_uploads.run(str(school.id))

    assert gone.status_code == 422
    assert "not kept here any more" in gone.text
    with transaction(sessions) as session:
        assert Work.FORGET_UPLOADS not in set(session.scalars(select(DueWork.kind)))
    assert stored(sessions, school) == ([], [])


def test_a_kept_file_is_its_owners_alone(
    app: Flask, sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    form = on_page(press(leader, "check", many(1)))
    colleague = signed_in(app, school, Role.ADMIN)
    stranger = signed_in(app, make_school(sessions))

    for client in (colleague, stranger):
        assert "not kept here any more" in press(client, "import", **form).text
    assert stored(sessions, school)[0] == []


@pytest.mark.parametrize("nonsense", [{"column-x": "upn"}, {"column-0": "no"}, {"column-999": ""}])
def test_a_choice_of_columns_that_is_none_is_refused(
    leader: FlaskClient, nonsense: dict[str, str]
) -> None:
    form = on_page(press(leader, "check", many(1))) | nonsense

    assert "did not arrive whole" in press(leader, "import", **form).text


def test_faults_stand_in_the_files_own_order_of_columns(leader: FlaskClient) -> None:
    content = "\n".join(
        ("Year,Surname,Date of birth,Forename,UPN", "ten,,31/02/2011,Ola,C801200005001", "9,N,,,")
    )

    page = press(leader, "check", content.encode()).text

    told = re.findall(r'<tr><th scope="row"[^>]*>(\d+)</th><td>([^<]+)</td>', page)
    assert told == [
        ("2", "Year"),
        ("2", "Date of birth"),
        ("2", "UPN"),
        ("3", "Forename"),
        ("3", "UPN"),
    ]


WORKBOOK: list[list[Cell]] = [
    ["MIS ID", "Forename", "Surname", "Year", "FSM eligible"],
    [17, "Zoë", "O’Brien", 9, True],
    [18, '=HYPERLINK("http://evil.example","Win")', "Nowak", 9, False],
]


def test_an_excel_workbook_is_imported_and_its_formula_is_told_as_text(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    done = press(leader, "import", workbook(WORKBOOK))

    assert "The roster was imported." in done.text
    [kept], _ = stored(sessions, school)
    assert (kept.forename, kept.mis_id, kept.source) == ("Zoë", "17", "xlsx")
    faults = html.unescape(re.search(r'name="faults" value="([^"]+)"', done.text).group(1))  # type: ignore[union-attr]
    listed = submit_faults(leader, faults, "row")
    assert b'3,"Forename","\'=HYPERLINK(' in listed.data


def test_a_ctf_is_imported_and_its_faults_name_pupils(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient
) -> None:
    content = ctf(pupil(), pupil("C801200005001"))

    checked = press(leader, "check", content)

    assert "from Hill (873/2004)" in checked.text
    assert '<th scope="col">Pupil</th>' in checked.text
    assert "column-0" not in checked.text
    press(leader, "import", **on_page(checked))
    [kept], _ = stored(sessions, school)
    assert (kept.upn, kept.source) == ("B801200005001", "ctf")
    with transaction(sessions, school.id) as session:
        assert session.scalars(select(RosterImport.source)).one() == "ctf"
    faults = html.unescape(re.search(r'name="faults" value="([^"]+)"', checked.text).group(1))  # type: ignore[union-attr]
    assert b'\xef\xbb\xbf"Pupil","Column","Value"' in submit_faults(leader, faults, "pupil").data


def submit_faults(client: FlaskClient, faults: str, row_name: str) -> TestResponse:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(ROSTER).text)
    assert token is not None
    data = {"csrf_token": token.group(1), "faults": faults, "row_name": row_name}
    return client.post(f"{ROSTER}/faults", data=data)


FAR = sheet_of('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pack({"sheet1": FAR}), "more than a roster has"),
        (pack({"sheet1": ENTITY_BOMB + "<worksheet/>"}), "meant to do harm"),
        (ctf(pupil(), before=ENTITY_BOMB), "meant to do harm"),
        (ctf(pupil(), pupil())[:-300], "damaged or cut off"),
        (b"\xd0\xcf\x11\xe0 old", "old Excel workbook"),
        (
            f"UPN,Forename,Surname,Year\n{row(1)[:13]},{'x' * 300_000},N,9".encode(),
            "longer than any cell of a roster",
        ),
    ],
)
def test_a_hostile_file_leaves_the_roster_and_nothing_kept(
    sessions: Sessions, school: MadeSchool, leader: FlaskClient, content: bytes, words: str
) -> None:
    press(leader, "import", many(1))

    answer = press(leader, "import", content, is_full="yes")

    assert answer.status_code == 422
    pupils, _ = stored(sessions, school)
    assert [(pupil.forename, pupil.missing_since) for pupil in pupils] == [("Forename1", None)]
    assert words in answer.text
