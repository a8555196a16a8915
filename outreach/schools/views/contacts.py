"""Whom students may ask, for an administrator or data protection to fill in."""

from dataclasses import fields

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.schools.access import MAY_CHANGE_SHARING, SHARING, signed_in, staff_page
from outreach.schools.contacts import BadContact, ContactDetails, change_contacts, contact_details
from outreach.schools.views.room import room


@room.get("/staff/sharing/contacts")
@staff_page(*MAY_CHANGE_SHARING)
def show_contacts() -> ResponseReturnValue:
    return _form(contact_details(web.db()), {})


@room.post("/staff/sharing/contacts")
@staff_page(*MAY_CHANGE_SHARING)
def do_change_contacts() -> ResponseReturnValue:
    names = (field.name for field in fields(ContactDetails))
    typed = ContactDetails(**{name: request.form.get(name, "").strip() for name in names})
    try:
        changed = change_contacts(web.db(), typed, signed_in().actor, web.now())
    except BadContact as refusal:
        return _form(typed, dict(refusal.faults)), 400
    if changed:
        flash("The contacts were changed. Students see them from now on.", "success")
    else:
        flash("Nothing was changed.", "info")
    return redirect(SHARING, code=303)


def _form(typed: ContactDetails, errors: dict[str, str]) -> str:
    return render_template("staff/schools/contacts.html", typed=typed, errors=errors)
