"""Everything that can be wrong with a definition as a whole; all faults, never just the first."""

from collections.abc import Collection, Iterator, Mapping

from pydantic import BaseModel

from questionnaires.faults import Finding, Place
from questionnaires.model import ESSENTIAL_SKILLS, Block, Note, Question, Questionnaire, Text
from questionnaires.question_checks import check_options, check_question, check_scoring


def check(questionnaire: Questionnaire, unread: Collection[Place] = ()) -> list[Finding]:
    """Every fault of a definition as written (scales not yet put into their questions).

    `unread` are places whose shape is faulty already and which hold a stand-in: nothing is said
    of them here, nor of what refers to them.
    """
    found = [
        *_check_languages(questionnaire),
        *_check_years(questionnaire),
        *_check_scales(questionnaire),
        *_check_constructs(questionnaire),
        *_check_sections(questionnaire),
        *_check_ids(questionnaire),
        *_check_profile_fields(questionnaire),
        *_check_questions(questionnaire, unread),
    ]
    if ("languages",) in unread:
        found = [finding for finding in found if not _is_about_language(finding)]
    return [f for f in found if not any(f.place[: len(place)] == place for place in unread)]


def _places(questionnaire: Questionnaire) -> Iterator[tuple[Place, Question]]:
    for s, section in enumerate(questionnaire.sections):
        for q, question in enumerate(section.questions):
            yield ("sections", s, "questions", q), question


def _check_languages(questionnaire: Questionnaire) -> Iterator[Finding]:
    languages = questionnaire.languages
    if not languages:
        yield Finding(("languages",), "No language is named.", "Write languages: [en].")
    for language in sorted({one for one in languages if languages.count(one) > 1}):
        yield Finding(("languages",), f"“{language}” is named twice.", "Name it once.")
    for place, text in _texts(questionnaire, ()):
        for language in languages:
            if not text.root.get(language, "").strip():
                what = f"The text in “{language}” is missing or empty."
                yield Finding(place, what, f"Write {language}: and the words in that language.")
        for language in text.root.keys() - set(languages):
            what = f"There is a text in “{language}”, which the questionnaire does not name."
            mend = f"Add {language} to languages: at the top, or take this text away."
            yield Finding((*place, language), what, mend)


def _is_about_language(finding: Finding) -> bool:
    return "text in “" in finding.what


def _texts(value: object, place: Place) -> Iterator[tuple[Place, Text]]:
    if isinstance(value, Text):
        yield place, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _texts(getattr(value, name), (*place, name))
    elif isinstance(value, tuple):
        for position, item in enumerate(value):
            yield from _texts(item, (*place, position))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, (*place, key))


def _check_years(questionnaire: Questionnaire) -> Iterator[Finding]:
    years = questionnaire.years
    if not years or list(years) != sorted(set(years)):
        what = "The years must be named once each, the youngest first."
        yield Finding(("years",), what, "Write for example years: [10, 11].")


def _check_scales(questionnaire: Questionnaire) -> Iterator[Finding]:
    for key, scale in questionnaire.scales.items():
        place = ("scales", key)
        yield from check_options((*place, "options"), scale.options)
        if scale.scoring:
            values = [option.value for option in scale.options]
            yield from check_scoring((*place, "scoring"), scale.scoring, values)


def _check_constructs(questionnaire: Questionnaire) -> Iterator[Finding]:
    for key, construct in questionnaire.constructs.items():
        is_skill = construct.block is Block.ESSENTIAL_SKILLS
        if is_skill and key not in ESSENTIAL_SKILLS:
            what = f"“{key}” is not one of the essential skills."
            mend = f"Use one of: {', '.join(ESSENTIAL_SKILLS)}; or name another block."
            yield Finding(("constructs", key), what, mend)
        if not is_skill and key in ESSENTIAL_SKILLS:
            what = f"“{key}” is an essential skill but stands in the block {construct.block}."
            yield Finding(("constructs", key), what, "Write block: essential_skills.")


def _check_sections(questionnaire: Questionnaire) -> Iterator[Finding]:
    if not questionnaire.sections:
        yield Finding(("sections",), "There is no section.", "Write one with its questions.")
    for position, section in enumerate(questionnaire.sections):
        if all(isinstance(question, Note) for question in section.questions):
            what = "No question of this section takes an answer."
            mend = "Add a question, or take the section away."
            yield Finding(("sections", position, "questions"), what, mend)


def _check_ids(questionnaire: Questionnaire) -> Iterator[Finding]:
    seen: set[str] = set()
    for position, section in enumerate(questionnaire.sections):
        if section.id in seen:
            what = f"There is a section “{section.id}” already."
            yield Finding(("sections", position, "id"), what, "Give this one its own id.")
        seen.add(section.id)
    first: dict[str, Place] = {}
    for place, question in _places(questionnaire):
        if question.id in first:
            what = f"There is a question “{question.id}” already."
            yield Finding((*place, "id"), what, "Give this one its own id.")
        first.setdefault(question.id, place)


def _check_profile_fields(questionnaire: Questionnaire) -> Iterator[Finding]:
    writers: dict[str, str] = {}
    for place, question in _places(questionnaire):
        field = None if isinstance(question, Note) else question.profile_field
        if field is None:
            continue
        if field in writers:
            what = f"“{field}” is written by question “{writers[field]}” already."
            mend = "Let one question write it: the one every student is asked."
            yield Finding((*place, "profile_field"), what, mend)
        writers.setdefault(field, question.id)


def _check_questions(questionnaire: Questionnaire, unread: Collection[Place]) -> Iterator[Finding]:
    earlier: dict[str, Question | None] = {}
    every = {question.id for question in questionnaire.questions}
    for place, question in _places(questionnaire):
        yield from check_question(
            questionnaire, place, question, earlier=earlier, every=every, unread=unread
        )
        earlier.setdefault(question.id, None if place in unread else question)
