"""`outreach source` as the contract has it: connect, sync, disconnect, and what each prints."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from outreach import web
from outreach.cli import source
from outreach.cli.context import CommandContext
from outreach.clock import london_date, now
from outreach.database import transaction
from outreach.practice.server import serving
from outreach.pupils.sources import making
from outreach.pupils.sync.models import SourceKind
from outreach.schools.models import Connection
from outreach.schools.sharing import agreement
from tests.factories import MadeSchool, make_school
from tests.journeys.source_systems import BRISK, IDS, make_system

Run = Callable[..., Result]
GROUP = source.commands[0]
REPORT = {
    "added", "changed", "unchanged", "left", "missing", "rejected", "warnings", "rejected_rows",
    "ignored_columns", "encoding", "is_full", "is_dry_run", "outcome", "reason",
}  # fmt: skip


@pytest.fixture
def run() -> Run:
    def run_command(*arguments: str) -> Result:
        with click.Context(GROUP) as context:
            return CliRunner().invoke(GROUP, arguments, obj=CommandContext(context))

    return run_command


@pytest.fixture
def school(wired: web.Parts) -> MadeSchool:
    return make_school(wired.sessions)


@pytest.fixture(params=list(SourceKind), ids=lambda kind: kind.value)
def kind(request: pytest.FixtureRequest) -> SourceKind:
    return request.param


@pytest.fixture
def system(kind: SourceKind, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple]:
    monkeypatch.setattr(making, "PATIENCE", BRISK)
    made = make_system(kind, 20, london_date(now()))
    with serving({"wonde": made, "xporter": made, "oneroster": made}) as server:
        monkeypatch.setenv("WONDE_URL", server.url("wonde"))
        monkeypatch.setenv("XPORTER_URL", f"{server.url('xporter')}/api/v1/")
        monkeypatch.setenv("XPORTER_TOKEN_URL", f"{server.url('xporter')}/api/oauth/GetToken")
        yield made, server.url("oneroster")


def connect(run: Run, school: MadeSchool, kind: SourceKind, url: str, folder: Path) -> Result:
    external_id, secret = IDS[kind]
    file = folder / "secret"
    file.write_text(f"{secret}\n")
    more = ["--url", url] if kind is SourceKind.ONEROSTER else []
    return run(
        "connect", "--school", school.urn, "--kind", kind.value, "--id", external_id,
        "--secret-file", str(file), *more,
    )  # fmt: skip


def test_a_school_is_connected_synced_and_disconnected(
    run: Run, school: MadeSchool, kind: SourceKind, system: tuple, tmp_path: Path
) -> None:
    connected = connect(run, school, kind, system[1], tmp_path)
    first = run("sync", "--school", school.urn, "--json")
    again = run("sync", "--school", school.urn, "--full", "--json")
    ended = run("disconnect", "--school", school.urn)
    after = run("sync", "--school", school.urn, "--json")

    assert (connected.exit_code, first.exit_code, again.exit_code) == (0, 0, 0), first.output
    report = json.loads(first.stdout)
    assert report.keys() >= REPORT
    assert (report["outcome"], report["added"], report["is_full"]) == ("done", 20, True)
    assert json.loads(again.stdout)["unchanged"] == 20
    assert ended.exit_code == 0
    assert after.exception is not None
    assert "not connected" in str(after.exception)


def test_a_drop_is_held_and_confirmed(
    run: Run, school: MadeSchool, kind: SourceKind, system: tuple, tmp_path: Path
) -> None:
    connect(run, school, kind, system[1], tmp_path)
    run("sync", "--school", school.urn)
    made = system[0]
    match kind:
        case SourceKind.WONDE:
            people = made.schools["A1"].pupils
            for key in list(people)[:8]:
                del people[key]
        case SourceKind.XPORTER:
            del made.schools["9984001"].pupils[:8]
        case SourceKind.ONEROSTER:
            for key in list(made.pupils)[:8]:
                del made.pupils[key]

    held = run("sync", "--school", school.urn, "--full", "--json")
    confirmed = run("sync", "--school", school.urn, "--full", "--confirm-drop", "--json")

    assert json.loads(held.stdout)["outcome"] == "held"
    assert "8 of 20" in json.loads(held.stdout)["reason"]
    assert "--confirm-drop" in str(held.exception)
    assert json.loads(confirmed.stdout)["outcome"] == "done"
    assert json.loads(confirmed.stdout)["missing"] == 8


@pytest.mark.parametrize("kind", [SourceKind.XPORTER], ids=["xporter"])
@pytest.mark.parametrize(("state", "outcome"), [("paused", "paused"), ("revoked", "revoked")])
def test_what_the_integrator_refuses_is_the_outcome(
    run: Run,
    school: MadeSchool,
    kind: SourceKind,
    system: tuple,
    tmp_path: Path,
    state: str,
    outcome: str,
) -> None:
    connect(run, school, kind, system[1], tmp_path)
    system[0].schools["9984001"].state = state

    refused = run("sync", "--school", school.urn, "--json")

    assert json.loads(refused.stdout)["outcome"] == outcome
    assert json.loads(refused.stdout)["reason"]


@pytest.mark.parametrize("kind", [SourceKind.WONDE], ids=["wonde"])
def test_wrong_use_says_what_is_wrong(
    run: Run, school: MadeSchool, kind: SourceKind, system: tuple, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    here = ["connect", "--school", school.urn, "--id", "A1"]

    url = run(*here, "--kind", "wonde", "--url", "https://x.example", "--secret-file", str(empty))
    secretless = run(*here, "--kind", "xporter")
    blank = run(*here, "--kind", "wonde", "--secret-file", str(empty))
    drop = run("sync", "--school", school.urn, "--confirm-drop")

    assert (url.exit_code, secretless.exit_code, drop.exit_code) == (2, 2, 2)
    assert "does not hold one secret" in str(blank.exception)


@pytest.mark.parametrize("kind", [SourceKind.WONDE], ids=["wonde"])
def test_no_command_prints_the_secret(
    run: Run, school: MadeSchool, kind: SourceKind, system: tuple, tmp_path: Path
) -> None:
    connected = connect(run, school, kind, system[1], tmp_path)
    run("sync", "--school", school.urn)
    shown = run("show", "--school", school.urn, "--json")
    resealed = run("reseal")

    secret = IDS[kind][1]
    assert all(secret not in each.output for each in (connected, shown, resealed))
    assert json.loads(shown.stdout)["connection"]["state"] == "authorised"
    assert json.loads(shown.stdout)["syncs"][0]["outcome"] == "done"


@pytest.mark.parametrize("kind", [SourceKind.WONDE], ids=["wonde"])
def test_one_id_is_one_schools(
    run: Run,
    wired: web.Parts,
    school: MadeSchool,
    kind: SourceKind,
    system: tuple,
    tmp_path: Path,
) -> None:
    connect(run, school, kind, system[1], tmp_path)
    run("sync", "--school", school.urn)
    other = make_school(wired.sessions)

    refused = connect(run, other, kind, system[1], tmp_path)

    assert "Another school of this service" in str(refused.exception)


def test_an_id_or_secret_that_never_worked_revokes_nothing_and_is_simply_corrected(
    wired: web.Parts, run: Run, school: MadeSchool, kind: SourceKind, system: tuple, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("not-the-secret\n")
    more = ["--url", system[1]] if kind is SourceKind.ONEROSTER else []
    run(
        "connect", "--school", school.urn, "--kind", kind.value, "--id", "A9999",
        "--secret-file", str(wrong), *more,
    )  # fmt: skip
    refused = run("sync", "--school", school.urn, "--json")

    assert json.loads(refused.stdout)["outcome"] in ("revoked", "failed")
    with transaction(wired.sessions, school.id) as session:
        ours = agreement(session)
        assert (ours.connection, ours.source_revoked) == (Connection.AUTHORISED, False)
        assert ours.deletes_at is None
    assert connect(run, school, kind, system[1], tmp_path).exit_code == 0
    synced = run("sync", "--school", school.urn, "--json")
    assert json.loads(synced.stdout)["outcome"] == "done", synced.output
