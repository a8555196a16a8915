"""What the page of one pupil shows: profile, mail, campaigns and history, ready to be laid out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from outreach.campaigns.models import ArrivedBy
from outreach.campaigns.own.library import of_school
from outreach.campaigns.states import ANSWERED
from outreach.campaigns.wording import INVITATION, MESSAGE, NOT_MAILED, Words, reason_words
from outreach.clock import academic_year_start
from outreach.profiles.fields import READINESS
from outreach.profiles.history import History, history_of
from outreach.profiles.showing import (
    CampaignPlace,
    Entry,
    campaigns_of,
    groups_of,
    profile_of,
)
from outreach.profiles.wording import (
    SOURCE_LABELS,
    definition_of,
    field_label,
    value_words,
)
from outreach.pupils import characteristics
from outreach.pupils.characteristics import Purpose
from outreach.pupils.gate import Reason, diagnosis, gate
from outreach.pupils.models import AddressKind, GroupKind, Item, Pupil
from outreach.pupils.objections.models import Instructor, ObjectionScope
from outreach.pupils.objections.register import RegisteredObjection, objections_of
from outreach.pupils.reach.why import Why
from outreach.pupils.roster.groups_of_pupil import Membership, memberships_of, split_by_end
from outreach.pupils.suppressing import reached_wrong_person
from outreach.schools.purposes import table
from questionnaires.loading import Library
from questionnaires.model import DEFAULT_LANGUAGE, ProfileField

_SAID = [field.value for field in ProfileField]


@dataclass(frozen=True)
class ShownEntry:
    """An entry in words. `score` is its number where it is one."""

    field: str
    label: str
    words: tuple[str, ...]
    score: float | None
    source: str
    questionnaire: str
    campaign: str
    recorded_at: datetime
    superseded_at: datetime | None


@dataclass(frozen=True)
class ShownMail:
    """Which address would be used today, or why none; campaigns may have reasons of their own.

    `fault` is what is wrong with the form of the address, where that is the reason.
    `is_wrong_person`: mail to an address on the roster reached somebody else.
    """

    address_kind: AddressKind | None
    why: Why | None
    fault: str | None
    is_wrong_person: bool
    objected_at: datetime | None

    @property
    def why_not(self) -> str:
        if self.why is None:
            return ""
        return f"{self.why.words}. {self.fault}" if self.fault else self.why.words


@dataclass(frozen=True)
class ShownCampaign:
    """`mail_reason` says why no mail was written, or why it is in that state; often empty."""

    place: CampaignPlace
    answers: Words
    stopped: str
    mail: Words
    mail_reason: str
    arrived: str
    """How the answers were given, where not by the mailed link; often empty."""

    has_answered: bool
    """In this school year."""

    @property
    def may_answer_again(self) -> bool:
        return self.place.reopened_at is not None


@dataclass(frozen=True)
class PupilPage:
    pupil: Pupil
    groups: tuple[str, ...]
    """The registration group of today, or none."""

    memberships: tuple[Membership, ...]
    """Groups of any kind with their dates: today's and those to come."""

    past_memberships: tuple[Membership, ...]
    mail: ShownMail
    objections: tuple[RegisteredObjection, ...]
    """Those in force first, then the lifted."""

    campaigns: tuple[ShownCampaign, ...]
    current: tuple[ShownEntry, ...]
    earlier: tuple[ShownEntry, ...]
    """What was said before the entries in force, by field, newest first in each."""

    history: History

    characteristics: tuple[tuple[str, str], ...]
    """Label and value of what the school shares for the purpose."""

    purpose: str

    @property
    def has_pupil_objected_to_mail(self) -> bool:
        """By their own word, whether or not a parent's stands beside it."""
        return any(
            one.scope is ObjectionScope.MAIL
            and one.right is not None
            and one.instructed_by is Instructor.PUPIL
            for one in self.objections
        )

    @property
    def may_pupil_allow_mail(self) -> bool:
        """Whether the pupil's own word lifts the objection to mail: theirs, or theirs by now."""
        return any(
            one.scope is ObjectionScope.MAIL
            and one.right is not None
            and (one.instructed_by is Instructor.PUPIL or one.right.has_passed)
            for one in self.objections
        )

    @property
    def readiness(self) -> ShownEntry | None:
        return next((one for one in self.current if one.field == READINESS), None)

    @property
    def blocks(self) -> list[ShownEntry]:
        return self._of_kind("block.")

    @property
    def said(self) -> list[ShownEntry]:
        """Destination, certainty and interests, in that order."""
        return [one for one in self.current if one.score is None]

    @property
    def said_before(self) -> list[ShownEntry]:
        return [one for one in self.earlier if one.score is None]

    def _of_kind(self, start: str) -> list[ShownEntry]:
        return [one for one in self.current if one.field.startswith(start)]


