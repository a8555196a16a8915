"""`make clean-data`: end what runs on a DATA_DIR, then delete everything it holds."""

import shutil
import signal
from pathlib import Path

from outreach.errors import OutreachError
from outreach.running import records
from outreach.running.locks import LockTaken, hold
from outreach.running.places import places_of, remove_place, socket_folder
from outreach.running.postgres import postgres_of
from outreach.running.whole_set import SUPERVISOR, end_left_over, free_database
from outreach.settings import MARKER, SET_LOCK


class NotOurs(OutreachError):
    """The folder was not made by this service, or not for it alone."""


def forget(data_dir: Path) -> str:
    """Delete a DATA_DIR and its root-only database. Says what was done."""
    if not data_dir.exists():
        return f"There is nothing in {data_dir} to forget."
    if data_dir.is_symlink() or not (data_dir / MARKER).is_file():
        raise NotOurs(
            f"{data_dir} was not made by this service (it holds no {MARKER}), so nothing in it "
            "was deleted. If you are sure, delete what you do not need by hand."
        )
    if supervisor := records.read_record(data_dir, SUPERVISOR):
        records.end(supervisor, signal.SIGTERM, signal.SIGKILL, patience=15.0)
    try:
        with hold(data_dir, SET_LOCK, patience=5.0):
            end_left_over(data_dir)
            _delete(data_dir)
    except LockTaken as taken:
        raise NotOurs(
            f"The set of processes that runs on {data_dir} did not end. "
            "End it with Ctrl-C where it runs, then try again."
        ) from taken
    return f"Forgot everything in {data_dir}."


def _delete(data_dir: Path) -> None:
    places = places_of(data_dir)
    if places or (data_dir / "postgres").exists():
        free_database(postgres_of(data_dir), data_dir)
    for place in places_of(data_dir):
        remove_place(place, data_dir)
    sockets = socket_folder(data_dir)
    shutil.rmtree(sockets)
    shutil.rmtree(data_dir)
