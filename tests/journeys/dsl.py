"""Journeys in a few words: launch → open → start → answer → back → submit → stored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, TextClause, event, func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from outreach import web
from outreach.answering.models import Answer, AnsweringSession, Mode, Response
from outreach.audit import OPERATOR
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.launching import begin_sending, launch, write_next_block
from outreach.campaigns.links import link_token, stop_token
from outreach.campaigns.models import Invitation, Link, Message
from outreach.clock import now
from outreach.database import Base, school_of, transaction
from outreach.pipelining import Express
from outreach.schools.models import Role
from questionnaires.loading import Library, load_file, load_library
from tests.contract.forms import Form, read_page
from tests.factories import MadeSchool, make_pupil, make_school

BOTH_MODES = pytest.mark.parametrize("mode", list(Mode), ids=lambda mode: mode.value)
"""`pytestmark = BOTH_MODES`: a module's journeys run as pages and as a chat."""
TINY = Path(__file__).parent.parent / "definitions"
BIRTHDAY = date(2011, 3, 14)


@dataclass
class TurnedClock:
    """A clock that stands still until the test turns it."""

    moment: datetime = field(default_factory=now)

    def __call__(self) -> datetime:
        return self.moment

    def turn(self, **by: float) -> None:
        self.moment += timedelta(**by)


@contextmanager
def tiny_library_and_clock(app: Flask) -> Iterator[TurnedClock]:
    """The app with the tiny questionnaires beside the published ones, and a clock to turn."""
    parts: web.Parts = app.extensions["outreach"]
    clock = TurnedClock()
    published = load_library()
    tiny = [load_file(path) for path in sorted(TINY.glob("*.yaml"))]
    every = [*tiny, *(published.latest(one) for one in published.ids)]
    library = Library(every, published.translations)
    app.extensions["outreach"] = replace(parts, library=library, clock=clock)
    yield clock
    app.extensions["outreach"] = parts


@dataclass
class Launched:
    """One student's invitation in a launched campaign."""

    app: Flask
    clock: TurnedClock
    school: MadeSchool
    pupil_id: UUID
    campaign_id: UUID
    invitation_id: UUID
    link_id: UUID
    mode: Mode = Mode.PAGES
    """How its browsers answer, unless they are told."""

    @property
    def parts(self) -> web.Parts:
        parts: web.Parts = self.app.extensions["outreach"]
        return parts

    @property
    def token(self) -> str:
        return link_token(self.parts.signer, self.school.key, self.link_id)

    @property
    def link(self) -> str:
        return f"/q/{self.token}"

    @property
    def stop_link(self) -> str:
        return f"/stop/{stop_token(self.parts.signer, self.school.key, self.link_id)}"

    def browser(self, mode: Mode | None = None) -> Browser:
        """A student's browser that answers in this mode, or in that of the test."""
        return Browser(self.app.test_client(), self, mode=mode or self.mode)

    @contextmanager
    def in_school(self) -> Iterator[Session]:
        with transaction(self.parts.sessions, self.school.id) as session:
            yield session

    @property
    def stored(self) -> dict[str, Any]:
        """Every saved answer as JSON, on the path or not."""
        with self.in_school() as session:
            rows = session.execute(select(Answer.question_id, Answer.value))
            return {question_id: value for question_id, value in rows}  # noqa: C416

    @property
    def response(self) -> Response | None:
        with self.in_school() as session:
            return session.scalars(select(Response)).one_or_none()

    @property
    def invitation(self) -> Invitation:
        with self.in_school() as session:
            return session.get_one(Invitation, (self.school.id, self.invitation_id))

    @property
    def messages(self) -> list[Message]:
        with self.in_school() as session:
            mine = select(Message).where(Message.invitation_id == self.invitation_id)
            return list(session.scalars(mine.order_by(Message.attempt)))

    @property
    def newest(self) -> Launched:
        """The same, by the newest link of this student."""
        mine = select(Link.id).where(
            Link.invitation_id == self.invitation_id, Link.revoked_at.is_(None)
        )
        with self.in_school() as session:
            newest = session.scalars(mine.order_by(Link.created_at.desc()).limit(1)).one()
        return replace(self, link_id=newest)

    def count(self, table: type[Base]) -> int:
        with self.in_school() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    @property
    def visits(self) -> int:
        return self.count(AnsweringSession)

    def change(self, row: type[Base], id: UUID, **values: object) -> None:
        with self.in_school() as session:
            found = session.get_one(row, (school_of(session), id))
            for name, value in values.items():
                setattr(found, name, value)


def launch_for(
    app: Flask,
    clock: TurnedClock,
    questionnaire: str = "branches",
    *,
    date_of_birth: date | None = BIRTHDAY,
    work: str | None = "",
    home: str | None = None,
    mode: Mode = Mode.PAGES,
) -> Launched:
    """A school of its own with one student, asked to answer `questionnaire`."""
    parts: web.Parts = app.extensions["outreach"]
    school = make_school(parts.sessions, Role.CAREERS_LEADER, Role.SAFEGUARDING)
    with transaction(parts.sessions, school.id) as session:
        pupil = make_pupil(session, year=10, date_of_birth=date_of_birth, work=work, home=home)
        make_pupil(session, year=10, forename="Second", surname="Asked")
        campaign = create_campaign(
            session,
            parts.library,
            name="Spring",
            questionnaire=questionnaire,
            years=[10],
            groups=[],
            closes_on=None,
            created_by=None,
            now=clock(),
        )
        launch(session, campaign.id, OPERATOR, clock())
    with transaction(parts.sessions, school.id) as session:
        while write_next_block(session, clock()):
            pass
        begin_sending(session, clock())
    with transaction(parts.sessions, school.id) as session:
        invitation = session.scalars(
            select(Invitation).where(Invitation.pupil_id == pupil.id)
        ).one()
        link_id = session.scalars(
            select(Link.id).where(Link.invitation_id == invitation.id)
        ).first()
        if link_id is None:  # nobody mailable gets a link at launch: a printed code would be one
            link = Link(school_id=school.id, invitation_id=invitation.id, created_at=clock())
            session.add(link)
            session.flush()
            link_id = link.id
        ids = (pupil.id, campaign.id, invitation.id, link_id)
        return Launched(app, clock, school, *ids, mode=mode)