def page_of(
    session: Session, library: Library, pupil_id: UUID, purpose: Purpose, now: datetime
) -> PupilPage:
    """Raises NotFound for a pupil who is not on this school's roster.

    `purpose` is what the reader reads characteristics for.
    """
    profile = profile_of(session, pupil_id)
    objections = tuple(objections_of(session, pupil_id, now))
    here = of_school(session, library)
    history = history_of(session, here, pupil_id, now)
    campaigns = {one.id: one.campaign for one in history.responses}
    shown = [_shown(one, here, campaigns) for one in profile.entries]
    memberships, past_memberships = split_by_end(memberships_of(session, pupil_id), now)
    return PupilPage(
        pupil=profile.pupil,
        groups=tuple(
            name
            for kind, name in groups_of(session, pupil_id, now)
            if kind is GroupKind.REGISTRATION
        ),
        memberships=memberships,
        past_memberships=past_memberships,
        mail=_mail(session, pupil_id, objections, now),
        objections=objections,
        campaigns=tuple(_shown_campaign(place, now) for place in campaigns_of(session, pupil_id)),
        current=tuple(
            sorted((one for one in shown if one.superseded_at is None), key=_place_on_page)
        ),
        earlier=tuple(
            sorted((one for one in shown if one.superseded_at is not None), key=_place_on_page)
        ),
        history=history,
        characteristics=_characteristics(session, pupil_id, purpose),
        purpose=table().purposes[purpose].words,
    )


def _characteristics(
    session: Session, pupil_id: UUID, purpose: Purpose
) -> tuple[tuple[str, str], ...]:
    held = characteristics.read(session, pupil_id, purpose)
    permitted = characteristics.readable(session, purpose)
    return tuple(
        (
            characteristics.LABELS[item],
            characteristics.in_words(item, held[item]) if item in held else "Not given",
        )
        for item in Item
        if item in permitted
    )


def _place_on_page(entry: ShownEntry) -> tuple[int, str]:
    """What was said, then readiness, blocks, constructs and skills; by label in each."""
    kind = entry.field.partition(".")[0]
    order = [*_SAID, READINESS, "block", "construct", "skill"]
    return (order.index(kind) if kind in order else len(order), entry.label)


ARRIVED = {
    ArrivedBy.LINK: "By the mailed link",
    ArrivedBy.CODE: "By the code of a slip",
    ArrivedBy.STAFF: "Opened by staff beside the pupil",
}


def _shown_campaign(place: CampaignPlace, now: datetime) -> ShownCampaign:
    is_mailed = place.message_state is not None
    state = place.message_state.value if place.message_state else NOT_MAILED
    sent_at = place.submitted_at
    is_of_this_year = sent_at is not None and sent_at >= academic_year_start(now)
    return ShownCampaign(
        place=place,
        has_answered=place.invitation_state in ANSWERED and is_of_this_year,
        answers=INVITATION[place.invitation_state],
        stopped=reason_words(place.stopped_reason),
        mail=MESSAGE[state],
        mail_reason=reason_words(place.message_reason if is_mailed else place.excluded_reason),
        arrived="; ".join(ARRIVED[way] for way in ArrivedBy if way in place.arrived_by),
    )


def _mail(
    session: Session, pupil_id: UUID, objections: tuple[RegisteredObjection, ...], now: datetime
) -> ShownMail:
    asked = gate(at=now).where(Pupil.id == pupil_id)
    is_wrong = reached_wrong_person().label("is_wrong")
    row = session.execute(asked.add_columns(is_wrong, *diagnosis())).one()
    why = Why.read(row.reason, row.detail) if row.reason else None
    fault = row.fault if row.reason is Reason.INVALID_ADDRESS else None
    objected_at = next(
        (one.recorded_at for one in objections if one.scope is ObjectionScope.MAIL and one.right),
        None,
    )
    return ShownMail(row.address_kind, why, fault, row.is_wrong, objected_at)


def _shown(entry: Entry, library: Library, campaigns: Mapping[UUID, str]) -> ShownEntry:
    definition = definition_of(library, entry.questionnaire, entry.version)
    title = definition.title.in_(DEFAULT_LANGUAGE) if definition else entry.questionnaire
    return ShownEntry(
        field=entry.field,
        label=field_label(entry.field, definition),
        words=value_words(entry.field, entry.value, definition),
        score=entry.value if isinstance(entry.value, int | float) else None,
        source=SOURCE_LABELS.get(entry.source, entry.source),
        questionnaire=f"{title}, version {entry.version}" if title else "",
        campaign=campaigns.get(entry.response, "") if entry.response else "",
        recorded_at=entry.recorded_at,
        superseded_at=entry.superseded_at,
    )
