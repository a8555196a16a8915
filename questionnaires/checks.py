"""Everything that can be wrong with a definition as a whole; all faults, never just the first."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set

from pydantic import BaseModel

from questionnaires.audience import Setting
from questionnaires.faults import Finding, Place
from questionnaires.languages import MAX_LANGUAGES
from questionnaires.model import (
    ESSENTIAL_SKILLS,
    Block,
    ChoiceQuestion,
    ChoicesQuestion,
    Note,
    ProfileField,
    Question,
    Questionnaire,
    Text,
)
from questionnaires.question_checks import (
    check_options,
    check_question,
    check_scoring,
    values_of,
)

MAX_QUESTIONS = 100
MAX_OPTIONS = 40
MAX_CHARACTERS = 1000


def check(
    questionnaire: Questionnaire,
    unread: Set[Place] = frozenset(),
    *,
    asked_before: Sequence[Question] = (),
) -> list[Finding]:
    """Every fault of a definition as written (scales not yet put into their questions).

    `unread` are places whose shape is faulty already and which hold a stand-in: nothing is said
    of them here, nor of what refers to them. `asked_before` are those of another questionnaire
    that this one continues.
    """
    found = [
        *_check_languages(questionnaire),
        *_check_years(questionnaire),
        *_check_audience(questionnaire),
        *_check_scales(questionnaire),
        *_check_constructs(questionnaire),
        *_check_own(questionnaire),
        *_check_sections(questionnaire),
        *_check_size(questionnaire),
        *_check_ids(questionnaire, asked_before),
        *_check_profile_fields(questionnaire),
        *_check_questions(questionnaire, unread, asked_before),
    ]
    if ("languages",) in unread:
        found = [finding for finding in found if not _is_about_language(finding)]
    return [finding for finding in found if not _is_within(finding.place, unread)]


def _is_within(place: Place, unread: Set[Place]) -> bool:
    return any(place[:length] in unread for length in range(len(place) + 1))


def _places(questionnaire: Questionnaire) -> Iterator[tuple[Place, Question]]:
    for s, section in enumerate(questionnaire.sections):
        for q, question in enumerate(section.questions):
            yield ("sections", s, "questions", q), question


def _check_languages(questionnaire: Questionnaire) -> Iterator[Finding]:
    languages = questionnaire.languages
    if not languages:
        yield Finding(("languages",), "No language is named.", "Write languages: [en].")
    if len(languages) > MAX_LANGUAGES:
        what = f"It names {len(languages)} languages; {MAX_LANGUAGES} is the most."
        yield Finding(("languages",), what, "Leave some out.")
        return
    named = set(languages)
    for language in sorted(one for one, times in Counter(languages).items() if times > 1):
        yield Finding(("languages",), f"“{language}” is named twice.", "Name it once.")
    for place, text in _texts(questionnaire, ()):
        for language in languages:
            if not text.root.get(language, "").strip():
                what = f"The text in “{language}” is missing or empty."
                yield Finding(place, what, f"Write {language}: and the words in that language.")
        for language in text.root.keys() - named:
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
    if not years and questionnaire.audience.ages is not None:
        return
    if not years or list(years) != sorted(set(years)):
        what = "The years must be named once each, the youngest first."
        mend = "Write for example years: [10, 11]; or the ages, under audience:."
        yield Finding(("years",), what, mend)


def _check_audience(questionnaire: Questionnaire) -> Iterator[Finding]:
    settings = questionnaire.audience.settings
    if not settings or len(set(settings)) != len(settings):
        what = "The settings must be named once each, at least one."
        mend = f"Use some of: {', '.join(Setting)}; or take the line away, which means school."
        yield Finding(("audience", "settings"), what, mend)
    ages = questionnaire.audience.ages
    if ages is not None and ages.oldest < ages.youngest:
        what = f"Nobody is between {ages.youngest} and {ages.oldest}."
        yield Finding(("audience", "ages", "oldest"), what, "Make it the larger of the two.")
    with_plan = None if ages is None else ages.oldest_with_plan
    if ages is not None and with_plan is not None and with_plan <= ages.oldest:
        what = f"{with_plan} with a plan is no later than {ages.oldest} without."
        mend = "Make it larger, or take the line away."
        yield Finding(("audience", "ages", "oldest_with_plan"), what, mend)


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


def _check_own(questionnaire: Questionnaire) -> Iterator[Finding]:
    constructs = questionnaire.constructs
    for place, question in _places(questionnaire):
        if not isinstance(question, ChoiceQuestion) or question.construct not in constructs:
            continue
        scale = questionnaire.scales.get(question.scale or "")
        is_scored = question.scoring or (scale is not None and scale.scoring)
        if is_scored and constructs[question.construct].block is Block.OWN:
            what = f"“{question.construct}” is of the block {Block.OWN}, which is never scored."
            mend = "Take the scoring away, or name another scale or construct."
            yield Finding((*place, "scoring"), what, mend)


def _check_sections(questionnaire: Questionnaire) -> Iterator[Finding]:
    if not questionnaire.sections:
        yield Finding(("sections",), "There is no section.", "Write one with its questions.")
    for position, section in enumerate(questionnaire.sections):
        if all(isinstance(question, Note) for question in section.questions):
            what = "No question of this section takes an answer."
            mend = "Add a question, or take the section away."
            yield Finding(("sections", position, "questions"), what, mend)


def _check_size(questionnaire: Questionnaire) -> Iterator[Finding]:
    """What would make a page that no phone can hold; far above what a student will answer."""
    count = len(questionnaire.questions)
    if count > MAX_QUESTIONS:
        what = f"It has {count} questions and notes; {MAX_QUESTIONS} is the most."
        yield Finding(("sections",), what, "Leave some out: a student has about ten minutes.")
    for place, question in _places(questionnaire):
        options = question.options if isinstance(question, ChoiceQuestion | ChoicesQuestion) else ()
        if len(options) > MAX_OPTIONS:
            what = f"It has {len(options)} options; {MAX_OPTIONS} is the most."
            yield Finding((*place, "options"), what, "Leave some out, or put some together.")
    for place, text in _texts(questionnaire, ()):
        for language, words in text.root.items():
            if len(words) > MAX_CHARACTERS:
                what = f"It is {len(words)} characters long; {MAX_CHARACTERS} is the most."
                yield Finding((*place, language), what, "Say it in fewer words.")


def _check_ids(questionnaire: Questionnaire, asked_before: Sequence[Question]) -> Iterator[Finding]:
    seen: set[str] = set()
    for position, section in enumerate(questionnaire.sections):
        if section.id in seen:
            what = f"There is a section “{section.id}” already."
            yield Finding(("sections", position, "id"), what, "Give this one its own id.")
        seen.add(section.id)
    ids = {question.id for question in asked_before}
    for place, question in _places(questionnaire):
        if question.id in ids:
            what = f"There is a question “{question.id}” already."
            yield Finding((*place, "id"), what, "Give this one its own id.")
        ids.add(question.id)


def _check_profile_fields(questionnaire: Questionnaire) -> Iterator[Finding]:
    """One question a field; interests alone may be asked in parts, each with its own options."""
    writers: dict[str, Question] = {}
    exclusives: set[str | None] = set()
    taken: set[str] = set()
    for place, question in _places(questionnaire):
        field = None if isinstance(question, Note) else question.profile_field
        if field is None:
            continue
        first = writers.setdefault(field, question)
        if first is not question and field is not ProfileField.INTERESTS:
            what = f"“{field}” is written by question “{first.id}” already."
            mend = "Let one question write it: the one every student is asked."
            yield Finding((*place, "profile_field"), what, mend)
        elif field is ProfileField.INTERESTS and isinstance(question, ChoicesQuestion):
            values = values_of(questionnaire, question)
            exclusives.add(question.exclusive)
            yield from _check_part(place, question, values, exclusives, taken)
            taken.update(values)


def _check_part(
    place: Place,
    question: ChoicesQuestion,
    values: Sequence[str],
    exclusives: Set[str | None],
    taken: Set[str],
) -> Iterator[Finding]:
    """`exclusives` are those of this part and all before it, `taken` the values before it."""
    if len(exclusives) > 1:
        what = "It names another exclusive option than an earlier question of the same field."
        mend = "Give each of them the same exclusive value, such as none_yet."
        yield Finding((*place, "exclusive"), what, mend)
    for value in values:
        if value in taken and value != question.exclusive:
            what = f"“{value}” can be chosen in an earlier question that writes the same field."
            yield Finding((*place, "options"), what, "Offer each value in one of them only.")


def _check_questions(
    questionnaire: Questionnaire, unread: Set[Place], asked_before: Sequence[Question]
) -> Iterator[Finding]:
    earlier: dict[str, Question | None] = {question.id: question for question in asked_before}
    every = {question.id for question in questionnaire.questions}
    for place, question in _places(questionnaire):
        yield from check_question(
            questionnaire, place, question, earlier=earlier, every=every, unread=unread
        )
        earlier.setdefault(question.id, None if place in unread else question)
