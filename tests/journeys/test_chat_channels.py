"""News of campaigns in a school's chat: told once, never with a name, over a real socket."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select

import workers.chat
import workers.write_back
from outreach import web
from outreach.audit import OPERATOR
from outreach.campaigns.chat.channels import add_channel, reseal_channels, sealer_of
from outreach.campaigns.chat.models import ChatChannel, ChatKind, ChatNews, News, NewsState
from outreach.campaigns.chat.posting import NOT_PUBLIC, Message, Posted, body_for, post
from outreach.campaigns.chat.telling import claim_news, note_half_way, tell_held
from outreach.campaigns.creating import create_campaign
from outreach.campaigns.launching import begin_sending, launch, write_next_block
from outreach.database import transaction
from outreach.schools.models import Role
from tests.answered import answer_and_submit
from tests.factories import MadeSchool, make_pupil, make_school, signed_in
from tests.journeys.dsl import TurnedClock
from tests.journeys.staff_pages import submit

TUESDAY = datetime(2026, 11, 24, 11, tzinfo=UTC)
SECRET = "/hooks/T0/s3cret-part"


@dataclass
class Chat:
    """A chat's server, which answers what it is told to."""

    port: int = 0
    answers: list[int | None] = field(default_factory=list)
    bodies: list[dict] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}{SECRET}"

    @property
    def texts(self) -> list[str]:
        return [json.dumps(body, ensure_ascii=False) for body in self.bodies]


@pytest.fixture
def chat() -> Iterator[Chat]:
    kept = Chat()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.bodies.append(json.loads(body))
            kept.paths.append(self.path)
            status = kept.answers.pop(0) if kept.answers else 200
            if status is None:
                self.close_connection = True
                return  # broken off without an answer
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    kept.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def posting(app: Flask, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch) -> TurnedClock:
    """The job, by the turned clock and allowed to post to this machine."""
    clock.moment = TUESDAY
    monkeypatch.setattr(workers.chat, "parts", lambda: app.extensions["outreach"])
    monkeypatch.setattr(workers.chat, "post", partial(post, may_be_private=True))
    return clock


def add(parts: web.Parts, school: MadeSchool, chat: Chat, kind: ChatKind = ChatKind.SLACK) -> None:
    """As `add_channel` keeps it; that one takes no address of this machine."""
    with transaction(parts.sessions, school.id) as session:
        sealed = sealer_of(parts.settings.secret_keys).seal(chat.address)
        row = ChatChannel(
            school_id=school.id,
            kind=kind,
            name="Careers",
            sealed_address=sealed,
            created_at=TUESDAY,
        )
        session.add(row)


def begin(parts: web.Parts, school: MadeSchool, now: datetime, pupils: int = 2) -> tuple:
    with transaction(parts.sessions, school.id) as session:
        ids = [make_pupil(session, surname="Zelkova").id for _ in range(pupils)]
        campaign = create_campaign(
            session,
            parts.library,
            name="Autumn *term*",
            questionnaire="gcse",
            years=[10],
            groups=[],
            closes_on=date(2026, 12, 4),
            created_by=None,
            now=now,
        )
        launch(session, campaign.id, OPERATOR, now)
        while write_next_block(session, now):
            pass
        begin_sending(session, now)
        return campaign.id, ids


def news(parts: web.Parts, school: MadeSchool) -> dict[News, tuple[NewsState, str | None]]:
    with transaction(parts.sessions, school.id) as session:
        rows = session.scalars(select(ChatNews))
        return {row.news: (row.state, row.words) for row in rows}


def test_a_channel_is_told_of_launch_half_way_held_domain_and_closing_once_each(
    app: Flask, posting: TurnedClock, chat: Chat
) -> None:
    parts: web.Parts = app.extensions["outreach"]
    school = make_school(parts.sessions)
    add(parts, school, chat)
    campaign_id, pupils = begin(parts, school, posting())

    def work() -> None:
        workers.chat.run(str(school.id))

    work()
    work()
    assert len(chat.bodies) == 1
    assert "has begun" in chat.texts[0]
    assert "2 students are asked. It closes at the end of 4 December 2026" in chat.texts[0]
    assert f"http://127.0.0.1:8000/staff/campaigns/{campaign_id}" in chat.texts[0]
    assert chat.paths == [SECRET]

    with transaction(parts.sessions, school.id) as session:
        note_half_way(session, posting())
        answer_and_submit(session, parts.library, campaign_id, pupils[0], posting())
        for _ in range(2):
            note_half_way(session, posting())
        held_id = uuid4()
        for _ in range(2):
            tell_held(session, campaign_id, held_id, posting())
    posting.moment = TUESDAY.replace(day=25)
    work()
    told = " ".join(chat.texts[1:])
    assert len(chat.bodies) == 3
    assert "1 of 2 students have answered" in told
    assert "is being turned away" in told

    posting.moment = datetime(2026, 12, 3, 10, 1, tzinfo=UTC)
    work()
    work()
    assert len(chat.bodies) == 4
    assert "closes tomorrow" in chat.texts[3]
    assert "Zelkova" not in " ".join(chat.texts)
    assert {state for state, _ in news(parts, school).values()} == {NewsState.POSTED}


