"""The real thing for every test that asks: PostgreSQL, Redis, a mail server, the app, the workers."""

import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from outreach import migrations, tables, web
from outreach.app import create_app
from outreach.database import Sessions, make_engine, transaction
from outreach.settings import Settings, load
from tests.contract.catching import Catcher, catch_mail
from tests.parts import Parts as Embedded

pytest_plugins = ["tests.parts"]

LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")


def _refuse_the_outside(event: str, arguments: tuple[object, ...]) -> None:
    """No test speaks to anything but this machine."""
    if event != "socket.connect":
        return
    address = arguments[1]
    if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
        message = f"a test tried to reach {address[0]}"
        raise PermissionError(message)


sys.addaudithook(_refuse_the_outside)


@pytest.fixture(scope="session")
def mail_server() -> Iterator[Catcher]:
    with catch_mail() as catcher:
        yield catcher


@pytest.fixture(scope="session")
def settings(
    parts: Embedded, mail_server: Catcher, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """As an operator gives them, in the environment, so that workers wire the same parts."""
    template = parts.template("migrated", lambda url: migrations.upgrade(url, url))
    environ = {
        "DATABASE_URL": parts.database_url(parts.new_database(template)),
        "REDIS_URL": parts.redis_url,
        "SMTP_URL": f"smtp://127.0.0.1:{mail_server.port}",
        "SECRET_KEYS": f"{secrets.token_urlsafe(32)},{secrets.token_urlsafe(32)}",
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "MAIL_FROM": "Future Skills <questionnaires@outreach.example>",
        "PORT": "8000",
        "DATA_DIR": str(tmp_path_factory.mktemp("data")),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        yield load(os.environ)


@pytest.fixture(scope="session")
def wired_app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    yield app
    wired: web.Parts = app.extensions["outreach"]
    wired.sessions.kw["bind"].dispose()
    wired.redis.close()


@pytest.fixture(scope="session")
def owner_engine(settings: Settings) -> Iterator[Engine]:
    engine = make_engine(settings.database_url, as_owner=True)
    yield engine
    engine.dispose()


@pytest.fixture
def app(wired_app: Flask, owner_engine: Engine, mail_server: Catcher, settings: Settings) -> Flask:
    """The app over empty tables, an empty queue, an empty mailbox and no journal."""
    names = ", ".join(sorted(tables.names))
    with owner_engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {names}"))
    wired_app.extensions["outreach"].redis.flushdb()
    mail_server.forget()
    shutil.rmtree(settings.data_dir / "journal", ignore_errors=True)
    return wired_app


@pytest.fixture
def wired(app: Flask) -> web.Parts:
    return app.extensions["outreach"]


@pytest.fixture
def sessions(wired: web.Parts) -> Sessions:
    return wired.sessions


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def in_school(sessions: Sessions) -> Callable[[UUID], Iterator[Session]]:
    """`with in_school(school.id) as session:` is one committed transaction in that school."""
    return lambda school_id: transaction(sessions, school_id)


@pytest.fixture
def mailbox(app: Flask, mail_server: Catcher) -> Catcher:
    return mail_server


@pytest.fixture
def data_dir(settings: Settings) -> Path:
    return settings.data_dir
