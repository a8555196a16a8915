"""The objections register: its page, and recording and lifting for one pupil."""

from dataclasses import dataclass, field
from uuid import UUID

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import web
from outreach.clock import london_date
from outreach.pupils.finding import get_pupil
from outreach.pupils.models import Pupil
from outreach.pupils.objections import register
from outreach.pupils.objections.forms import (
    InstructionForm,
    read_instruction,
    usual_instruction,
)
from outreach.pupils.objections.models import Instructor, Objection, ObjectionScope
from outreach.pupils.objections.objecting import (
    InstructionRefused,
    has_objected,
    lift,
    open_objection,
    record_objection,
)
from outreach.pupils.objections.register import RegisteredObjection, RegisterPage, ScopeCount
from outreach.pupils.objections.rules import (
    INSTRUCTOR_LABELS,
    SCOPE_LABELS,
    holder_on,
    right_of,
)
from outreach.pupils.objections.telling import Telling, tellings_of
from outreach.pupils.views import room
from outreach.schools.access import signed_in, staff_page
from outreach.schools.models import Role

KEEPERS = (Role.ADMIN, Role.CAREERS_LEADER)

_LABELS = {
    "scopes": [(scope.value, label) for scope, label in SCOPE_LABELS.items()],
    "instructors": [(one.value, label) for one, label in INSTRUCTOR_LABELS.items()],
}


@dataclass(frozen=True)
class RegisterView:
    """Data protection sees the counts alone: `listed` is None, and nobody is named."""

    counts: list[ScopeCount]
    tellings: list[Telling]
    listed: RegisterPage | None
    passed: list[RegisteredObjection]
    scope: str
    standing: str
    pages_href: str


@dataclass(frozen=True)
class InstructionPage:
    """`right` says who may take back the objection that is to be lifted."""

    pupil: Pupil
    form: InstructionForm
    is_lift: bool
    right: str = ""
    errors: dict[str, str] = field(default_factory=dict)


@room.get("/staff/objections")
@staff_page(*KEEPERS, Role.DATA_PROTECTION)
def show_objections() -> str:
    scope, standing = request.args.get("scope", ""), request.args.get("standing", "in_force")
    listed, passed = None, []
    if signed_in().role in KEEPERS:
        passed = register.passed_to_pupils(web.db(), web.now())
        listed = register.read_register(
            web.db(),
            scope=next((one for one in ObjectionScope if one.value == scope), None),
            standing=next((one for one in register.Standing if one.value == standing), None),
            page=request.args.get("page", 1, type=int),
            now=web.now(),
        )
    view = RegisterView(
        register.count_objections(web.db()),
        tellings_of(web.db()),
        listed,
        passed,
        scope,
        standing,
        url_for("pupils.show_objections", scope=scope, standing=standing, page=""),
    )
    return render_template(
        "staff/pupils/objections.html", page=view, **_LABELS, scope_labels=SCOPE_LABELS
    )


@room.get("/staff/pupils/<uuid:pupil_id>/objection")
@staff_page(*KEEPERS)
def ask_objection(pupil_id: UUID) -> str:
    """With `?lift=SCOPE`, the form that lifts that objection; `?scope=SCOPE` chooses one.

    `&whose=pupil|parent` says which of two that stand beside each other.
    """
    pupil = get_pupil(web.db(), pupil_id)
    today = london_date(web.now())
    asked = request.args.get("lift", request.args.get("scope", ObjectionScope.MAIL.value))
    scope = next((one for one in ObjectionScope if one.value == asked), None)
    if scope is None:
        abort(404)
    if "lift" in request.args:
        of = next((one for one in Instructor if one.value == request.args.get("whose")), None)
        found = open_objection(web.db(), pupil.id, scope, of)
        own = found is not None and found.instructed_by is Instructor.PUPIL
        whose = Instructor.PUPIL if own else holder_on(pupil.date_of_birth, today)
        form = usual_instruction(today, scope, whose or Instructor.PARENT)
        return _instruction_page(_lift_page(pupil, found, form, {}))
    return _instruction_page(InstructionPage(pupil, usual_instruction(today, scope), is_lift=False))


@room.post("/staff/pupils/<uuid:pupil_id>/objection")
@staff_page(*KEEPERS)
def change_objection(pupil_id: UUID) -> ResponseReturnValue:
    pupil = get_pupil(web.db(), pupil_id)
    form = read_instruction(request.form, london_date(web.now()))
    is_lift = request.form.get("do") == "lift"
    errors = form.faults()
    if not errors:
        try:
            _change(pupil, form, is_lift=is_lift)
        except InstructionRefused as refusal:
            errors = refusal.faults
    if errors:
        shown = (
            _lift_page(pupil, _meant(pupil, form), form, errors)
            if is_lift
            else InstructionPage(pupil, form, is_lift=False, errors=errors)
        )
        return _instruction_page(shown), 422
    return redirect(url_for("profiles.show_pupil", pupil_id=pupil.id), code=303)


def _change(pupil: Pupil, form: InstructionForm, *, is_lift: bool) -> None:
    scope = form.chosen_scope
    assert scope is not None
    verb = lift if is_lift else record_objection
    by = signed_in().staff_id
    done = verb(web.db(), pupil, scope, form.instruction(), by, web.now())
    if not done.is_change:
        flash("Nothing was changed: it stands so already.", "info")
    elif scope is ObjectionScope.MAIL and is_lift and not has_objected(web.db(), pupil.id):
        flash("This pupil may be mailed again.", "success")
    elif scope is ObjectionScope.MAIL and not is_lift:
        flash("This pupil will get no more mail. What is queued stops too.", "success")
    elif is_lift:
        flash("The objection is lifted. The register keeps that it was made.", "success")
    else:
        flash("The objection is on the register. Lists for others obey it from now on.", "success")
    if done.note:
        flash(done.note, "warn")


def _meant(pupil: Pupil, form: InstructionForm) -> Objection | None:
    """Which objection a form that came back is about: the instructor's own, or whichever stands."""
    scope, by = form.chosen_scope, form.chosen_instructor
    if scope is None:
        return None
    own = open_objection(web.db(), pupil.id, scope, by)
    return own or open_objection(web.db(), pupil.id, scope)


def _lift_page(
    pupil: Pupil, found: Objection | None, form: InstructionForm, errors: dict[str, str]
) -> InstructionPage:
    """404 where there is no such objection to lift (any more)."""
    if found is None:
        abort(404)
    right = right_of(found.instructed_by, pupil.date_of_birth, london_date(web.now()))
    return InstructionPage(pupil, form, is_lift=True, right=right.words, errors=errors)


def _instruction_page(page: InstructionPage) -> str:
    return render_template("staff/pupils/objection.html", page=page, errors=page.errors, **_LABELS)
