"""Chat channels of the school: added, tried out, taken away. Their addresses are never shown again."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.campaigns.chat.channels import (
    KIND_NAMES,
    BadChannel,
    add_channel,
    channels_of,
    find_channel,
    remove_channel,
    sealer_of,
)
from outreach.campaigns.chat.models import ChatChannel, ChatKind, ChatNews, NewsState
from outreach.campaigns.chat.telling import latest_news, plan_for_channels, tell_test
from outreach.campaigns.views.blueprint import RUNNERS, SEE_OTHER, blueprint
from outreach.clock import in_london
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role

_STATES = {
    NewsState.WAITING: ("info", "Waits"),
    NewsState.POSTING: ("info", "Being posted"),
    NewsState.POSTED: ("good", "Posted"),
    NewsState.UNKNOWN: ("warn", "Not known"),
    NewsState.GIVEN_UP: ("bad", "Not posted"),
    NewsState.DROPPED: ("neutral", "Left out"),
}


@blueprint.get("/staff/chat")
@staff_page(*RUNNERS)
def show_chat() -> ResponseReturnValue:
    return _page({}, {})


@blueprint.post("/staff/chat")
@staff_page(Role.ADMIN)
def add_chat_channel() -> ResponseReturnValue:
    typed = {
        name: request.form.get(name, "").replace("\0", "") for name in ("kind", "name", "address")
    }
    kind = next((one for one in ChatKind if one.value == typed["kind"]), None)
    if kind is None:
        return _page(typed, {"kind": "Choose which chat it is."}), 400
    sealer, actor = sealer_of(web.parts().settings.secret_keys), signed_in().actor
    try:
        add_channel(web.db(), sealer, kind, typed["name"], typed["address"], actor, web.now())
    except BadChannel as refusal:
        return _page(typed, {refusal.field: refusal.words}), 400
    plan_for_channels(web.db(), web.now())
    flash("The channel was added. Try it out: a test says whether it is taken.", "success")
    return redirect(url_for("campaigns.show_chat"), SEE_OTHER)


@blueprint.post("/staff/chat/<uuid:channel_id>/test")
@staff_page(Role.ADMIN)
def test_chat_channel(channel_id: UUID) -> ResponseReturnValue:
    tell_test(web.db(), find_channel(web.db(), channel_id), web.now())
    flash("A test is on its way. This page says what became of it.", "success")
    return redirect(url_for("campaigns.show_chat"), SEE_OTHER)


@blueprint.post("/staff/chat/<uuid:channel_id>/remove")
@staff_page(Role.ADMIN)
def remove_chat_channel(channel_id: UUID) -> ResponseReturnValue:
    remove_channel(web.db(), channel_id, signed_in().actor, web.now())
    flash("The channel was taken away. Nothing more is posted there.", "success")
    return redirect(url_for("campaigns.show_chat"), SEE_OTHER)


def _page(typed: dict[str, str], errors: dict[str, str]) -> str:
    channels = channels_of(web.db())
    return render_template(
        "staff/campaigns/chat.html",
        channels=[(one, KIND_NAMES[one.kind], _latest(one)) for one in channels],
        kinds=[(kind.value, name) for kind, name in KIND_NAMES.items()],
        typed=typed,
        errors=errors,
        may_change=signed_in().role is Role.ADMIN,
    )


def _latest(channel: ChatChannel) -> tuple[str, str, str] | None:
    """The tone and text of a tag, and words, of what was posted last."""
    news: ChatNews | None = latest_news(web.db(), channel.id)
    if news is None:
        return None
    tone, text = _STATES[news.state]
    when = in_london(news.settled_at or news.noted_at)
    return tone, text, f"{when}. {news.words}" if news.words else when
