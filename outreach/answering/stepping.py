"""Shows a step, a question or the check, as a page or a turn of the chat, whole or its part.

A script asks for the part alone and puts it in the place of the step before. Without a script the
same step is a page, after a redirect.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import get_template_attribute, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from outreach import web
from outreach.answering.blueprint import SEE_OTHER
from outreach.answering.models import Mode
from outreach.answering.sessions import Visit
from outreach.answering.showing import (
    Field,
    QuestionPage,
    Turn,
    check_page,
    place_of,
    question_page,
    turns_before,
)
from outreach.answering.speaking import Words, is_unread, words_in
from questionnaires.answers import Value
from questionnaires.languages import Offered
from questionnaires.model import AskedQuestion, Note, Questionnaire
from questionnaires.path import Path

CHECK = "check"
PART_HEADER = "X-Step"
"""Sent by the script that swaps parts."""
ADDRESS_HEADER = "X-Address"
"""Where the step that came as a part lives."""
TURNS_SHOWN = 3
"""So that a page of the chat weighs the same at its last question as at its fourth."""
MOST_ALIKE = 4_000
"""About 20 MB."""
CSRF_MARK, SCHOOL_MARK, TURNS_MARK = (f"\ue000{secrets.token_hex(8)}" for _ in range(3))
"""Stand where a page differs from student to student. Nobody can guess them and write them."""

_alike: dict[tuple[object, ...], str] = {}
"""Pages of questions without an answer, drawn once for all students, by all that they hang on."""


@dataclass(frozen=True)
class Standing:
    """A student in the middle of answering: the visit, and the path that its answers open."""

    visit: Visit
    path: Path
    answers: Mapping[str, Value]

    @property
    def questionnaire(self) -> Questionnaire:
        return self.path.questionnaire

    @property
    def language(self) -> str:
        return self.visit.session.language

    @property
    def is_chat(self) -> bool:
        return self.visit.session.mode is Mode.CHAT

    @property
    def say(self) -> Words:
        return words_in(self.language)

    @property
    def phrases(self) -> Mapping[str, str]:
        return web.parts().library.phrases(self.language)


@dataclass(frozen=True)
class Ways:
    """The other ways to answer. `form`: id of the form that its buttons send along."""

    action: str
    form: str | None
    is_chat: bool
    language: str
    languages: tuple[Offered, ...]

    @property
    def attributes(self) -> Markup:
        if self.form is None:
            return Markup("")
        return Markup(' form="{}" formaction="{}"').format(self.form, self.action)


def is_from_check() -> bool:
    return request.args.get("from") == CHECK


def wants_part() -> bool:
    return PART_HEADER in request.headers


def address_of(question_id: str, *, from_check: bool) -> str:
    return f"/answer/{question_id}?from={CHECK}" if from_check else f"/answer/{question_id}"


def next_asked(path: Path, answered: AskedQuestion) -> AskedQuestion | None:
    following = path.after(answered.id)
    while isinstance(following, Note):
        following = path.after(following.id)
    return following


def onward(standing: Standing, answered: AskedQuestion | None = None) -> ResponseReturnValue:
    """After Continue, the next question, or an earlier one that another tab has opened;
    after a Change, what is still missing; else the check."""
    path = standing.path
    following = path.next_to_answer
    if answered is not None and not is_from_check() and path.may_visit(answered.id):
        following = next_asked(path, answered)
    address = f"/answer/{CHECK}"
    if following is not None:
        address = address_of(following.id, from_check=is_from_check())
    if wants_part():
        response = make_response(_show_next(standing, following))
        response.headers[ADDRESS_HEADER] = address
        return response
    return redirect(f"{address}#now" if standing.is_chat and following else address, SEE_OTHER)


def _show_next(standing: Standing, following: AskedQuestion | None) -> str:
    if following is None:
        return show_check(standing)
    return show_question(standing, following, saved=standing.answers.get(following.id))


def show_question(
    standing: Standing,
    asked: AskedQuestion,
    *,
    saved: Value = None,
    typed: Sequence[str] | None = None,
    error: str | None = None,
) -> str:
    """Most pages are of a question without an answer yet: all students' are alike but for marks."""
    turns = _turns(standing, asked) if standing.is_chat else ()
    shown = turns if request.args.get("said") == "all" else turns[-TURNS_SHOWN:]
    has_more = len(shown) < len(turns)
    is_alike = saved is None and typed is None and error is None and not is_from_check()
    if not is_alike:
        page = question_page(standing.path, asked, standing.language, saved=saved, typed=typed)
        drawn = _draw(standing, page, bool(turns), has_more, asked, error)
        return _with_marks(drawn, standing, shown)
    seat = standing.visit.session
    key = (
        standing.questionnaire.sha256,
        asked.id,
        seat.language,
        seat.mode,
        wants_part(),
        place_of(standing.path, asked),
        bool(turns),
        has_more,
    )
    if key not in _alike:
        if len(_alike) >= MOST_ALIKE:
            _alike.clear()
        page = question_page(standing.path, asked, standing.language)
        _alike[key] = _draw(standing, page, bool(turns), has_more, asked, None)
    return _with_marks(_alike[key], standing, shown)


