"""The web app under gunicorn."""

import gc
import importlib
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from outreach.settings import Settings

WORKERS = 2
THREADS = 2
"""More of them wait for Python's lock rather than for PostgreSQL: with four, a saved answer cost a
quarter more processor time than with two (tests/load/answering_rate.py)."""
YOUNG_OBJECTS = 20_000
"""Made since the last look. A page makes about two thousand, nearly all of them gone with it."""
ANSWER_WITHIN = 60
"""Seconds after which a worker that stopped answering is replaced."""
FINISH_WITHIN = 5
"""Seconds that requests under way get when the service ends or is upgraded."""


class WordlessLogger(Logger):  # type: ignore[misc] # gunicorn has no types
    """A request that cannot be parsed is told of, not quoted: its Cookie line holds a secret."""

    def warning(self, msg: str, *args: object, **kwargs: Any) -> None:
        if msg.startswith("Invalid request"):
            msg, args = "A request that is not HTTP was refused.", ()
        super().warning(msg, *args, **kwargs)


class WebServer(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    """Threads suit an app that mostly waits for PostgreSQL; two processes use two cores."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": bind_addresses(self._settings),
            "worker_class": "gthread",
            "workers": WORKERS,
            "threads": THREADS,
            "timeout": ANSWER_WITHIN,
            "graceful_timeout": FINISH_WITHIN,
            "keepalive": 5,
            "accesslog": None,
            "loglevel": "warning",
            "logger_class": WordlessLogger,
            "control_socket_disable": True,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called in each worker after the fork: no connection is shared between processes."""
        from outreach.app import create_app

        app = create_app(self._settings)
        _leave_what_stays()
        return app


def _leave_what_stays() -> None:
    """Code, questionnaires and tables live as long as the process: looking through them for what is
    not needed any more, several times a second, took a third of the time of a saved answer."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


def bind_addresses(settings: Settings) -> list[str]:
    """Loopback alone where PUBLIC_URL is, every address where a proxy may stand elsewhere."""
    if settings.is_public:
        return [f"0.0.0.0:{settings.port}"]
    host = urlsplit(settings.public_url).hostname
    return [f"[::1]:{settings.port}" if host == "::1" else f"127.0.0.1:{settings.port}"]


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished first.

    The code is imported before the fork, once for all workers; what connects is made after it.
    """
    importlib.import_module("outreach.app")
    WebServer(settings).run()
