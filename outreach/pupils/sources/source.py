"""What every information system looks like to a sync: its word on the school, and pages of pupils.

A source knows its integrator's API and nothing of our database. What goes wrong is one of the
troubles below; each carries words for the school's staff, without tokens and names.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from outreach.errors import OutreachError
from outreach.pupils.sources.records import Field, GroupPlace
from outreach.pupils.sync.models import SourceKind, SourceState


@dataclass(frozen=True)
class SourcePupil:
    """One pupil as the source gave them: raw text by field, not checked yet.

    `groups` are teaching and user-defined groups; None where the source was not asked for any.
    `faults` say of a field why what came is no text at all (a list, say): the pupil is rejected for
    it, and by its identifiers still known not to be absent.
    """

    cells: Mapping[Field, str] = field(repr=False)
    groups: tuple[GroupPlace, ...] | None = field(default=None, repr=False)
    faults: Mapping[Field, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SourcePage:
    """One answer of the source. `next_cursor` is where the next page begins; None after the last.

    `malformed` says of each record that is none (not an object, no identifier, a value of the
    wrong type) what is wrong with it. `gone` are MIS IDs whose records the source has deleted.
    `expected` is how many pupils it says there are in all, where it says so.
    """

    pupils: Sequence[SourcePupil] = field(repr=False)
    next_cursor: str | None
    expected: int | None = None
    malformed: Sequence[str] = ()
    gone: Sequence[str] = field(default=(), repr=False)
    mark: str | None = None
    """On the last page: what to give as `Access.mark` when changes since this sync are asked for."""


@dataclass(frozen=True)
class Leaver:
    """A pupil who the source says has left. `left_on` is None where it gives no day."""

    mis_id: str = field(repr=False)
    left_on: date | None


@dataclass(frozen=True)
class Standing:
    """What the integrator says of the school now. Items are named as `Field` values.

    `granted` is None where it does not say which items the school agreed to.
    """

    state: SourceState
    words: str
    school_name: str | None = None
    asked: frozenset[Field] = frozenset()
    granted: frozenset[Field] | None = None
    urn: str | None = None
    """The school's URN as the integrator has it; None where it does not say."""


@dataclass(frozen=True)
class Access:
    """All that a source needs to be asked for one school. Its repr shows no secret."""

    kind: SourceKind
    external_id: str
    secret: str = field(repr=False)
    url: str | None = None
    may_be_private: bool = False
    callback_url: str | None = field(default=None, repr=False)
    """Where the integrator may call when data is fresh; only some take it."""
    mark: str | None = None
    """What the last sync's `SourcePage.mark` was; only some sources need it to tell changes."""


class Source(Protocol):
    """One school's information system. Methods raise SourceTrouble and nothing else."""

    @property
    def fields(self) -> Mapping[Field, str]:
        """Every field it can give, and what it calls it (for faults that people read)."""

    def standing(self) -> Standing:
        """Ask what the school permits. Revoked and paused are answers here, not troubles."""

    def pages(
        self, wanted: Collection[Field], *, changed_since: datetime | None, cursor: str | None
    ) -> Iterator[SourcePage]:
        """Pupils page by page, with the wanted fields only; from `cursor` on where one is given.

        `changed_since`: those changed since then, and what is gone; None is the whole school.
        """

    def leavers(self) -> Iterator[Leaver]:
        """Those the source lists as having left, lately. Empty where it has no such list."""


class SourceTrouble(OutreachError):
    """The source could not be read. The words say what it means and who can mend it."""


class Paused(SourceTrouble):
    """The school has paused its permission for now. Mail stops, nothing is deleted."""


class Revoked(SourceTrouble):
    """The school (or the integrator) took the permission back, or the secret is not right."""


class NotApproved(SourceTrouble):
    """The school has not decided yet. Asked again at the next sync."""


class Declined(SourceTrouble):
    """The school said no."""


class PutOff(SourceTrouble):
    """The source asked us to wait for longer than a worker should stand idle."""

    def __init__(self, words: str, seconds: float) -> None:
        super().__init__(words)
        self.seconds = seconds


class Unreachable(SourceTrouble):
    """No whole answer came, after several tries with growing waits. It may come right by itself."""


class TooSlow(Unreachable):
    """The time that we give an answer, or all that belongs to one page, is over. Not tried again
    at once: whatever it waits for, it would only wait for it once more."""


class Nonsense(SourceTrouble):
    """The answer was not what the source's documents say. Trying again will not help."""


SourceMaker = Callable[[Access], Source]
