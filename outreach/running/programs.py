"""Which processes make up the set: the embedded parts, then the service itself."""

import smtplib
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from outreach.running.plan import Parts
from outreach.running.records import Program
from outreach.settings import Settings

WORKERS = 2


@dataclass(frozen=True)
class Member:
    """A process of the set, and how to see that it is ready (None: as soon as it runs)."""

    program: Program
    is_ready: Callable[[], bool] | None = None


def embedded_members(settings: Settings, parts: Parts, environ: Mapping[str, str]) -> list[Member]:
    """The parts that no given setting replaces, in the order they start."""
    members = []
    if parts.postgres:
        members.append(Member(parts.postgres.program(), parts.postgres.is_ready))
    if parts.valkey:
        members.append(Member(parts.valkey.program(), parts.valkey.is_ready))
    if settings.is_embedded_mail:
        members.append(Member(_mailbox(settings, parts, environ), lambda: _greets(parts.smtp_port)))
    if settings.is_practice_sources:
        practice = _practice(settings, parts, environ)
        members.append(Member(practice, lambda: _answers("127.0.0.1", parts.practice_port)))
    return members


def service_members(settings: Settings, environ: Mapping[str, str]) -> list[Member]:
    """What the Procfile names, with more than one worker."""
    web = Member(_command(settings, environ, "web"), lambda: _serves(settings))
    workers = [
        Member(_command(settings, environ, "worker", f"worker.{number}"))
        for number in range(1, WORKERS + 1)
    ]
    bounces = [Member(_command(settings, environ, "bounces", arguments=("receive",)))]
    schedule = Member(_command(settings, environ, "schedule"))
    return [web, *workers, schedule, *(bounces if settings.bounce_domain else [])]


def command_of_service(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "outreach", *words)


def environ_of_service(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment as given, with DATA_DIR spelt out and output that is not held back."""
    return dict(environ) | {"DATA_DIR": str(settings.data_dir), "PYTHONUNBUFFERED": "1"}


def _command(
    settings: Settings,
    environ: Mapping[str, str],
    word: str,
    name: str | None = None,
    arguments: tuple[str, ...] = (),
) -> Program:
    return Program(
        name=name or word,
        command=command_of_service(word, *arguments),
        environ=environ_of_service(settings, environ),
        folder=Path.cwd(),
    )


def _mailbox(settings: Settings, parts: Parts, environ: Mapping[str, str]) -> Program:
    ports = (str(parts.smtp_port), str(parts.mailbox_port))
    folder = settings.data_dir / "mailbox"
    return Program(
        name="mailbox",
        command=(
            *(sys.executable, "-m", "outreach.running.mailbox", *ports, str(folder)),
            str(parts.bounce_port),
        ),
        environ=environ_of_service(settings, environ),
        folder=Path.cwd(),
    )


def _practice(settings: Settings, parts: Parts, environ: Mapping[str, str]) -> Program:
    return Program(
        name="practice",
        command=(sys.executable, "-m", "outreach.demo.practice", str(parts.practice_port)),
        environ=environ_of_service(settings, environ),
        folder=Path.cwd(),
    )


def _greets(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost", timeout=5):
            return True
    except OSError:
        return False


def _serves(settings: Settings) -> bool:
    """A page comes back, whatever it says: the port is open well before a worker has started."""
    host = "::1" if settings.public_url.startswith("http://[::1]") else "127.0.0.1"
    connection = HTTPConnection(host, settings.port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status > 0
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=5):
            return True
    except OSError:
        return False
