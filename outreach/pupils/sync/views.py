"""Connecting the school to its information system, syncing, and how far a sync is."""

from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.errors import Refusal
from outreach.pupils.sources.making import CALLED
from outreach.pupils.sources.source import SourceTrouble
from outreach.pupils.sources.web_address import BadAddress, read_base
from outreach.pupils.sync import syncs
from outreach.pupils.sync.connecting import LONGEST_SECRET, connect, disconnect, request_access
from outreach.pupils.sync.connections import connection_of
from outreach.pupils.sync.models import SourceKind
from outreach.pupils.sync.pages import CONNECT_WORDS, connected_page, practice_hint
from outreach.pupils.sync.sealing import Sealer
from outreach.pupils.views import room
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role

MAY_SYNC = (Role.ADMIN, Role.CAREERS_LEADER)
MAY_CONNECT = (Role.ADMIN,)
LONGEST_ID = 100
_WHOLE_ADDRESS = (
    "Enter the whole address of the server, beginning with https:// and without a port."
)


@dataclass(frozen=True)
class Typed:
    """The form of a connection as it was filled in, but for the secret."""

    external_id: str = ""
    url: str = ""


@room.get("/staff/source")
@staff_page(*MAY_SYNC)
def show_source() -> ResponseReturnValue:
    may_connect = signed_in().role in MAY_CONNECT
    if connection_of(web.db()) is None:
        kinds = [(kind.value, CALLED[kind], CONNECT_WORDS[kind].about) for kind in SourceKind]
        return render_template(
            "staff/pupils/source_none.html", kinds=kinds, may_connect=may_connect
        )
    return render_template(
        "staff/pupils/source.html",
        page=connected_page(web.db()),
        may_connect=may_connect,
    )


@room.get("/staff/source/progress")
@staff_page(*MAY_SYNC)
def show_sync_progress() -> ResponseReturnValue:
    """The sync alone, for the page's script to put in place of an older state of it."""
    if connection_of(web.db()) is None:
        return redirect(url_for("pupils.show_source"), code=303)
    return render_template("staff/pupils/_sync.html", page=connected_page(web.db()))


@room.get("/staff/source/connect")
@staff_page(*MAY_CONNECT)
def show_connect() -> ResponseReturnValue:
    kind = _kind(request.args.get("kind", ""))
    if kind is None:
        return redirect(url_for("pupils.show_source"))
    return _connect_page(kind, Typed(), {})


@room.post("/staff/source/connect")
@staff_page(*MAY_CONNECT)
def do_connect() -> ResponseReturnValue:
    kind = _kind(request.form.get("kind", ""))
    if kind is None:
        return redirect(url_for("pupils.show_source"), code=303)
    typed = Typed(request.form.get("external_id", "").strip(), request.form.get("url", "").strip())
    secret = request.form.get("secret", "").strip()
    errors = _faults(kind, typed, secret)
    if errors:
        return _connect_page(kind, typed, errors), 422
    settings = web.parts().settings
    try:
        connect(
            web.db(),
            Sealer(settings.secret_keys),
            kind=kind,
            external_id=typed.external_id,
            secret=secret or None,
            url=typed.url or None,
            may_be_private=not settings.is_public,
            actor=signed_in().actor,
            now=web.now(),
        )
        if not secret:
            request_access(web.db(), settings, web.now())
    except (Refusal, SourceTrouble) as refusal:
        web.db().rollback()
        return _connect_page(kind, typed, {"external_id": refusal.words}), 422
    if secret:
        _ask(is_full=True)
        flash("The school is connected. Its roster is being fetched.", "success")
    else:
        flash("Access was requested. The roster is fetched as soon as the school agrees.")
    return redirect(url_for("pupils.show_source"), code=303)


@room.post("/staff/source/sync")
@staff_page(*MAY_SYNC)
def do_sync() -> ResponseReturnValue:
    do = request.form.get("do", "")
    if connection_of(web.db()) is not None:
        _ask(is_full=do != "changes", confirm_drop=do == "confirm")
    return redirect(url_for("pupils.show_source"), code=303)


@room.get("/staff/source/disconnect")
@staff_page(*MAY_CONNECT)
def confirm_disconnect() -> ResponseReturnValue:
    connection = connection_of(web.db())
    if connection is None:
        return redirect(url_for("pupils.show_source"))
    return render_template("staff/pupils/source_disconnect.html", called=CALLED[connection.kind])


@room.post("/staff/source/disconnect")
@staff_page(*MAY_CONNECT)
def do_disconnect() -> ResponseReturnValue:
    if connection_of(web.db()) is not None:
        disconnect(web.db(), signed_in().actor, web.now())
        flash("The school was disconnected. No mail goes out until it is connected again.")
    return redirect(url_for("pupils.show_source"), code=303)


def _ask(*, is_full: bool, confirm_drop: bool = False) -> None:
    syncs.ask_for_sync(
        web.db(),
        is_full=is_full,
        confirm_drop=confirm_drop,
        asked_by=signed_in().staff_id,
        now=web.now(),
    )


def _kind(text: str) -> SourceKind | None:
    return next((kind for kind in SourceKind if kind.value == text), None)


def _connect_page(kind: SourceKind, typed: Typed, errors: dict[str, str]) -> str:
    settings = web.parts().settings
    return render_template(
        "staff/pupils/source_connect.html",
        kind=kind.value,
        called=CALLED[kind],
        words=CONNECT_WORDS[kind],
        typed=typed,
        errors=errors,
        may_request=_may_request(kind),
        hint=practice_hint(kind, settings) if settings.is_practice_sources else None,
    )


def _may_request(kind: SourceKind) -> bool:
    return kind is SourceKind.WONDE and bool(web.parts().settings.wonde_app_token)


def _faults(kind: SourceKind, typed: Typed, secret: str) -> dict[str, str]:
    words = CONNECT_WORDS[kind]
    faults: dict[str, str] = {}
    if not typed.external_id or len(typed.external_id) > LONGEST_ID:
        faults["external_id"] = f"Enter the {words.id_label}."
    elif not typed.external_id.isprintable():
        faults["external_id"] = "There is a hidden character in it. Type it in again."
    if not secret and not _may_request(kind):
        label = words.secret_label
        faults["secret"] = f"Enter the {label[0].lower()}{label[1:]}."
    elif len(secret) > LONGEST_SECRET or not secret.isprintable():
        words_of_fault = "It is too long, or has a hidden character in it. Copy it again."
        faults["secret"] = words_of_fault
    if kind is SourceKind.ONEROSTER and not _is_server(typed.url):
        faults["url"] = _WHOLE_ADDRESS
    return faults


def _is_server(text: str) -> bool:
    try:
        base = read_base(text)
    except BadAddress:
        return False
    is_open = not web.parts().settings.is_public or base.is_https
    return is_open and text.isascii() and " " not in text
