"""Every text of a questionnaire by its address, and the same questionnaire with other texts."""

from collections.abc import Callable, Iterator

from questionnaires.model import ChoiceQuestion, ChoicesQuestion, Question, Questionnaire, Text

Change = Callable[[str, Text], Text]
"""From an address and the text there to the text that shall stand there."""


def texts_of(questionnaire: Questionnaire) -> Iterator[tuple[str, Text]]:
    """Address and text, of a definition that is ready (scales put into their questions).

    Addresses are `title`, `intro`, `constructs.<key>`, `sections.<id>.title` and `.intro`, and
    for a question `<id>.text`, `<id>.hint`, `<id>.options.<value>`.
    """
    found: list[tuple[str, Text]] = []

    def note(address: str, text: Text) -> Text:
        found.append((address, text))
        return text

    with_texts(questionnaire, note)
    yield from found


def with_texts(questionnaire: Questionnaire, change: Change) -> Questionnaire:
    sections = []
    for section in questionnaire.sections:
        place = f"sections.{section.id}"
        update: dict[str, object] = {"title": change(f"{place}.title", section.title)}
        if section.intro is not None:
            update["intro"] = change(f"{place}.intro", section.intro)
        update["questions"] = tuple(_with_texts(q, change) for q in section.questions)
        sections.append(section.model_copy(update=update))
    constructs = {
        key: construct.model_copy(update={"label": change(f"constructs.{key}", construct.label)})
        for key, construct in questionnaire.constructs.items()
    }
    changed = questionnaire.model_copy(
        update={
            "title": change("title", questionnaire.title),
            "intro": change("intro", questionnaire.intro),
            "constructs": constructs,
            "sections": tuple(sections),
        }
    )
    changed.model_post_init(None)
    return changed


def _with_texts(question: Question, change: Change) -> Question:
    update: dict[str, object] = {"text": change(f"{question.id}.text", question.text)}
    if question.hint is not None:
        update["hint"] = change(f"{question.id}.hint", question.hint)
    if isinstance(question, ChoiceQuestion | ChoicesQuestion):
        update["options"] = tuple(
            option.model_copy(
                update={"label": change(f"{question.id}.options.{option.value}", option.label)}
            )
            for option in question.options
        )
    return question.model_copy(update=update)
