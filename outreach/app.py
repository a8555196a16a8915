"""The web application: the one place where its parts are put together."""

import hashlib
import logging
import time
from functools import cache
from mimetypes import guess_type
from pathlib import Path
from types import TracebackType
from typing import TypeAlias
from urllib.parse import urlsplit

from flask import Flask, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_compress import Compress
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from outreach import web
from outreach.database import NotReady
from outreach.errors import NotAllowed, NotFound, OutreachError
from outreach.schools.access import public_page
from outreach.settings import Settings
from outreach.wiring import wire

PROJECT = Path(__file__).parent.parent
STATIC = Path(__file__).parent / "static"
ExceptionInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)
access_log = logging.getLogger("outreach.access")
log = logging.getLogger(__name__)

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
IMMUTABLE = "public, max-age=31536000, immutable"
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class Service(Flask):
    """Flask, but for its own log of an exception, which names the path: a path can be a key."""

    def log_exception(self, exc_info: ExceptionInfo) -> None:
        kind = exc_info[0].__name__ if exc_info[0] else "nothing"
        log.error("not handled route=%s: %s", request.endpoint, kind)


def create_app(settings: Settings) -> Flask:
    app = Service(
        "outreach",
        template_folder=str(PROJECT / "templates"),
        static_folder=None,
    )
    app.config.update(_flask_config(settings))
    app.extensions["outreach"] = wire(settings)
    app.jinja_env.globals["static_url"] = static_url
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.before_request(_start_timer)
    web.init_app(app)
    # Flask runs these in reverse: commit, protect, compress, log.
    app.after_request(_log_access)
    Compress(app)
    app.after_request(_protect)
    app.after_request(web.commit_request)
    _register_rooms(app)
    app.add_url_rule("/health", "health", _show_health)
    app.add_url_rule("/static/<name>", "static", _show_static)
    _register_errors(app)
    return app


def _flask_config(settings: Settings) -> dict[str, object]:
    host = urlsplit(settings.public_url).hostname or "127.0.0.1"
    return {
        "SECRET_KEY": settings.secret_keys[0],
        "SECRET_KEY_FALLBACKS": list(settings.secret_keys[1:]),
        # Browsers share cookies between the ports of one host: two copies must not mix theirs.
        "SESSION_COOKIE_NAME": (
            "__Host-outreach" if settings.is_https else f"outreach-{settings.port}"
        ),
        "SESSION_COOKIE_SECURE": settings.is_https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False,
        "TRUSTED_HOSTS": sorted({host, "127.0.0.1", "localhost", "[::1]"}),
        "MAX_CONTENT_LENGTH": 1_000_000,
        "COMPRESS_ALGORITHM": ["br", "gzip"],
        "COMPRESS_BR_LEVEL": 3,  # a fifth heavier than 5, in a quarter of the time
        "COMPRESS_MIN_SIZE": 400,
        "COMPRESS_STREAMS": False,
    }


def _register_rooms(app: Flask) -> None:
    from outreach.answering import views as answering
    from outreach.campaigns import views as campaigns
    from outreach.it_team import views as it_team
    from outreach.privacy import views as privacy
    from outreach.profiles import views as profiles
    from outreach.pupils import views as pupils
    from outreach.reports import views as reports
    from outreach.schools import views as schools

    for room in (schools, pupils, campaigns, answering, profiles, reports, privacy, it_team):
        room.init_app(app)


@public_page("a load balancer asks it; it says nothing but yes or no")
def _show_health() -> ResponseReturnValue:
    """200 where PostgreSQL answers; an error handler says 503 where it does not."""
    web.db().execute(text("SELECT 1"))
    return {"well": True}


@public_page("style, script and icon; nothing of anybody")
def _show_static(name: str) -> ResponseReturnValue:
    """From memory, whole: what is streamed would not be compressed."""
    if name not in _static_files():
        return _page(404)
    content, kind = _static_files()[name]
    return Response(content, mimetype=kind)


