"""How many answers are saved and next questions shown, beside a bare view on the same server.

    python -m tests.load.answering_rate
    python -m tests.load.answering_rate --seconds 30 --students 64 --mode chat
    python -m tests.load.answering_rate --script

Brings its own PostgreSQL and Redis, as the tests do, starts the service as `outreach web` does, and
ends by itself. All of it shares the machine, this program included: look at the load first.
"""

import argparse
import asyncio
import os
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import psutil
from sqlalchemy import select

from outreach import migrations
from outreach.campaigns.links import link_token
from outreach.campaigns.models import Link
from outreach.database import transaction
from outreach.parts import Parts
from outreach.schools.models import School
from outreach.settings import load
from outreach.wiring import wire
from tests.contract.catching import free_port
from tests.load.campaign_to_send import launched_here, made_school
from tests.load.wire import Line, Reply
from tests.parts import start_parts, stop_parts

INTERVAL = 0.5
AT_DIFFERENT_QUESTIONS = 16
TOKEN = re.compile(rb'name="csrf_token" value="([^"]+)"')
FIELD = re.compile(rb'name="answer"(?: value="([^"]*)")?')
FORM = re.compile(rb'id="step".*?<form[^>]* action="([^"]+)"', re.DOTALL)
AS_SCRIPT = "X-Step: 1"


@dataclass
class Measured:
    """Seconds of every single request, and how late this program itself was."""

    saves: list[float] = field(default_factory=list)
    shows: list[float] = field(default_factory=list)
    weights: list[int] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    errors: int = 0

    def forget(self) -> None:
        """What was not measured by the clock. Errors stay."""
        for taken in (self.saves, self.shows, self.weights, self.late):
            taken.clear()

    def line(self, name: str, seconds: float) -> str:
        answers = len(self.shows)
        lateness = f", we were late by {_of(self.late, 99)}" if self.late else ""
        return (
            f"{name}: {answers / seconds:.0f} answers a second saved and next questions shown, "
            f"{self.errors} errors; save p50 {_of(self.saves, 50)}, p99 {_of(self.saves, 99)}; "
            f"show p50 {_of(self.shows, 50)}, p99 {_of(self.shows, 99)}"
            f"{lateness} (p99); heaviest question {max(self.weights, default=0)} bytes"
        )


@dataclass
class Student:
    """One browser: opens a link, presses Start, answers each question as its form says, sends."""

    port: int
    links: deque[str]
    mode: str
    measured: Measured
    has_script: bool = False
    cookie: str = ""
    page: bytes = b""

    def __post_init__(self) -> None:
        self._line = Line(self.port)

    async def begin(self) -> None:
        """The next student's link, up to the first question. Not measured."""
        self.cookie, path = "", self.links.popleft()
        self.page = (await self._get(path)).body
        fields = {"csrf_token": self._token(), "mode": self.mode}
        led = await self._post(f"{path}/start", fields)
        for _ in range(2):
            led = await self._get(led.location) if led.status == 303 else led
        self.page = led.body

    async def answer(self, due: float | None = None) -> None:
        """Save and show. With `due`, a save counts from when it was to be sent."""
        action, name = self._form()
        fields = {"csrf_token": self._token(), "answer": name}
        if self.has_script:
            saved = shown = await self._post(action, fields, AS_SCRIPT)
        else:
            saved = await self._post(action, fields)
            shown = await self._get(saved.location.partition("#")[0])
        if saved.status != (200 if self.has_script else 303) or shown.status != 200:
            self.measured.errors += 1
        self.measured.saves.append(saved.done_at - (saved.sent_at if due is None else due))
        self.measured.shows.append(shown.seconds)
        self.page = shown.body
        if b"/answer/submit" in self.page:
            receipt = await self._post("/answer/submit", {"csrf_token": self._token()})
            self.measured.errors += receipt.status != 303
            await self.begin()
        else:
            self.measured.weights.append(shown.weight)

    def close(self) -> None:
        self._line.close()

    async def _get(self, path: str) -> Reply:
        return self._remember(await self._line.ask("GET", path.partition("#")[0], self.cookie))

    async def _post(self, path: str, fields: dict[str, str], header: str = "") -> Reply:
        return self._remember(await self._line.ask("POST", path, self.cookie, fields, header))

    def _remember(self, reply: Reply) -> Reply:
        self.cookie = reply.cookie or self.cookie
        return reply

    def _token(self) -> str:
        found = TOKEN.search(self.page)
        assert found is not None, self.page[:500]
        return found[1].decode()

    def _form(self) -> tuple[str, str]:
        form, answer = FORM.search(self.page), FIELD.search(self.page)
        assert form is not None, self.page[:500]
        assert answer is not None, self.page[:500]
        return unescape(form[1].decode()), (answer[1] or b"1").decode()


