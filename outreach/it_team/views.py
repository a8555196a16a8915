"""What to let through, for staff and by a link for whoever they send it to; and the live check."""

import importlib
from uuid import UUID

from flask import Flask, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.campaigns.views.held_domains import domains_shown
from outreach.it_team.checking import check, last_check, of_side, school_domains
from outreach.it_team.dns.findings import Side
from outreach.it_team.page_links import links, make_link, open_page_link, revoke_link
from outreach.it_team.room import MAY_CHANGE, MAY_READ, room
from outreach.it_team.sender import sender_details
from outreach.it_team.systems import systems_for
from outreach.schools.access import public_page, signed_in, staff_page
from outreach.signing import BadToken


def init_app(app: Flask) -> None:
    importlib.import_module("outreach.it_team.test_views")  # which adds its pages to the room
    app.register_blueprint(room)


@room.get("/staff/it-team")
@staff_page(*MAY_READ)
def show_sender() -> ResponseReturnValue:
    found = last_check(web.db())
    sender = sender_details(web.parts().settings)
    return render_template(
        "it_team/sender.html",
        sender=sender,
        systems=systems_for(sender.values, found.systems if found else frozenset()),
        check=found,
        links=links(web.db(), web.parts().signer),
        public_url=web.parts().settings.public_url,
        may_change=signed_in().role in MAY_CHANGE,
        **domains_shown(),
    )


@room.post("/staff/it-team/links")
@staff_page(*MAY_CHANGE)
def make_page_link() -> ResponseReturnValue:
    make_link(web.db(), signed_in().actor, web.now())
    flash("The link was made. Whoever has it can read this page until you revoke it.", "success")
    return redirect(url_for("it_team.show_sender", _anchor="links"), code=303)


@room.post("/staff/it-team/links/<uuid:link_id>/revoke")
@staff_page(*MAY_CHANGE)
def revoke_page_link(link_id: UUID) -> ResponseReturnValue:
    revoke_link(web.db(), link_id, signed_in().actor, web.now())
    flash("The link was revoked. It leads nowhere any more.", "success")
    return redirect(url_for("it_team.show_sender", _anchor="links"), code=303)


@room.get("/it/<token>")
@public_page("the signed token says which school; values and steps only, nothing of any person")
def show_by_link(token: str) -> ResponseReturnValue:
    try:
        school = open_page_link(web.db(), web.parts().signer, token)
    except BadToken:
        return render_template("it_team/link_ended.html"), 404
    found = last_check(web.db())
    sender = sender_details(web.parts().settings)
    return render_template(
        "it_team/by_link.html",
        sender=sender,
        systems=systems_for(sender.values, found.systems if found else frozenset()),
        school_name=school.name,
    )


@room.get("/staff/it-team/check")
@staff_page(*MAY_READ)
def show_check() -> ResponseReturnValue:
    found = last_check(web.db())
    return render_template(
        "it_team/check.html",
        check=found,
        ours=of_side(found.findings, Side.SENDER) if found else [],
        theirs=of_side(found.findings, Side.SCHOOL) if found else [],
        domains=school_domains(web.db()),
        sender=sender_details(web.parts().settings),
        may_change=signed_in().role in MAY_CHANGE,
    )


@room.post("/staff/it-team/check")
@staff_page(*MAY_CHANGE)
def check_now() -> ResponseReturnValue:
    settings = web.parts().settings
    check(
        web.db(),
        sender_details(settings),
        settings.dns_resolver,
        signed_in().actor,
        web.now(),
    )
    return redirect(url_for("it_team.show_check"), code=303)
