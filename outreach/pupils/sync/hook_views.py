"""Addresses that integrators call. They answer alike whether a school is known or not."""

from flask import abort, request
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.pupils.sources.xporter_hooks import is_fresh_notice
from outreach.pupils.sync import hooks
from outreach.pupils.sync.models import SourceKind
from outreach.pupils.sync.sealing import Sealer
from outreach.pupils.views import room
from outreach.schools.access import public_page
from outreach.signing import BadToken

TAKEN = ({"taken": True}, 202)


@room.post("/hooks/wonde/<token>")
@public_page("Wonde calls it; the token in the address is one that only this service can make")
def wonde_hook(token: str) -> ResponseReturnValue:
    _require(SourceKind.WONDE, token)
    message = web.posted_json()
    if not isinstance(message, dict):
        abort(400)
    hooks.take_wonde_message(web.db(), _sealer(), message, web.now())
    return TAKEN


@room.post("/hooks/xporter/<token>")
@public_page("Xporter calls it; the token in the address is one that only this service can make")
def xporter_hook(token: str) -> ResponseReturnValue:
    _require(SourceKind.XPORTER, token)
    app_id = web.parts().settings.xporter_app_id
    form = request.form.to_dict()
    hooks.take_xporter_authorisation(web.db(), _sealer(), app_id, form, web.now())
    return TAKEN


@room.post("/hooks/fresh/<token>")
@public_page("an integrator calls it when data is fresh; the signed token names the school")
def fresh_hook(token: str) -> ResponseReturnValue:
    try:
        hooks.enter_school_of_token(web.db(), web.parts().signer, token)
    except BadToken:
        abort(404)
    is_fresh = is_fresh_notice(web.posted_json(is_wanted=False))
    hooks.take_fresh_notice(web.db(), web.now(), is_fresh=is_fresh)
    return TAKEN


def _require(kind: SourceKind, token: str) -> None:
    try:
        hooks.require_application_token(web.parts().signer, kind, token)
    except BadToken:
        abort(404)


def _sealer() -> Sealer:
    return Sealer(web.parts().settings.secret_keys)