@dataclass
class Browser:
    """A student's browser. Follows redirects, keeps cookies, knows the page it is on."""

    client: FlaskClient
    launched: Launched
    page: TestResponse | None = None
    mode: Mode = Mode.PAGES

    def get(self, address: str) -> Browser:
        self.page = self.client.get(address, follow_redirects=True)
        return self

    def post(self, address: str, **fields: str | Sequence[str]) -> Browser:
        self.page = self.client.post(address, data=fields, follow_redirects=True)
        return self

    def open(self) -> Browser:
        return self.get(self.launched.link)

    def start(self) -> Browser:
        """Open the link and press Start, or the button beside it that starts the chat."""
        self.open()
        if self.mode is Mode.PAGES or not self.forms:
            return (
                self.press()
            )  # the first button, which is what a program presses that reads forms
        return self.press(mode=self.mode.value)

    def press(self, number: int = 0, **fields: str | Sequence[str]) -> Browser:
        """Send a form of this page's main part, as the page gives it, with these fields."""
        form = self.forms[number]
        return self.post(form.action or self.address, **form.hidden, **fields)

    def answer(self, value: str | Sequence[str]) -> Browser:
        return self.press(answer=value)

    def skip(self) -> Browser:
        return self.press(action="skip")

    def change_way(self, to: str, **typed: str | Sequence[str]) -> Browser:
        """Press a button below the question: it sends along what is typed there."""
        found = re.search(r'formaction="([^"]+)"|action="(/answer/ways[^"]+)"', self.text)
        assert found is not None
        address = unescape(found[1] or found[2])
        token = self.forms[0].hidden if self.forms else self.token
        return self.post(address, **token, to=to, **typed)

    @property
    def token(self) -> dict[str, str]:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.text)
        assert found is not None
        return {"csrf_token": found[1]}

    def back(self) -> Browser:
        return self.get(self.link_of("Back"))

    def change(self, question_id: str) -> Browser:
        return self.get(f"/answer/{question_id}?from=check")

    def submit(self) -> Browser:
        return self.get("/answer/check").press()

    def prove(self, day: str | int, month: str | int) -> Browser:
        return self.press(**{"birthday-day": str(day), "birthday-month": str(month)})

    @property
    def shown(self) -> TestResponse:
        assert self.page is not None, "no page is open"
        return self.page

    @property
    def status(self) -> int:
        return self.shown.status_code

    @property
    def address(self) -> str:
        asked = self.shown.request
        query = asked.query_string.decode()
        return f"{asked.path}?{query}" if query else asked.path

    @property
    def path(self) -> str:
        return urlsplit(self.address).path

    @property
    def text(self) -> str:
        return self.shown.text

    @property
    def words(self) -> str:
        """What is read in main, without tags."""
        main = re.search(r"<main.*</main>", self.text, re.DOTALL)
        assert main is not None
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", main.group(0))).split())

    @property
    def heading(self) -> str:
        headings = re.findall(r"<h1[^>]*>(.*?)</h1>", self.text, re.DOTALL)
        assert len(headings) == 1, (self.address, headings)
        return unescape(re.sub(r"<[^>]+>", "", headings[0])).strip()

    @property
    def title(self) -> str:
        found = re.search(r"<title>(.*?)</title>", self.text, re.DOTALL)
        assert found is not None
        return unescape(found.group(1)).strip()

    @property
    def chosen(self) -> set[str]:
        """Values that this page shows as the answer so far."""
        ticked = re.findall(r'value="([^"]+)" checked', self.text)
        return {*ticked, *re.findall(r'reply-now"[^>]* value="([^"]+)"', self.text)}

    def says(self, asked: str, answer: str) -> bool:
        """Whether this page says that this was answered to that."""
        between = " " if self.mode is Mode.PAGES else " You said: "
        return f"{asked}{between}{answer}" in self.words

    @property
    def forms(self) -> list[Form]:
        return read_page(self.text).forms

    def link_of(self, words: str) -> str:
        for address, inner in re.findall(r'<a href="([^"]+)"[^>]*>(.*?)</a>', self.text, re.DOTALL):
            if unescape(re.sub(r"<[^>]+>", "", inner)).strip() == words:
                return unescape(address)
        raise AssertionError(f"no link “{words}” on {self.address}")


@contextmanager
def statements_of(launched: Launched) -> Iterator[list[str]]:
    """The SQL that the app sends meanwhile, without COMMIT and the like.

    What goes by the express is one round trip, whatever it is.
    """
    engine: Engine = launched.parts.sessions.kw["bind"]
    seen: list[str] = []
    send = Express.rows

    def note_express(
        express: Express, school_id: UUID, statement: TextClause, values: Mapping[str, Any]
    ) -> Sequence[Any]:
        seen.append(" ".join(statement.text.split()))
        return send(express, school_id, statement, values)

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(" ".join(statement.split()))

    event.listen(engine, "before_cursor_execute", note)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Express, "rows", note_express)
            yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def writes(statements: Sequence[str]) -> list[str]:
    return [one for one in statements if re.match(r"(?i)insert|update|delete|.* for update", one)]
