"""How each process of a running set is killed, and how to see that another stands in its place."""

from collections.abc import Callable
from pathlib import Path

import psutil

from outreach.campaigns.journal import FOLDER
from outreach.running.records import wait_until
from tests.failures.running_set import PATIENCE, RunningSet

WORKERS = ("worker.1", "worker.2")


def kill_member(running: RunningSet, name: str) -> None:
    killed = running.record(name)
    psutil.Process(killed.pid).kill()
    running.wait_until_replaced(killed)


def kill_sender(running: RunningSet) -> None:
    """The worker that has a batch of mail in hand, or the first where none has."""
    sending = [name for name in WORKERS if _has_journal(running, name)]
    kill_member(running, (sending or WORKERS)[0])


def kill_web_child(running: RunningSet) -> None:
    master = psutil.Process(running.record("web").pid)
    assert wait_until(lambda: bool(master.children()), PATIENCE), running.text
    before = master.children()
    before[0].kill()
    assert wait_until(lambda: set(master.children()) - set(before) != set(), PATIENCE), running.text


def _has_journal(running: RunningSet, name: str) -> bool:
    folder = running.data_dir / FOLDER
    try:
        opened = psutil.Process(running.record(name).pid).open_files()
    except psutil.Error:
        return False
    return any(Path(file.path).parent == folder for file in opened)


Kill = Callable[[RunningSet], None]
