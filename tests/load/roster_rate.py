"""How fast a trust's roster is imported, and how much memory that takes.

    python -m tests.load.roster_rate --pupils 100000

Makes an embedded PostgreSQL of its own and throws it away; with DATABASE_URL it uses that one, which
must have been made for this: it is upgraded, and schools are added to it.
"""

import argparse
import csv
import io
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

from outreach import migrations
from outreach.clock import london_date
from outreach.database import Sessions, make_engine, make_sessions, transaction
from outreach.pupils.addresses import check_quickly
from outreach.pupils.roster.importing import ImportReport, Staged, import_roster, merge_staged
from outreach.pupils.roster.staging import forget_staged, stage_page
from outreach.pupils.roster.upn import check_letter
from outreach.pupils.sources.files import open_roster
from outreach.pupils.sources.records import PupilRecord
from outreach.pupils.sync.models import RosterSync, SourceKind, SyncState
from outreach.running.embedded import start_database, stop_database
from outreach.running.postgres import postgres_of
from outreach.schools.models import SharingSwitch
from outreach.schools.registering import add_school

HEADINGS = (
    "UPN,MIS ID,Admission number,Forename,Preferred forename,Surname,Date of birth,Gender,Year,"
    "Reg group,Work email,Home email,SEN,Start date,Teaching groups"
).split(",")
PAGE = 500
ONE_IN = 20
"""So many are different in the changed roster: 5 in a hundred."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pupils", type=int, default=100_000)
    arguments.add_argument("--teaching-groups", type=int, default=0, help="of each pupil")
    given = arguments.parse_args()
    pupils, teaching = given.pupils, given.teaching_groups
    with _database() as url:
        migrations.upgrade(url, url)
        sessions = make_sessions(make_engine(url))
        before = _roster(pupils, teaching)
        after = _roster(pupils, teaching, is_later=True)
        print(f"{pupils} pupils, a file of {len(before) / 1e6:.1f} MB; process {_peak():.0f} MB")
        school = _school(sessions)
        _measure("first import", pupils, lambda: _take(sessions, school, before))
        _measure("unchanged", pupils, lambda: _take(sessions, school, before))
        _measure("5 in 100 changed", pupils, lambda: _take(sessions, school, after))
        other = _school(sessions)
        for name in ("first sync", "unchanged sync"):
            sync_id = _begin_sync(sessions, other)
            stage = partial(_stage, sessions, other, sync_id, before)
            _measure(f"{name}: staging", pupils, stage)
            merge = partial(_merge, sessions, other, sync_id, before)
            _measure(f"{name}: merging", pupils, merge)


@contextmanager
def _database() -> Iterator[str]:
    if "DATABASE_URL" in os.environ:
        yield os.environ["DATABASE_URL"]
        return
    folder = Path(tempfile.mkdtemp(prefix="outreach-roster-rate-"))
    folder.chmod(0o700)
    postgres = postgres_of(folder)
    start_database(postgres, folder)
    try:
        yield postgres.url()
    finally:
        stop_database(postgres, folder)
        shutil.rmtree(folder, ignore_errors=True)


def _measure(name: str, pupils: int, work: Callable[[], ImportReport | None]) -> None:
    _forget_peak()
    before, began = _peak(), time.perf_counter()
    report = work()
    seconds = time.perf_counter() - began
    counts = {name: n for name, n in report.counts.items() if n} if report else ""
    rate = f"{seconds:6.1f} s {pupils / seconds:8,.0f}/s"
    print(f"{name:26} {rate}  +{_peak() - before:.0f} MB  {counts}", flush=True)


def _forget_peak() -> None:
    """Linux only."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak() -> float:
    """Megabytes of this process; the database's are its own."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


def _school(sessions: Sessions) -> UUID:
    now = datetime.now(UTC)
    with transaction(sessions) as session:
        urn = str(100_000 + secrets.randbelow(900_000))
        school = add_school(session, urn, "Load Test Trust", now)
        session.add(SharingSwitch(school_id=school.id, name="item.sen", is_on=True, changed_at=now))
        return school.id


def _roster(pupils: int, teaching: int = 0, *, is_later: bool = False) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    width = len(HEADINGS) if teaching else -1  # no column, where nobody is in such a group
    writer.writerow(HEADINGS[:width])
    for n in range(pupils):
        rest = f"873{n % 10_000:04d}{20 + n // 10_000 % 5}{n // 50_000:03d}"
        is_other = is_later and n % ONE_IN == 0
        year = 7 + n % 7
        writer.writerow(
            [
                check_letter(rest) + rest,
                f"M{n}",
                f"{n:06d}",
                f"Forename{n % 997}",
                "",
                f"Surname{n % 4001}{'x' if is_other else ''}",
                f"{1 + n % 28:02d}/{1 + n % 12:02d}/{2008 + n % 7}",
                "MF"[n % 2],
                year,
                f"{year}{'ABCDEF'[n % 6]}{n // 1500}",
                f"{20 + n % 7}pupil{n}@school{n // 1500}.trust.example",
                f"Family.{n}@home.example",
                "NKE"[n % 3],
                "2024-09-02",
                ";".join(
                    f"{year}{'abcd'[n * k % 4]}/S{k}/{n // 1500}" for k in range(1, teaching + 1)
                ),
            ][:width]
        )
    return out.getvalue().encode()


def _take(sessions: Sessions, school_id: UUID, content: bytes) -> ImportReport:
    with transaction(sessions, school_id) as session:
        return import_roster(
            session,
            content,
            is_full=True,
            confirm_drop=False,
            dry_run=False,
            staff_id=None,
            now=datetime.now(UTC),
        )


def _begin_sync(sessions: Sessions, school_id: UUID) -> UUID:
    now = datetime.now(UTC)
    with transaction(sessions, school_id) as session:
        sync = RosterSync(
            school_id=school_id,
            id=uuid4(),
            kind=SourceKind.WONDE,
            system="wonde A1",
            is_full=True,
            state=SyncState.FETCHING,
            asked_at=now,
            due_at=now,
        )
        session.add(sync)
        return sync.id


def _stage(sessions: Sessions, school_id: UUID, sync_id: UUID, content: bytes) -> None:
    roster = open_roster(content, today=london_date(datetime.now(UTC)), check_address=check_quickly)
    page: list[PupilRecord] = []
    for record in roster:
        page.append(record)
        if len(page) == PAGE:
            _keep(sessions, school_id, sync_id, page)
            page = []
    _keep(sessions, school_id, sync_id, page)


def _keep(sessions: Sessions, school_id: UUID, sync_id: UUID, page: list[PupilRecord]) -> None:
    with transaction(sessions, school_id) as session:
        stage_page(session, sync_id, page)


def _merge(sessions: Sessions, school_id: UUID, sync_id: UUID, content: bytes) -> ImportReport:
    today = london_date(datetime.now(UTC))
    fields = open_roster(content, today=today, check_address=check_quickly).fields
    with transaction(sessions, school_id) as session:
        staged = Staged(sync_id, {field: field.value for field in fields}, [], [], [], 0)
        report = merge_staged(
            session,
            staged,
            source="wonde",
            is_full=True,
            confirm_drop=False,
            staff_id=None,
            now=datetime.now(UTC),
        )
        forget_staged(session, sync_id)
        sync = session.get_one(RosterSync, (school_id, sync_id))
        sync.state = SyncState.DONE
        return report


if __name__ == "__main__":
    main()
