"""How fast a launch is written and its mail handed over, beside plain smtplib in the same run.

    python -m tests.load.delivery_rate [--pupils 20000] [--long 100000] [--connections 20]

Starts a PostgreSQL and a Redis of its own, real worker processes and a mail server that does no work.
Figures of a shared machine drift: compare those of one run.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil

from outreach import migrations
from outreach.settings import load
from outreach.wiring import wire
from tests.contract.catching import free_port
from tests.load.campaign_to_send import Made, launched, made_school, plans_here
from tests.parts import Parts as Embedded
from tests.parts import parts_of_their_own

WORKERS = 2
ROUND_TRIP = 0.05
LOOK_SECONDS = 0.1


@dataclass
class Sample:
    """What was taken so far, and what the workers have spent on it."""

    at: float
    taken: int
    worker_seconds: float


@dataclass
class Measured:
    samples: list[Sample]
    most_memory: int = 0
    plans: Mapping[str, str] = field(default_factory=dict)

    def seconds_to(self, taken: int) -> float:
        return next(one.at for one in self.samples if one.taken >= taken) - self.samples[0].at

    def rate(self, first: int, last: int) -> float:
        return (last - first) / (self.seconds_to(last) - self.seconds_to(first))

    def cost(self, first: int, last: int) -> float:
        """Processor milliseconds of the workers per mail, in that stretch."""
        began, ended = (
            next(one for one in self.samples if one.taken >= taken) for taken in (first, last)
        )
        spent = ended.worker_seconds - began.worker_seconds
        return 1000 * spent / (ended.taken - began.taken)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pupils", type=int, default=20_000)
    arguments.add_argument("--long", type=int, default=100_000, help="0: not measured")
    arguments.add_argument("--connections", type=int, default=20, help="of each worker")
    given = arguments.parse_args()
    _row("what", "a second", "ms of processor a mail", "most memory of a worker")
    for connections in (1, 8):
        rate, cost = _yardstick(given.pupils, connections)
        _row(f"smtplib, {connections} kept", f"{rate:.0f}", f"{1000 * cost:.2f}", "")
    key = _new_key()
    for name, environ, is_slow in (
        ("ours", {}, False),
        ("ours, signed (RSA-2048)", {"DKIM_KEYS": f"bench={key}"}, False),
        (f"ours, {1000 * ROUND_TRIP:.0f} ms away", {}, True),
    ):
        as_given = environ | {"SMTP_CONNECTIONS": str(given.connections)}
        measured = _measure(given.pupils, as_given, is_slow=is_slow)
        _report(name, measured, given.pupils)
    if given.long:
        _flatness(given.long, given.connections)


def _report(name: str, measured: Measured, pupils: int) -> None:
    """From the first tenth on: how long a process takes to start is not asked here."""
    first = pupils // 10
    _row(
        name,
        f"{measured.rate(first, pupils):.0f}",
        f"{measured.cost(first, pupils):.2f}",
        f"{measured.most_memory / 1e6:.0f} MB",
    )


def _flatness(pupils: int, connections: int) -> None:
    few = _measure(1000, {}, wants_plans=True)
    many = _measure(pupils, {"SMTP_CONNECTIONS": str(connections)}, wants_plans=True)
    _report(f"ours, {pupils} in one campaign", many, pupils)
    ratios = (
        many.cost(pupils - 10_000, pupils) / many.cost(5_000, 15_000),
        many.rate(5_000, 15_000) / many.rate(pupils - 10_000, pupils),
    )
    print(
        f"\nlast 10,000 against mails 5,000 to 15,000: processor time {ratios[0]:.2f}, time {ratios[1]:.2f}"
    )
    differ = [one for one in few.plans if one in many.plans and few.plans[one] != many.plans[one]]
    shared = len(few.plans.keys() & many.plans.keys())
    print(f"plans of a claim at 1,000 and {pupils}: {shared} statements, {len(differ)} differ")
    for statement in differ:
        print(f"  {statement[:100]}\n    {few.plans[statement]}\n    {many.plans[statement]}")


def _measure(
    pupils: int, environ: Mapping[str, str], *, is_slow: bool = False, wants_plans: bool = False
) -> Measured:
    with ExitStack() as stack:
        embedded = stack.enter_context(parts_of_their_own())
        port = free_port()
        stack.enter_context(_running("-m", "tests.load.null_smtp", str(port)))
        near = port
        if is_slow:
            near = free_port()
            way = ("-m", "tests.load.slow_link", str(near), str(port), str(ROUND_TRIP))
            stack.enter_context(_running(*way))
        for each in {port, near}:
            _wait_for(each)
        with _environment(embedded, near, environ):
            settings = load(os.environ)
            migrations.upgrade(settings.database_url, settings.database_url)
            parts = wire(settings)
            school_id = made_school(parts, pupils)
            made = launched(parts, school_id, lambda: _workers(stack))
            if made.rows_seconds:
                print(
                    f"  {pupils}: launched in {made.launch_seconds:.2f} s, rows in {made.rows_seconds:.1f} s"
                )
            return _watch(made, port, pupils, wants_plans=wants_plans)


def _workers(stack: ExitStack) -> list[psutil.Process]:
    return [
        psutil.Process(stack.enter_context(_running("-m", "outreach", "worker")).pid)
        for _ in range(WORKERS)
    ]


def _watch(made: Made, port: int, pupils: int, *, wants_plans: bool) -> Measured:
    measured = Measured([])
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.recv(200)
        while not measured.samples or measured.samples[-1].taken < pupils:
            line.sendall(b"VRFY count\r\n")
            taken = int(line.recv(200).split()[1])
            spent = [sum(one.cpu_times()[:2]) for one in made.workers]
            measured.samples.append(Sample(time.perf_counter(), taken, sum(spent)))
            memory = max(one.memory_info().rss for one in made.workers)
            measured.most_memory = max(measured.most_memory, memory)
            if wants_plans and not measured.plans and taken >= pupils // 10:
                measured.plans = plans_here(made)
            time.sleep(LOOK_SECONDS)
    made.check_all_accepted(pupils)
    return measured


def _yardstick(mails: int, connections: int) -> tuple[float, float]:
    port = free_port()
    words = ("-m", "tests.load.smtp_yardstick", str(port), str(mails), str(connections))
    with _running("-m", "tests.load.null_smtp", str(port)):
        _wait_for(port)
        said = [
            subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True)
            for _ in range(3)
        ]
    found = [tuple(map(float, one.stdout.split())) for one in said]
    return median(rate for rate, _ in found), median(cost for _, cost in found)


@contextmanager
def _running(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, *words], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def _environment(embedded: Embedded, port: int, more: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as data_dir:
        os.environ |= {
            "DATABASE_URL": embedded.database_url(embedded.new_database()),
            "REDIS_URL": embedded.redis_url,
            "SMTP_URL": f"smtp://127.0.0.1:{port}",
            "DATA_DIR": data_dir,
            **more,
        }
        try:
            yield
        finally:
            os.environ.clear()
            os.environ |= before


def _wait_for(port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


def _new_key() -> Path:
    path = Path(tempfile.mkdtemp()) / "bench.pem"
    subprocess.run(
        ["openssl", "genrsa", "-out", str(path), "2048"], check=True, capture_output=True
    )
    return path


def _row(*cells: str) -> None:
    print("".join(cell.ljust(28) for cell in cells), flush=True)


if __name__ == "__main__":
    main()