def _draw(
    standing: Standing,
    page: QuestionPage,
    has_turns: bool,
    has_more: bool,
    asked: AskedQuestion,
    error: str | None,
) -> str:
    """The page with a mark for all that is this student's own."""
    back = address_of(page.before, from_check=False) if page.before else None
    action = address_of(asked.id, from_check=is_from_check())
    everything = f"{action}{'&' if '?' in action else '?'}said=all"
    return _render(
        standing,
        "answering/_chat.html" if standing.is_chat else "answering/_question.html",
        title=page.field.text,
        page=page,
        field=_field(standing, page.field, error),
        action=action,
        back=f"/answer/{CHECK}" if is_from_check() else back,
        has_turns=has_turns,
        all_turns=everything if has_more else None,
        changing=_said(standing, asked) if is_from_check() else None,
        ways=_ways(standing, asked.id, form="answer-form"),
        errors={"answer": error} if error else {},
    )


def _with_marks(drawn: str, standing: Standing, turns: Sequence[Turn]) -> str:
    said = ""
    if turns:
        here = {"turns": turns, "say": standing.say}
        said = render_template("answering/_turns.html", **here)
    school = str(escape(standing.visit.school.name))
    filled = drawn.replace(CSRF_MARK, web.csrf_token()).replace(SCHOOL_MARK, school)
    return filled.replace(TURNS_MARK, said)


def show_check(standing: Standing) -> str:
    path, say = standing.path, standing.say
    following = path.next_to_answer
    last = next((q for q in reversed(path.asked) if q.id in path.answered), None)
    page = check_page(
        path, standing.answers, standing.language, standing.phrases, say("not_answered")
    )
    drawn = _render(
        standing,
        "answering/_chat_check.html" if standing.is_chat else "answering/_check.html",
        title=say("check_title"),
        page=page,
        has_turns=standing.is_chat and bool(path.answered),
        next_url=address_of(following.id, from_check=True) if following else None,
        back=address_of(last.id, from_check=False) if last else None,
        ways=_ways(standing, CHECK, form=None),
        errors={},
    )
    return _with_marks(drawn, standing, _turns(standing, None) if standing.is_chat else ())


def _render(standing: Standing, part: str, **shown: object) -> str:
    page = "answering/step_part.html" if wants_part() else "answering/step.html"
    return render_template(
        page,
        part=part,
        school_name=SCHOOL_MARK,
        csrf_token=lambda: CSRF_MARK,
        turns_mark=TURNS_MARK,
        say=standing.say,
        is_unread=is_unread(standing.questionnaire, standing.language),
        **shown,
    )


def _turns(standing: Standing, asked: AskedQuestion | None) -> tuple[Turn, ...]:
    return turns_before(standing.path, asked, standing.answers, standing.language, standing.phrases)


def _said(standing: Standing, asked: AskedQuestion) -> str | None:
    """In the chat, what is about to be changed is said once more."""
    said = [turn.said for turn in _turns(standing, None) if turn.question_id == asked.id]
    return said[0] if standing.is_chat and said else None


def _ways(standing: Standing, place: str, *, form: str | None) -> Ways:
    action = f"/answer/ways?at={place}{'&from=check' if is_from_check() else ''}"
    offered = standing.questionnaire.offered
    return Ways(action, form, standing.is_chat, standing.language, offered)


def _field(standing: Standing, field: Field, error: str | None) -> Markup:
    say = standing.say
    words = [say("error")]
    template, macro = "components/question.html", "question_field"
    if standing.is_chat:
        template, macro = "answering/_reply.html", "reply"
        words.append(say("you_said"))
    rendered: Markup = get_template_attribute(template, macro)(field, error, *words)
    return rendered