@dataclass
class Spent:
    """Processor seconds of the web server, the database and this program."""

    web: float = 0.0
    database: float = 0.0
    us: float = 0.0

    def since(self, before: "Spent", answers: int) -> str:
        each = [
            (now - then) / max(1, answers) * 1000
            for now, then in zip(self.parts, before.parts, strict=True)
        ]
        return (
            f"processor time an answer: web {each[0]:.2f} ms, database {each[1]:.2f} ms, "
            f"this program {each[2]:.2f} ms: {2000 / sum(each):.0f} a second if two processors "
            "did nothing else"
        )

    @property
    def parts(self) -> tuple[float, float, float]:
        return self.web, self.database, self.us


def spent(web_pid: int) -> Spent:
    def of(process: psutil.Process) -> float:
        try:
            times = process.cpu_times()
            return times.user + times.system
        except psutil.NoSuchProcess:
            return 0.0

    web = psutil.Process(web_pid)
    database = [one for one in psutil.process_iter(["name"]) if one.info["name"] == "postgres"]
    mine = [one for one in database if _is_ours(one)]
    everybody = [web, *web.children(recursive=True)]
    return Spent(sum(map(of, everybody)), sum(map(of, mine)), of(psutil.Process()))


def _is_ours(process: psutil.Process) -> bool:
    """Other copies of PostgreSQL may run here. Ours names its database in what it does."""
    try:
        return os.environ["DATABASE_URL"].rpartition("/")[2].partition("?")[0] in " ".join(
            process.cmdline()
        )
    except psutil.Error:
        return False


async def saturate(students: list[Student], seconds: float) -> float:
    """Each answers as fast as it is served. How long it went on."""
    await asyncio.gather(*(student.begin() for student in students))
    began = time.perf_counter()

    async def go_on(student: Student) -> None:
        while time.perf_counter() - began < seconds:
            await student.answer()

    await asyncio.gather(*(go_on(student) for student in students))
    return time.perf_counter() - began


async def by_the_clock(students: list[Student], seconds: float) -> float:
    """Each answers one question every half second, however long the last one took. They stand at
    different questions: 64 who all send in and begin anew in one moment are no class."""
    for place, student in enumerate(students):
        await student.begin()
        for _ in range(place % AT_DIFFERENT_QUESTIONS):
            await student.answer()
        student.measured.forget()
    began = time.perf_counter()

    async def keep_time(place: int, student: Student) -> None:
        due = began + INTERVAL * place / len(students)
        while due - began < seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            student.measured.late.append(time.perf_counter() - due)
            await student.answer(due)
            due += INTERVAL

    await asyncio.gather(*(keep_time(*one) for one in enumerate(students)))
    return time.perf_counter() - began


