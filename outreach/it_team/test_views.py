"""Test sends: their list, one of them, and the page that a test's own link opens."""

from uuid import UUID

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.it_team.models import Arrival, ItTest
from outreach.it_team.openings import count_opening, open_test_link, take_out
from outreach.it_team.pasted_headers import Reading
from outreach.it_team.room import MAY_CHANGE, MAY_READ, room
from outreach.it_team.test_page import ARRIVALS, list_tests, show_test
from outreach.it_team.testing import (
    BadTest,
    find_test,
    keep_headers,
    remove_test,
    sealer,
    send_test,
    tell,
)
from outreach.pupils.sync.sealing import Sealer
from outreach.schools.access import public_page, signed_in, staff_page
from outreach.signing import BadToken

FETCHES = "it_fetches"
MOST_REMEMBERED = 20
"""Openings that a browser's cookie names as its own."""
NOTHING_READ = (
    "Nothing that we can read was in it. Copy the whole headers: in Outlook, “View message source” or "
    "“Internet headers”; in Gmail, “Show original”."
)
CHOOSE = "Choose where you found the mail."


@room.get("/staff/it-team/tests")
@staff_page(*MAY_READ)
def list_of_tests() -> ResponseReturnValue:
    return _list({})


@room.post("/staff/it-team/tests")
@staff_page(*MAY_CHANGE)
def send() -> ResponseReturnValue:
    form = request.form
    try:
        send_test(
            web.db(),
            _sealing(),
            form.get("unit", ""),
            form.get("address", ""),
            signed_in().actor,
            web.now(),
        )
    except BadTest as refusal:
        return _list(refusal.faults), 422
    flash("The test is on its way. Ask for its link to be opened, or say here what became of it.", "success")  # fmt: skip
    return redirect(url_for("it_team.list_of_tests"), code=303)


@room.get("/staff/it-team/tests/<uuid:test_id>")
@staff_page(*MAY_READ)
def one_test(test_id: UUID) -> ResponseReturnValue:
    return _one(find_test(web.db(), test_id), {})


@room.post("/staff/it-team/tests/<uuid:test_id>")
@staff_page(*MAY_CHANGE)
def tell_of_test(test_id: UUID) -> ResponseReturnValue:
    """Where it was found, the headers, or both."""
    test = find_test(web.db(), test_id)
    arrival, pasted = _arrival(), request.form.get("headers", "")
    if arrival is None and not pasted.strip():
        return _one(test, {"arrival": CHOOSE}), 422
    if pasted.strip() and _is_unreadable(keep_headers(test, pasted)):
        return _one(test, {"headers": NOTHING_READ}), 422
    if arrival is not None:
        tell(web.db(), test, arrival, web.now(), by=signed_in().actor)
    flash("Kept.", "success")
    return redirect(url_for("it_team.one_test", test_id=test_id), code=303)


@room.post("/staff/it-team/tests/<uuid:test_id>/remove")
@staff_page(*MAY_CHANGE)
def remove(test_id: UUID) -> ResponseReturnValue:
    remove_test(web.db(), test_id, signed_in().actor, web.now())
    flash("The test was removed, with its address and what was counted.", "success")
    return redirect(url_for("it_team.list_of_tests"), code=303)


@room.get("/it-test/<token>")
@public_page("the signed token names a test send of the IT team; nothing of any pupil is behind it")
def open_test(token: str) -> ResponseReturnValue:
    """Counts: the one GET that does (see `openings`)."""
    return _open(token, {})


@room.post("/it-test/<token>")
@public_page("the signed token names a test send; without a form of ours it only counts")
def answer_test(token: str) -> ResponseReturnValue:
    arrival = _arrival()
    if not web.has_csrf_token() or arrival in (None, Arrival.NOWHERE):
        return _open(token, {"arrival": CHOOSE})
    try:
        school, test = open_test_link(web.db(), web.parts().signer, token)
    except BadToken:
        return render_template("it_team/link_ended.html"), 404
    pasted = request.form.get("headers", "")
    reading = keep_headers(test, pasted) if pasted.strip() else None
    take_out(web.db(), test, [UUID(one) for one in session.get(FETCHES, [])])
    tell(web.db(), test, arrival, web.now(), by=None)
    return render_template(
        "it_team/test_thanks.html",
        school_name=school.name,
        reading=reading,
        unreadable=reading is not None and _is_unreadable(reading),
        arrival=ARRIVALS[arrival],
    )


def _open(token: str, errors: dict[str, str]) -> ResponseReturnValue:
    try:
        school, test = open_test_link(web.db(), web.parts().signer, token)
    except BadToken:
        return render_template("it_team/link_ended.html"), 404
    counted = count_opening(web.db(), test, request.method, web.now())
    if counted is not None:
        own = [*session.get(FETCHES, []), str(counted)]
        session[FETCHES] = own[-MOST_REMEMBERED:]
    page = render_template(
        "it_team/test_reply.html",
        school_name=school.name,
        unit=test.unit,
        arrivals=_choices(but=Arrival.NOWHERE),
        told=ARRIVALS[test.arrival] if test.arrival else None,
        errors=errors,
    )
    return page, 422 if errors else 200


def _list(errors: dict[str, str]) -> str:
    return render_template(
        "it_team/tests.html",
        tests=list_tests(web.db(), _sealing()),
        may_change=signed_in().role in MAY_CHANGE,
        errors=errors,
        typed=request.form,
    )


def _one(test: ItTest, errors: dict[str, str]) -> str:
    return render_template(
        "it_team/test.html",
        test=show_test(web.db(), test, _sealing()),
        arrivals=_choices(),
        may_change=signed_in().role in MAY_CHANGE,
        errors=errors,
    )


def _choices(but: Arrival | None = None) -> list[tuple[str, str]]:
    return [(one.value, words) for one, words in ARRIVALS.items() if one is not but]


def _arrival() -> Arrival | None:
    typed = request.form.get("arrival", "")
    return Arrival(typed) if typed in {one.value for one in Arrival} else None


def _is_unreadable(reading: Reading) -> bool:
    return not reading.results and not reading.spam


def _sealing() -> Sealer:
    return sealer(web.parts().settings.secret_keys)