@cache
def _static_files() -> dict[str, tuple[bytes, str]]:
    found = (path for path in STATIC.iterdir() if path.is_file())
    return {p.name: (p.read_bytes(), guess_type(p.name)[0] or "text/plain") for p in found}


@cache
def _static_version(name: str) -> str:
    return hashlib.sha256(_static_files()[name][0]).hexdigest()[:10]


def static_url(name: str) -> str:
    """A static file's address, which changes when the file does.

    Not by `url_for`: a request for a host that is not ours has no routes, and still gets a page.
    """
    return f"/static/{name}?v={_static_version(name)}"


def _is_lasting(response: Response) -> bool:
    """A static file under the very version it has: during an upgrade a proxy may ask for another."""
    if request.endpoint != "static" or response.status_code not in {200, 304}:
        return False
    name = (request.view_args or {}).get("name", "")
    return request.args.get("v") == _static_version(name)


def _start_timer() -> None:
    g.started = time.perf_counter()


def _protect(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)  # a page may be stricter
    headers["Permissions-Policy"] = PERMISSIONS_POLICY
    headers["Referrer-Policy"] = "same-origin"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["X-Robots-Tag"] = "noindex"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if web.parts().settings.is_https:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    headers["Cache-Control"] = IMMUTABLE if _is_lasting(response) else "no-store"
    return response


def _log_access(response: Response) -> Response:
    """The route's name, never its path, query or referrer: those can hold a token."""
    milliseconds = (time.perf_counter() - g.get("started", time.perf_counter())) * 1000
    access_log.info(
        "%s %s %s %.0fms",
        request.method,
        request.endpoint or "none",
        response.status_code,
        milliseconds,
    )
    return response


def _register_errors(app: Flask) -> None:
    app.register_error_handler(HTTPException, _show_http_fault)
    app.register_error_handler(OutreachError, _show_refusal)
    app.register_error_handler(NotReady, _show_outage)
    app.register_error_handler(OperationalError, _show_outage)
    app.register_error_handler(PoolTimeout, _show_outage)
    app.register_error_handler(DBAPIError, _show_database_fault)
    app.register_error_handler(Exception, _show_our_fault)


def _page(status: int, name: str | None = None, words: str | None = None) -> ResponseReturnValue:
    web.roll_back_request()
    layout = "student" if request.blueprint == "answering" else "public"
    page = render_template(
        f"errors/{name or status}.html", words=words, error_layout=f"layouts/{layout}.html"
    )
    return page, status


def _show_http_fault(fault: HTTPException) -> ResponseReturnValue:
    status = fault.code or 500
    if fault.response is not None or status < 400:
        return fault
    if fault.description == web.CsrfFault.description:
        return _page(400, "400-csrf")
    known = {400, 403, 404, 405, 409, 410, 413, 429, 503}
    return _page(status, None if status in known else ("500" if status >= 500 else "400"))


def _show_refusal(fault: OutreachError) -> ResponseReturnValue:
    if isinstance(fault, NotFound):
        return _page(404)
    if isinstance(fault, NotAllowed):
        return _page(403, words=fault.words)
    return _page(409, words=fault.words)


def _show_outage(fault: Exception) -> ResponseReturnValue:
    log.error("database out of reach route=%s: %s", request.endpoint, type(fault).__name__)
    return _page(503)


def _show_database_fault(fault: DBAPIError) -> ResponseReturnValue:
    """Never the message: it can hold the values of a row."""
    code = getattr(fault.orig, "sqlstate", None)
    log.error("database refused route=%s sqlstate=%s", request.endpoint, code)
    return _page(503 if fault.connection_invalidated else 500)


def _show_our_fault(fault: Exception) -> ResponseReturnValue:
    log.error("unexpected route=%s", request.endpoint, exc_info=_without_values(fault))
    return _page(500)


def _without_values(fault: Exception) -> Exception:
    """The traceback is kept, the message is not: it can hold what somebody typed."""
    hidden: Exception = type("Hidden" + type(fault).__name__, (Exception,), {})()
    return hidden.with_traceback(fault.__traceback__)
