"""Pupils' characteristics have one door, and whoever comes through it says what for."""

import ast
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

import outreach
from outreach import web
from outreach.audit import OPERATOR
from outreach.campaigns.steering import close
from outreach.clock import now
from outreach.database import transaction
from outreach.pupils.models import Item, PupilCharacteristic
from outreach.schools.access import staff_roles
from outreach.schools.models import Role
from outreach.schools.sharing import SharingChanges, change_sharing
from outreach.schools.staffing import staff_member
from outreach.schools.switches import switch_names
from tests.answered import answer_and_submit, launch_campaign
from tests.factories import MadeSchool, make_pupil, make_school, run_workers, signed_in

PROJECT = Path(outreach.__file__).parent.parent
NAMES = ("PupilCharacteristic", "pupil_characteristic")
DOOR = "outreach/pupils/characteristics.py"
NOT_READING = {
    "outreach/pupils/models.py": "the table",
    "outreach/pupils/roster/importing.py": "refreshes its statistics",
    "outreach/pupils/roster/merging.py": "writes what a roster brings, where it differs",
    "outreach/privacy/erasing.py": "deletes a pupil's",
    "outreach/privacy/deleting.py": "counts rows, for the school to read before they are deleted",
}
"""Who may name the table besides the door, and what for. None of them reads a value."""


def sources() -> Iterator[tuple[str, str]]:
    """Everything that runs or is rendered, but for migrations and compiled files."""
    for folder in ("outreach", "workers", "questionnaires", "templates"):
        for path in (PROJECT / folder).rglob("*"):
            is_text = path.is_file() and path.suffix in {".py", ".html", ".txt", ".yaml", ".sql"}
            if is_text and "versions" not in path.parts:
                yield path.relative_to(PROJECT).as_posix(), path.read_text("utf-8")


def test_no_module_but_the_known_names_the_table_in_code_or_in_sql() -> None:
    naming = {path for path, text in sources() if any(name in text for name in NAMES)}

    assert naming == {DOOR, *NOT_READING}


def test_nobody_reaches_tables_by_a_name_put_together() -> None:
    ways = ("metadata.tables", "metadata.reflect", "to_metadata", "__subclasses__", "registry.map")
    using = {path for path, text in sources() if any(way in text for way in ways)}

    assert using <= {"outreach/tables.py"}


@pytest.mark.parametrize("path", NOT_READING)
def test_those_who_write_or_delete_compare_a_value_at_most(path: str) -> None:
    tree = ast.parse((PROJECT / path).read_text("utf-8"))
    aliases = {"PupilCharacteristic"} | {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and "PupilCharacteristic" in ast.dump(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    compared = {
        id(side)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "value":
            owner = node.value
            if isinstance(owner, ast.Name) and owner.id in aliases:
                assert id(node) in compared, (path, node.lineno)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "select":
            named = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
            assert "PupilCharacteristic" not in named, (path, node.lineno)


MARK = "Qqcanaryqq"
"""Held as every special item of a pupil, and to be found on no page that is not meant to show it.
Two values of each, so that there are groups to compare."""


@pytest.fixture
def school(wired: web.Parts) -> MadeSchool:
    made = make_school(wired.sessions, *Role)
    with transaction(wired.sessions, made.id) as session:
        pupils = [make_pupil(session) for _ in range(12)]
        for number, pupil in enumerate(pupils):
            session.add_all(
                PupilCharacteristic(
                    school_id=made.id,
                    pupil_id=pupil.id,
                    item=item,
                    value=f"{MARK} {item.value}{number % 2}",
                    changed_at=now(),
                )
                for item in Item
            )
        campaign_id = launch_campaign(session, wired.library, now())
    with transaction(wired.sessions, made.id) as session:
        for pupil in pupils:
            answer_and_submit(session, wired.library, campaign_id, pupil.id, now())
    run_workers(wired)
    with transaction(wired.sessions, made.id) as session:
        close(session, campaign_id, OPERATOR, now())  # groups are compared once it is over
    return made


def pages_with_the_mark(app: Flask, school: MadeSchool, *roles: Role) -> set[tuple[str, Role]]:
    """Every staff page and download there is, asked by each of these roles that may."""
    with transaction(app.extensions["outreach"].sessions, school.id) as session:
        row = session.execute(
            text(
                "SELECT i.pupil_id, i.campaign_id, i.id AS invitation_id FROM invitation i "
                "ORDER BY i.id LIMIT 1"
            )
        ).one()
    ids = dict(row._mapping) | {"staff_id": school.staff[Role.VIEWER]}
    found: set[tuple[str, Role]] = set()
    for role in roles:
        client = signed_in(app, school, role)
        for rule in app.url_map.iter_rules():
            may_open = staff_roles(app.view_functions[rule.endpoint])
            if role not in may_open or "GET" not in rule.methods or set(rule.arguments) - set(ids):
                continue
            with app.test_request_context():
                address = rule.build({name: ids[name] for name in rule.arguments})[1]
            if MARK.encode() in unpacked(client.get(address, follow_redirects=True).data):
                found.add((rule.endpoint, role))
    return found


def unpacked(content: bytes) -> bytes:
    """A workbook is a zip: what stands in its parts."""
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        return b"".join(parts.read(name) for name in parts.namelist())


def test_a_special_item_is_shown_where_the_table_says_and_nowhere_once_it_is_off(
    app: Flask, wired: web.Parts, school: MadeSchool
) -> None:
    may_see = {Role.ADMIN, Role.CAREERS_LEADER}
    shown = {
        (page, role) for page in ("profiles.show_pupil", "reports.show_results") for role in may_see
    }
    assert pages_with_the_mark(app, school, *Role) == shown

    switch(wired, school, {"purpose.guiding_pupil": False})
    assert pages_with_the_mark(app, school, Role.ADMIN) == {("reports.show_results", Role.ADMIN)}

    off = {name: False for name in switch_names() if name.startswith("item.")}
    switch(wired, school, {"purpose.guiding_pupil": True} | off)
    assert pages_with_the_mark(app, school, *may_see) == set()


def switch(wired: web.Parts, school: MadeSchool, switches: dict[str, bool]) -> None:
    """The switch alone: what is held is left where it is, for pages to give away if they can."""
    with transaction(wired.sessions, school.id) as session:
        by = staff_member(session, school.staff[Role.ADMIN])
        change_sharing(session, SharingChanges(switches=switches), by, now())