async def bare(port: int, seconds: float, clients: int, *, stores: bool) -> list[float]:
    took: list[float] = []
    until = time.perf_counter() + seconds

    async def go_on(number: int) -> None:
        line = Line(port)
        while time.perf_counter() < until:
            fields = {"answer": "yes"} if stores else None
            reply = await line.ask("POST" if stores else "GET", f"/{number}", fields=fields)
            assert reply.status == 200
            took.append(reply.seconds)
        line.close()

    await asyncio.gather(*(go_on(number + 1) for number in range(clients)))
    return took


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=15)
    arguments.add_argument("--clients", type=int, default=16, help="at once, at saturation")
    arguments.add_argument("--students", type=int, default=64, help="by the clock")
    arguments.add_argument("--mode", choices=["pages", "chat"], default="pages")
    arguments.add_argument("--script", action="store_true", help="ask as answering.js does")
    arguments.add_argument("--pupils", type=int, default=1500)
    given = arguments.parse_args()
    with ExitStack() as stack:
        parts = stack.enter_context(_service())
        links = _links(parts, given.pupils)
        web, plain = parts.settings.port, free_port()
        web_pid = stack.enter_context(_serving(web, "-m", "outreach", "web"))
        words = ("-m", "tests.load.bare_view", str(plain), parts.settings.database_url)
        stack.enter_context(_serving(plain, *words))
        print(f"load average before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")
        for name, stores in (("reads one row", False), ("stores one row", True)):
            took = asyncio.run(bare(plain, given.seconds / 3, given.clients, stores=stores))
            rate = len(took) / (given.seconds / 3)
            print(f"a bare view {name}: {rate:.0f} a second, p99 {_of(took, 99)}")
        runs: list[tuple[str, int, Callable[[list[Student], float], Awaitable[float]]]] = [
            (f"at saturation, {given.clients} at once", given.clients, saturate),
            (f"by the clock, {given.students} students", given.students, by_the_clock),
        ]
        for name, number, run in runs:
            measured = Measured()
            students = [
                Student(web, links, given.mode, measured, given.script) for _ in range(number)
            ]
            before = spent(web_pid)
            seconds = asyncio.run(_run(run, students, given.seconds))
            how = f"{given.mode}, {'with' if given.script else 'without'} a script, {name}"
            print(measured.line(how, seconds))
            print("  " + spent(web_pid).since(before, len(measured.shows)))


async def _run(
    run: Callable[[list[Student], float], Awaitable[float]], students: list[Student], length: float
) -> float:
    seconds = await run(students, length)
    for student in students:
        student.close()
    return seconds


@contextmanager
def _service() -> Iterator[Parts]:
    folder = Path(tempfile.mkdtemp(prefix="outreach-load-"))
    embedded = start_parts(folder)
    try:
        url, port = embedded.database_url(embedded.new_database()), free_port()
        os.environ |= {
            "DATABASE_URL": url,
            "REDIS_URL": embedded.redis_url,
            "SMTP_URL": "smtp://127.0.0.1:1",
            "SECRET_KEYS": secrets.token_urlsafe(32),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "MAIL_FROM": "Load <load@outreach.example>",
            "PORT": str(port),
            "DATA_DIR": str(folder / "data"),
        }
        migrations.upgrade(url, url)
        yield wire(load(os.environ))
    finally:
        stop_parts(folder)


def _links(parts: Parts, pupils: int) -> deque[str]:
    school_id = made_school(parts, pupils)
    launched_here(parts, school_id)
    with transaction(parts.sessions, school_id) as session:
        school = session.get_one(School, school_id)
        ids = session.scalars(select(Link.id)).all()
        return deque(f"/q/{link_token(parts.signer, school.key, id)}" for id in ids)


@contextmanager
def _serving(port: int, *words: str) -> Iterator[int]:
    """Its process id, once it answers."""
    process = subprocess.Popen([sys.executable, *words], stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/1", timeout=5):
                    break
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def _of(seconds: list[float], percent: int) -> str:
    if len(seconds) < 2:
        return "–"
    return f"{statistics.quantiles(seconds, n=100)[percent - 1] * 1000:.0f} ms"


if __name__ == "__main__":
    main()
