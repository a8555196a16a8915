"""Practice information systems of the demo: what `make run` starts beside the service.

    python -m outreach.demo.practice PORT

Wonde, Xporter and OneRoster hold the demo school's pupils. The page at / says what to type when
connecting, and lets a newcomer do what a school does there: agree, pause, revoke, let a day pass.
"""

import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from outreach.clock import london_date
from outreach.demo.loading import URN
from outreach.demo.practice_school import pass_a_day, practice_roster
from outreach.practice.oneroster import OneRosterPractice
from outreach.practice.people import PracticePupil
from outreach.practice.schools import PRACTICE_SCHOOLS
from outreach.practice.server import PracticeServer, Reply, Request
from outreach.practice.wonde import WondePractice
from outreach.practice.xporter import XporterPractice
from outreach.practice.xporter_school import XporterSchool
from outreach.reading_settings import is_loopback

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
Act = Callable[[], Any]


@dataclass(frozen=True)
class System:
    """One practice system as the page shows it: its state in words, and what can be done there."""

    name: str
    called: str
    where: str
    external_id: str
    secret: str
    state: Callable[[], str]
    count: Callable[[], int]
    acts: dict[str, tuple[str, Act]]


class Desk:
    """The page, and the systems behind it. Every press is a POST from this very page."""

    def __init__(self, today: date) -> None:
        pupils = practice_roster(today, URN)
        self.wonde = WondePractice()
        wonde, xporter, oneroster = (PRACTICE_SCHOOLS[n] for n in ("wonde", "xporter", "oneroster"))
        self.wonde.add_school(wonde.external_id, wonde.name, wonde.secret, pupils, urn=URN)
        school = XporterSchool(xporter.external_id, xporter.secret, xporter.name, list(pupils))
        self.xporter = XporterPractice(school)
        self.oneroster = OneRosterPractice(
            pupils, client_id=oneroster.external_id, secret=oneroster.secret
        )
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "practice_pages"),
            undefined=StrictUndefined,
            autoescape=True,
        )

    def integrators(self) -> dict[str, Callable[[Request], Reply]]:
        return {
            "": self.show,
            "press": self.press,
            "wonde": self.wonde,
            "xporter": self.xporter,
            "oneroster": self.oneroster,
        }

    def show(self, request: Request) -> Reply:
        if not _is_from_here(request):
            return Reply(403, {"error": "this page answers to this machine's own name only"})
        page = self._templates.get_template("desk.html").render(systems=self.systems())
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY}
        return Reply(200, content=page.encode(), headers=headers)

    def press(self, request: Request) -> Reply:
        """POST /press/SYSTEM with `do`. A page of another origin is not obeyed."""
        origin = request.headers.get("origin", "")
        if request.method != "POST" or not _is_from_here(request) or not _is_own(origin, request):
            return Reply(403, {"error": "press the button on the page itself"})
        system = next((s for s in self.systems() if f"/{s.name}" == request.path), None)
        act = system.acts.get(request.form.get("do", "")) if system else None
        if act is None:
            return Reply(404, {"error": "no such thing to do"})
        act[1]()
        return Reply(303, headers={"Location": "/"})

    def systems(self) -> list[System]:
        wonde = self.wonde.schools[PRACTICE_SCHOOLS["wonde"].external_id]
        xporter = self.xporter.schools[PRACTICE_SCHOOLS["xporter"].external_id]
        return [
            self._system(
                "wonde",
                "Wonde",
                lambda: wonde.state or "nobody has asked",
                lambda: len(wonde.pupils),
                {
                    "agree": ("Agree", lambda: setattr(wonde, "state", "approved")),
                    "revoke": ("Revoke", lambda: setattr(wonde, "state", "revoked")),
                    "day": ("Let a day pass", self._day_at_wonde),
                },
            ),
            self._system(
                "xporter",
                "Groupcall Xporter",
                lambda: xporter.state,
                lambda: len(xporter.pupils),
                {
                    "agree": ("Agree", lambda: setattr(xporter, "state", "valid")),
                    "pause": ("Pause", lambda: self._end_at_xporter(xporter, "paused")),
                    "revoke": ("Revoke", lambda: self._end_at_xporter(xporter, "revoked")),
                    "day": ("Let a day pass", lambda: self._day_at_xporter(xporter)),
                },
            ),
            self._system(
                "oneroster",
                "OneRoster",
                lambda: "revoked" if self.oneroster.is_revoked else "open",
                lambda: len(self.oneroster.pupils),
                {
                    "agree": ("Agree", lambda: setattr(self.oneroster, "is_revoked", False)),
                    "revoke": ("Revoke", lambda: setattr(self.oneroster, "is_revoked", True)),
                    "day": ("Let a day pass", self._day_at_oneroster),
                },
            ),
        ]

    def _system(
        self,
        name: str,
        called: str,
        state: Callable[[], str],
        count: Callable[[], int],
        acts: dict[str, tuple[str, Act]],
    ) -> System:
        school = PRACTICE_SCHOOLS[name]
        return System(name, called, name, school.external_id, school.secret, state, count, acts)

    def _day_at_wonde(self) -> None:
        school = self.wonde.schools[PRACTICE_SCHOOLS["wonde"].external_id]
        now = datetime.now(UTC)
        before = dict(school.pupils)
        after = {p.id: p for p in pass_a_day(list(before.values()))}
        for number in before.keys() - after.keys():
            school.leave(number, london_date(now))
        for number, pupil in after.items():
            if before.get(number) != pupil:
                school.put(pupil, now)

    def _day_at_xporter(self, school: XporterSchool) -> None:
        today = london_date(datetime.now(UTC))
        after = pass_a_day(school.pupils)
        kept = {pupil.id for pupil in after}
        left = [p.but(leaving_date=today) for p in school.pupils if p.id not in kept]
        school.leavers, school.pupils = [*school.leavers, *left], after

    def _day_at_oneroster(self) -> None:
        now = datetime.now(UTC)
        before: dict[int, PracticePupil] = dict(self.oneroster.pupils)
        after = {p.id: p for p in pass_a_day(list(before.values()))}
        for number in before.keys() - after.keys():
            del self.oneroster.pupils[number]
        for number, pupil in after.items():
            if before.get(number) != pupil:
                self.oneroster.put(pupil, now)

    def _end_at_xporter(self, school: XporterSchool, state: str) -> None:
        school.state = state
        self.xporter.tokens.clear()


def _is_from_here(request: Request) -> bool:
    """A page elsewhere whose name leads to this machine reads nothing of it."""
    return is_loopback(urlsplit(f"//{request.headers.get('host', '')}").hostname or "")


def _is_own(origin: str, request: Request) -> bool:
    return not origin or origin == f"http://{request.headers.get('host', '')}"


def main(port: int) -> None:
    server = PracticeServer(Desk(london_date(datetime.now(UTC))).integrators(), port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
