"""Adding a school's own questionnaire: checked as a whole, shown, then stored as the next version.

Nothing is stored where there is any fault, and what is stored is read anew from the same bytes.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from outreach import audit
from outreach.audit import Actor
from outreach.campaigns.own.library import SchoolLibrary, is_own, of_school
from outreach.campaigns.own.models import SchoolQuestionnaire
from outreach.campaigns.own.retiring import wait_for_turn
from outreach.database import school_of
from outreach.errors import Refusal
from questionnaires.extras import OWN_PREFIX, with_extra_section
from questionnaires.faults import DefinitionFaults, Fault
from questionnaires.loading import Library, UnknownQuestionnaire, load_text
from questionnaires.model import DEFAULT_LANGUAGE, Questionnaire

MOST_BYTES = 100_000
"""Six times the longest that is published."""
LONGEST_ID = 40

NOT_TO_ASK = (
    "who a student is, health or disability, religion or belief, ethnicity, sexuality, family or home "
    "life, money at home, free school meals, or being in care"
)
"""The table of purposes guards what the roster holds of these; a question would go round it."""

_KEY = re.compile(r"[a-z][a-z0-9_]*")


class StoredAlready(Refusal):
    """The very same questions are a stored version of the school."""

    def __init__(self, id: str, version: int) -> None:
        super().__init__(
            f"These very questions are stored already, as version {version} of “{id}”. "
            "Nothing was added."
        )
        self.id = id
        self.version = version


class Licence(Enum):
    """What whoever adds it says of the wording."""

    OWN_WORDS = "own_words"
    HELD = "held"


@dataclass(frozen=True)
class Proposed:
    """A faultless questionnaire under the id and version it would get; nothing is stored yet."""

    questionnaire: Questionnaire
    base: Questionnaire | None
    source: str = field(repr=False)
    """Its YAML: of the section alone where it has a base."""

    @property
    def title(self) -> str:
        return title_for_staff(self.questionnaire)


def title_for_staff(questionnaire: Questionnaire) -> str:
    """Students read the title of the base; staff have to tell the two apart."""
    title = questionnaire.title.in_(DEFAULT_LANGUAGE)
    if questionnaire.extra_sha256 is None:
        return title
    return f"{title}, with “{questionnaire.sections[-1].title.in_(DEFAULT_LANGUAGE)}”"


def propose(
    session: Session, library: Library, content: bytes, name: str, *, extends: str | None
) -> Proposed:
    """Read as a section after the published `extends`, or where that is None as a whole.

    Raises DefinitionFaults with every fault, each with its place and mend; StoredAlready; and
    Refusal where there is no such published questionnaire.
    """
    _refuse_size(content, name)
    here = of_school(session, library)
    if extends is None:
        base, read = None, load_text(content, name)
        id = read.id
    else:
        base = _published(here, extends)
        read = with_extra_section(base, content, name)
        id = id_of_section(base.id, read.sections[-1].id)
    _refuse_id(id, f"{name}, id", is_section=base is not None)
    stored = [one for one in here.own if one.questionnaire == id]
    if any((one.base is None) is not (base is None) for one in stored):
        raise Refusal(f"“{id}” is the id of another of your questionnaires. Give this one its own.")
    for one in stored:
        if one.sha256 == read.sha256:
            raise StoredAlready(id, one.version)
    version = max((one.version for one in stored), default=0) + 1
    return Proposed(read.called(id, version), base, content.decode())


def add(
    session: Session,
    proposed: Proposed,
    licence: Licence,
    actor: Actor,
    now: datetime,
    *,
    asks_nothing_guarded: bool,
) -> SchoolQuestionnaire:
    """Store it. Refusal where somebody stored this version a moment before, and where whoever adds
    it does not say that it asks nothing of `NOT_TO_ASK`; the audit keeps that they did."""
    if not asks_nothing_guarded:
        raise Refusal(f"Nothing was stored. First say that no question asks about {NOT_TO_ASK}.")
    made, base = proposed.questionnaire, proposed.base
    wait_for_turn(session)
    stood_in = _stand_back(session, made.id)
    row = session.scalars(
        insert(SchoolQuestionnaire)
        .values(
            school_id=school_of(session),
            questionnaire=made.id,
            version=made.version,
            title=proposed.title,
            source=proposed.source,
            sha256=made.sha256,
            base=base.id if base else None,
            base_version=base.version if base else None,
            added_by=actor.id,
            added_at=now,
            stands_in=stood_in,
        )
        .on_conflict_do_nothing()
        .returning(SchoolQuestionnaire)
    ).one_or_none()
    if row is None:
        raise Refusal(
            f"Somebody added version {made.version} of “{made.id}” a moment ago. Look at it, then "
            "add yours again if it is still wanted."
        )
    session.execute(  # a new version of what was retired is offered again, whole
        update(SchoolQuestionnaire)
        .where(
            SchoolQuestionnaire.school_id == row.school_id,
            SchoolQuestionnaire.questionnaire == made.id,
            SchoolQuestionnaire.retired_at.is_not(None),
        )
        .values(retired_at=None)
    )
    audit.record(
        session,
        now,
        actor,
        "questionnaire.added",
        "questionnaire",
        None,
        questionnaire=made.id,
        version=made.version,
        based_on=f"{base.id}@{base.version}" if base else None,
        licence=licence.value,
        asks_nothing_guarded=True,
    )
    return row


def id_of_section(base_id: str, section_id: str) -> str:
    """own_fair after gcse is own_gcse_fair: each base has its own versions of it."""
    return f"{OWN_PREFIX}{base_id}_{section_id.removeprefix(OWN_PREFIX)}"


def _published(here: SchoolLibrary, id: str) -> Questionnaire:
    if is_own(id):
        words = "Questions can be added to a published questionnaire only, not to one of your own."
        raise Refusal(words)
    try:
        return here.published.latest(id)
    except UnknownQuestionnaire as fault:
        raise Refusal(str(fault)) from fault


def _stand_back(session: Session, id: str) -> bool:
    """Whether the version before was given in place of its base: the next is, then, in its stead."""
    found = session.scalars(
        update(SchoolQuestionnaire)
        .where(
            SchoolQuestionnaire.school_id == school_of(session),
            SchoolQuestionnaire.questionnaire == id,
            SchoolQuestionnaire.stands_in,
        )
        .values(stands_in=False)
        .returning(SchoolQuestionnaire.version)
    ).all()
    return bool(found)


def _refuse_size(content: bytes, name: str) -> None:
    if not content.strip():
        fault = Fault(name, "It is empty.", "Choose the file, or paste its text.")
        raise DefinitionFaults([fault])
    if len(content) > MOST_BYTES:
        what = f"It is {len(content)} bytes long; {MOST_BYTES} is the most."
        raise DefinitionFaults([Fault(name, what, "Check that it is the right file.")])
    if b"\0" in content:
        what = "It holds a null character."
        raise DefinitionFaults([Fault(name, what, "Save it as plain text, in UTF-8.")])
    try:
        content.decode()
    except UnicodeDecodeError as error:
        what = f"It is not UTF-8 from byte {error.start + 1} on."
        raise DefinitionFaults([Fault(name, what, "Save it as UTF-8 text.")]) from error


def _refuse_id(id: str, where: str, *, is_section: bool) -> None:
    if not is_own(id):
        what = f"“{id}” does not begin with {OWN_PREFIX}."
        mend = f"Write {OWN_PREFIX}{id}, so that it can never be that of a published one."
        raise DefinitionFaults([Fault(where, what, mend)])
    if len(id) > LONGEST_ID:
        what = f"“{id}” would be its id, and has {len(id)} characters; {LONGEST_ID} is the most."
        mend = "Give the section a shorter id." if is_section else "Give it a shorter id."
        raise DefinitionFaults([Fault(where, what, mend)])
