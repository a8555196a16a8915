"""Whose word an objection is: a parent's until the pupil is 16, the pupil's from that day on.

Education and Skills Act 2008 s72 says so of what a local authority gets beyond name, address and
date of birth; we keep the same rule for sharing with post-16 providers. Pure: no database, no clock.
"""

from dataclasses import dataclass
from datetime import date

from outreach.clock import long_date
from outreach.pupils.objections.models import Instructor, ObjectionScope

AGE = 16
LONGEST_EVIDENCE = 500
OLDEST = 25
"""Years. Nobody on a roster is older, whatever the date of birth that is not known."""

SCOPE_LABELS = {
    ObjectionScope.MAIL: "Mail with questionnaires",
    ObjectionScope.POST_16_SHARING: "Sharing with post-16 providers and careers services",
    ObjectionScope.LOCAL_AUTHORITY: "Sharing with the local authority beyond the basics",
}
INSTRUCTOR_LABELS = {Instructor.PUPIL: "The pupil", Instructor.PARENT: "A parent"}

_AGE_UNKNOWN = "The roster has no date of birth for this pupil, so their age could not be checked."
_RIGHT_UNKNOWN = "The roster has no date of birth: when the right passes to the pupil is not known"


@dataclass(frozen=True)
class Instruction:
    """Whose word, the day on which they gave it, and how the school can show that they did."""

    by: Instructor
    on: date
    evidence: str | None


@dataclass(frozen=True)
class Verdict:
    """`refusal` says why not and what to do; `note` is what could not be checked."""

    refusal: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Right:
    """Who may take an objection back, in words. `has_passed`: from a parent, to the pupil."""

    has_passed: bool
    words: str


def sixteenth_birthday(born: date) -> date:
    """An age is reached as the anniversary of the birth begins (Family Law Reform Act 1969 s9).

    For a birthday on 29 February the sixteenth is on 29 February again, except in 2100, which has
    none: there we take 1 March, when sixteen whole years have passed.
    """
    try:
        return born.replace(year=born.year + AGE)
    except ValueError:
        return date(born.year + AGE, 3, 1)


def holder_on(born: date | None, day: date) -> Instructor | None:
    """Who has the right on that day; None where the date of birth is not known."""
    if born is None:
        return None
    return Instructor.PUPIL if day >= sixteenth_birthday(born) else Instructor.PARENT


def may_object(scope: ObjectionScope, by: Instructor, born: date | None, on: date) -> Verdict:
    """A pupil of any age may stop mail: it is theirs, and their own link offers it."""
    if scope is ObjectionScope.MAIL and by is Instructor.PUPIL:
        return Verdict()
    return _only_holder(by, born, on)


def may_lift(
    scope: ObjectionScope, made_by: Instructor, by: Instructor, born: date | None, on: date
) -> Verdict:
    """Whoever has the right on that day; but a pupil's own word about mail is the pupil's to lift."""
    if scope is ObjectionScope.MAIL and made_by is Instructor.PUPIL:
        if by is Instructor.PUPIL:
            return Verdict()
        return Verdict("The pupil asked for this, so only the pupil can take it back: ask them")
    return _only_holder(by, born, on)


def _only_holder(by: Instructor, born: date | None, on: date) -> Verdict:
    if born is None:
        age = "under 16" if by is Instructor.PARENT else "16 or over"
        return Verdict(note=f"{_AGE_UNKNOWN} Make sure that they were {age} on that day.")
    if by is holder_on(born, on):
        return Verdict()
    birthday = long_date(sixteenth_birthday(born))
    if by is Instructor.PARENT:
        return Verdict(
            f"The pupil was 16 on {birthday}, and from that day on it is the pupil who decides. "
            "Ask the pupil, and record what they say"
        )
    return Verdict(
        f"The pupil is 16 on {birthday}, and until then it is a parent who decides. "
        "Ask a parent, and record what they say"
    )


def instruction_faults(
    scope: ObjectionScope,
    instruction: Instruction,
    born: date | None,
    today: date,
    since: date | None = None,
) -> dict[str, str]:
    """What is wrong with the day and the evidence, by field of the form; empty where all is well.

    `since` is when the objection was made that is to be lifted.
    """
    faults: dict[str, str] = {}
    if instruction.on > today:
        faults["instructed_on"] = "The day must be today or earlier: record what has been said"
    elif instruction.on < (born or date(today.year - OLDEST, 1, 1)):
        faults["instructed_on"] = "The day is before the pupil was born: check the year"
    elif since is not None and instruction.on < since:
        faults["instructed_on"] = f"The day is before the objection itself, of {long_date(since)}"
    evidence = instruction.evidence or ""
    if not evidence and scope is not ObjectionScope.MAIL:
        faults["evidence"] = (
            "Say how the school can show it, for example “Email of 3 May in the office file”"
        )
    elif len(evidence) > LONGEST_EVIDENCE:
        faults["evidence"] = f"Use {LONGEST_EVIDENCE} characters or fewer for the evidence"
    return faults


def right_of(made_by: Instructor, born: date | None, today: date) -> Right:
    """Who may take back an objection that is in force. Nothing ends by itself at 16."""
    if made_by is Instructor.PUPIL:
        return Right(False, "The pupil’s own")
    if born is None:
        return Right(False, _RIGHT_UNKNOWN)
    birthday = long_date(sixteenth_birthday(born))
    if holder_on(born, today) is Instructor.PARENT:
        return Right(False, f"A parent’s. The right passes to the pupil on {birthday}, at 16")
    return Right(
        True, f"The right is now the pupil’s (16 on {birthday}): ask them whether it stands"
    )
