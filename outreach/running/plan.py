"""The addresses of a DATA_DIR's embedded parts, decided once and written where commands find them.

Sockets follow from the folder. Ports are free ones: kept for the next start, chosen again only if
another program has taken them meanwhile.
"""

import json
import os
import socket
from dataclasses import dataclass, replace
from pathlib import Path

from outreach.running.postgres import Postgres, postgres_of
from outreach.running.valkey import Valkey, valkey_of
from outreach.settings import PLAN_FILE, Settings, practice_sources, read_plan


@dataclass(frozen=True)
class Parts:
    """The embedded parts of one DATA_DIR. Those replaced by a given setting stand unused."""

    postgres: Postgres | None
    valkey: Valkey | None
    smtp_port: int
    mailbox_port: int
    practice_port: int
    bounce_port: int

    @property
    def smtp_url(self) -> str:
        return f"smtp://127.0.0.1:{self.smtp_port}?starttls=off"

    @property
    def mailbox_url(self) -> str:
        return f"http://127.0.0.1:{self.mailbox_port}/"

    @property
    def practice_url(self) -> str:
        return f"http://127.0.0.1:{self.practice_port}/"

    def complete(self, settings: Settings) -> Settings:
        """The settings with the addresses of the embedded parts filled in."""
        practice = practice_sources(self.practice_url)
        is_practice = settings.is_practice_sources
        return replace(
            settings,
            database_url=self.postgres.url() if self.postgres else settings.database_url,
            redis_url=self.valkey.url if self.valkey else settings.redis_url,
            smtp_url=self.smtp_url if settings.is_embedded_mail else settings.smtp_url,
            wonde_url=practice.wonde if is_practice else settings.wonde_url,
            xporter_url=practice.xporter if is_practice else settings.xporter_url,
            xporter_token_url=(
                practice.xporter_token if is_practice else settings.xporter_token_url
            ),
        )


def parts_of(settings: Settings, *, may_move: bool = False, is_throwaway: bool = False) -> Parts:
    """Find the parts of this DATA_DIR, planning those that have no address yet.

    `may_move`: nothing of this DATA_DIR runs, so a port that is taken is taken by a stranger.
    """
    data_dir = settings.data_dir
    plan = read_plan(data_dir)
    names = ("smtp_port", "mailbox_port", "practice_port", "bounce_port")
    ports = [int(plan.get(name, 0)) for name in names]
    ports = [port if port and not (may_move and not is_free(port)) else 0 for port in ports]
    smtp_port, mailbox_port, practice_port, bounce_port = _fill_free(ports)
    parts = Parts(
        postgres=(
            postgres_of(data_dir, is_throwaway=is_throwaway)
            if settings.is_embedded_database
            else None
        ),
        valkey=valkey_of(data_dir) if settings.is_embedded_redis else None,
        smtp_port=smtp_port,
        mailbox_port=mailbox_port,
        practice_port=practice_port,
        bounce_port=settings.bounce_port if settings.is_bounce_port_given else bounce_port,
    )
    write_plan(data_dir, parts)
    return parts


def write_plan(data_dir: Path, parts: Parts) -> None:
    """Rewritten whole and renamed: a command never reads half of it."""
    plan = read_plan(data_dir) | {
        "smtp_url": parts.smtp_url,
        "smtp_port": str(parts.smtp_port),
        "mailbox_url": parts.mailbox_url,
        "mailbox_port": str(parts.mailbox_port),
        "practice_url": parts.practice_url,
        "bounce_port": str(parts.bounce_port),
        "practice_port": str(parts.practice_port),
    }
    if parts.postgres:
        plan["database_url"] = parts.postgres.url()
    if parts.valkey:
        plan["redis_url"] = parts.valkey.url
    draft = data_dir / f"{PLAN_FILE}.{os.getpid()}.draft"
    draft.write_text(json.dumps(plan, indent=1) + "\n")
    draft.chmod(0o600)
    draft.rename(data_dir / PLAN_FILE)


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether this port could be listened on. A connection that just ended does not hold it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return False
    return True


def _fill_free(ports: list[int]) -> list[int]:
    """Replace each 0 by a free port; all are held while choosing, so that they differ."""
    trials = []
    try:
        for port in ports:
            trial = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            trials.append(trial)
            trial.bind(("127.0.0.1", 0))
            if not port:
                ports[ports.index(port)] = trial.getsockname()[1]
        return ports
    finally:
        for trial in trials:
            trial.close()
