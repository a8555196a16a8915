"""Workers from a process that has loaded their modules: for tests that kill many of them."""

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["outreach.cli.entry", "outreach.cli.processes", "workers.deliver", "workers.launch"]
)


class ForkedWorker:
    """`outreach worker`, begun in a fraction of the time that a new interpreter takes."""

    def __init__(self, smtp_url: str) -> None:
        self._settings = dict(os.environ) | {"SMTP_URL": smtp_url}
        self._begin()

    def _begin(self) -> None:
        self._process = _CONTEXT.Process(target=_work, args=(self._settings,), daemon=True)
        self._process.start()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self._process.close()

    def kill_and_replace(self) -> None:
        self.kill()
        self._begin()


@contextmanager
def forked_workers(smtp_url: str, count: int) -> Iterator[list[ForkedWorker]]:
    workers = [ForkedWorker(smtp_url) for _ in range(count)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.kill()


def _work(settings: dict[str, str]) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.environ.update(settings)

    from outreach.cli.entry import outreach

    outreach(["worker"])
