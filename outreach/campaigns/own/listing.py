"""A school's questionnaires as staff choose among them: those published, then its own."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from outreach.campaigns.own.library import NotAsStored, SchoolLibrary, of_school
from outreach.campaigns.own.retiring import uses
from questionnaires.audience import ChosenBy, Setting, in_words
from questionnaires.loading import Library
from questionnaires.model import Block, Note, Questionnaire
from questionnaires.timing import minutes_to_answer

BLOCK_NAMES = {
    Block.CAREER_KNOWLEDGE: "Career knowledge and skills",
    Block.INTERESTS: "Interests and plans",
    Block.ESSENTIAL_SKILLS: "Essential skills",
    Block.OWN: "Own questions",
}


@dataclass(frozen=True)
class Facts:
    """What a definition says of itself, in words."""

    written_for: str
    blocks: tuple[str, ...]
    questions: int
    minutes: int
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Listed:
    """One questionnaire by its newest version. `facts` is None where it cannot be read."""

    id: str
    title: str
    version: int
    campaigns: int
    """Over all its versions, drafts included."""
    is_own: bool
    is_retired: bool
    base: str | None
    stands_in: bool
    facts: Facts | None


def listed(session: Session, library: Library) -> tuple[list[Listed], list[Listed]]:
    """Those published, by year; and the school's own, by title, those retired last."""
    here = of_school(session, library)
    used: dict[str, int] = {}
    for (id, _), count in uses(session).items():
        used[id] = used.get(id, 0) + count
    published = [_published(one, used) for one in in_order(here.published)]
    newest = {one.questionnaire: one for one in here.own}
    own = [
        Listed(
            id=one.questionnaire,
            title=one.title,
            version=one.version,
            campaigns=used.get(one.questionnaire, 0),
            is_own=True,
            is_retired=one.is_retired,
            base=one.base,
            stands_in=one.stands_in,
            facts=_facts_if_readable(here, one.questionnaire, one.version),
        )
        for one in newest.values()
    ]
    return published, sorted(own, key=lambda one: (one.is_retired, one.title))


def in_order(library: Library) -> list[Questionnaire]:
    """The newest of each, by year; those for other places and those that staff choose last."""

    def place(one: Questionnaire) -> tuple[bool, bool, tuple[int, ...]]:
        is_by_staff = one.audience.chosen_by is ChosenBy.STAFF
        return is_by_staff, Setting.SCHOOL not in one.audience.settings, one.years

    return sorted((library.latest(id) for id in library.ids), key=place)


def facts_of(one: Questionnaire) -> Facts:
    asked = [question for question in one.questions if not isinstance(question, Note)]
    blocks = {question.block for question in asked}
    written_for = in_words(one.years, one.audience)
    return Facts(
        written_for=written_for[:1].upper() + written_for[1:],
        blocks=tuple(BLOCK_NAMES[block] for block in Block if block in blocks),
        questions=len(asked),
        minutes=minutes_to_answer(one),
        languages=tuple(language.name for language in one.offered),
    )


def _published(one: Questionnaire, used: dict[str, int]) -> Listed:
    return Listed(
        id=one.id,
        title=one.title.in_("en"),
        version=one.version,
        campaigns=used.get(one.id, 0),
        is_own=False,
        is_retired=False,
        base=None,
        stands_in=False,
        facts=facts_of(one),
    )


def _facts_if_readable(library: SchoolLibrary, id: str, version: int) -> Facts | None:
    """One that cannot be read must not close the list of all the others."""
    try:
        return facts_of(library.get(id, version))
    except NotAsStored:
        return None