def test_what_was_perhaps_posted_is_not_posted_again_and_what_was_not_is_tried_later(
    app: Flask, posting: TurnedClock, chat: Chat
) -> None:
    parts: web.Parts = app.extensions["outreach"]
    broken, busy, dead, refused = (make_school(parts.sessions) for _ in range(4))
    for school in (broken, busy, dead, refused):
        add(parts, school, chat)
        begin(parts, school, posting(), 1)

    def work(school: MadeSchool, *answers: int | None) -> tuple[NewsState, str | None]:
        chat.answers[:] = answers
        workers.chat.run(str(school.id))
        return news(parts, school)[News.LAUNCHED]

    assert work(broken, None)[0] is NewsState.UNKNOWN
    assert work(busy, 429)[0] is NewsState.WAITING
    state, words = work(refused, 404)
    assert state is NewsState.GIVEN_UP
    assert "Add it again" in words
    with transaction(parts.sessions, dead.id) as session:
        assert claim_news(session, posting()) is not None  # and its worker dies
    before = len(chat.bodies)
    posting.turn(minutes=6)
    assert work(broken)[0] is NewsState.UNKNOWN
    assert work(dead)[0] is NewsState.UNKNOWN
    assert work(refused)[0] is NewsState.GIVEN_UP
    assert len(chat.bodies) == before
    assert work(busy, 302)[0] is NewsState.GIVEN_UP, "a redirect is not followed"
    assert len(chat.bodies) == before + 1

    with transaction(parts.sessions, busy.id) as session:
        row = session.scalars(select(ChatNews).where(ChatNews.news == News.LAUNCHED)).one()
        row.state, row.next_attempt_at = NewsState.WAITING, posting()
    posting.turn(hours=25)
    assert work(busy, 503)[0] is NewsState.GIVEN_UP, "by now it is no news"


def test_an_administrator_adds_tries_and_takes_away_a_channel(
    app: Flask, posting: TurnedClock, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    parts: web.Parts = app.extensions["outreach"]
    school, other = make_school(parts.sessions), make_school(parts.sessions)
    with transaction(parts.sessions, other.id) as session:
        sealer = sealer_of(parts.settings.secret_keys)
        where = "https://chat.example/x"
        theirs = add_channel(session, sealer, ChatKind.SLACK, "T", where, OPERATOR, posting()).id
    posting.moment = datetime.now(UTC)
    admin = signed_in(app, school, Role.ADMIN)
    page = "/staff/chat"
    for address in ("http://chat.example/x", "https://chat.example:8443/x", "chat", ""):
        refused = submit(admin, page, kind="teams", name="Careers", address=address)
        assert refused.status_code == 400
        assert "begins with https://" in refused.text
    assert submit(admin, page, kind="", name="x", address="").status_code == 400
    secret = "https://chat.example/hooks/s3cret-part"
    assert submit(admin, page, kind="teams", name="Careers", address=secret).status_code == 303
    with transaction(parts.sessions, school.id) as session:
        channel = session.scalars(select(ChatChannel)).one()
        assert b"s3cret" not in channel.sealed_address
        channel.sealed_address = sealer_of(parts.settings.secret_keys).seal(chat.address)
        channel_id = channel.id
    assert "s3cret" not in admin.get(page).text
    assert submit(admin, page, f"{page}/{channel_id}/test").status_code == 303
    workers.chat.run(str(school.id))
    card = chat.bodies[0]["attachments"][0]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert card["content"]["body"][0]["text"] == "A test"
    assert "Posted" in unescape(admin.get(page).text)

    leader = signed_in(app, school)
    assert "Add a channel" not in leader.get(page).text
    for what in ("test", "remove"):
        assert (
            submit(leader, "/staff/school/terms", f"{page}/{channel_id}/{what}").status_code == 403
        )
        assert submit(admin, page, f"{page}/{theirs}/{what}").status_code == 404
    assert submit(admin, page, f"{page}/{channel_id}/remove").status_code == 303
    assert "No channels yet" in admin.get(page).text
    assert "s3cret" not in caplog.text


def test_nothing_is_posted_to_an_address_that_is_not_public() -> None:
    said = Message("A", "B", "https://q.example/")
    for address in (
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://[::1]/x",
        "http://93.184.215.14/x",
    ):
        outcome = post(ChatKind.SLACK, address, said)
        assert (outcome.posted, outcome.words) == (Posted.REFUSED, NOT_PUBLIC), address


@pytest.mark.parametrize("kind", ChatKind, ids=lambda kind: kind.value)
def test_a_name_that_staff_typed_is_never_markup(kind: ChatKind) -> None:
    said = Message(
        "<!channel> *a*", "[b](https://x.example) <users/all> @here", "https://q.example/"
    )
    text = json.dumps(body_for(kind, said))

    for mark in ("<!channel>", "<users/all>", "](", "@here", "*a*"):
        assert mark not in text
    assert "https://q.example/" in text


def test_a_channel_goes_on_when_the_key_that_sealed_it_is_taken_away(wired: web.Parts) -> None:
    school = make_school(wired.sessions)
    new, *old = "n" * 32, *wired.settings.secret_keys
    with transaction(wired.sessions, school.id) as session:
        where = "https://chat.example/x"
        before = sealer_of(old)
        add_channel(session, before, ChatKind.SLACK, "T", where, OPERATOR, TUESDAY)

    assert reseal_channels(wired.sessions, sealer_of([new, *old])) == 1
    assert reseal_channels(wired.sessions, sealer_of([new, *old])) == 0

    with transaction(wired.sessions, school.id) as session:
        kept = session.scalars(select(ChatChannel)).one()
        assert sealer_of([new]).open(kept.sealed_address) == where
