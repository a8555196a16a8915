"""Reading age of English words: Flesch-Kincaid grade plus five, as docs/questionnaires.md says."""

from collections.abc import Iterable, Iterator

import textstat

from questionnaires.model import ChoiceQuestion, ChoicesQuestion, Questionnaire

YEARS_BEFORE_GRADE_ONE = 5
PROSE_WORDS = 6
"""A text of fewer words is a heading or an option: it would flatter the mean of the sentences."""
LONG_WORDS = 20


def reading_age(texts: Iterable[str]) -> float:
    sentences = [text if text[-1] in ".?!" else f"{text}." for text in texts]
    return float(textstat.flesch_kincaid_grade(" ".join(sentences))) + YEARS_BEFORE_GRADE_ONE


def words_of(questionnaire: Questionnaire) -> list[str]:
    """Every text that a student reads, each once."""
    return list(dict.fromkeys(_words_of(questionnaire)))


def prose_of(questionnaire: Questionnaire) -> list[str]:
    return [text for text in words_of(questionnaire) if len(text.split()) >= PROSE_WORDS]


def long_texts_of(questionnaire: Questionnaire) -> Iterator[str]:
    """Introductions, and questions with their hints, where they are long enough to measure."""
    texts = [questionnaire.intro, *(s.intro for s in questionnaire.sections if s.intro)]
    whole = [text.in_("en") for text in texts]
    for question in questionnaire.questions:
        hint = question.hint.in_("en") if question.hint else ""
        whole.append(f"{question.text.in_('en')} {hint}".strip())
    return (text for text in whole if len(text.split()) >= LONG_WORDS)


def _words_of(questionnaire: Questionnaire) -> Iterator[str]:
    yield questionnaire.title.in_("en")
    yield questionnaire.intro.in_("en")
    for section in questionnaire.sections:
        yield section.title.in_("en")
        if section.intro:
            yield section.intro.in_("en")
        for question in section.questions:
            yield question.text.in_("en")
            if question.hint:
                yield question.hint.in_("en")
            if isinstance(question, ChoiceQuestion | ChoicesQuestion):
                yield from (option.label.in_("en") for option in question.options)
