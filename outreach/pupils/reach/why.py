"""Why a pupil cannot be mailed, as far as the roster and the mail tell; who mends it, and how."""

from dataclasses import dataclass
from enum import Enum

from outreach.pupils.reach.reasons import WRONG_PERSON, Mender, Reason


class Detail(Enum):
    """What more is known of a reason: why mail to an address stopped, or how a pupil went missing."""

    BOUNCED = "bounced"
    COMPLAINT = "complaint"
    STAFF = "staff"
    OBJECTED = "objected"
    WRONG_PERSON = "wrong_person"
    ABSENT = "absent"
    DELETED = "deleted"


_OF_MISSING = (Detail.ABSENT, Detail.DELETED)
_DETAILS = {
    Reason.SUPPRESSED: tuple(one for one in Detail if one not in _OF_MISSING),
    Reason.MISSING_FROM_SYNC: _OF_MISSING,
}


@dataclass(frozen=True)
class Why:
    """A reason, and its detail where there is one and it is known."""

    reason: Reason
    detail: Detail | None = None

    @classmethod
    def read(cls, reason: Reason, detail: str | None) -> "Why":
        """From what the gate and `gate.diagnosis` give: a detail of another reason is left out."""
        fitting = {one.value: one for one in _DETAILS.get(reason, ())}
        return cls(reason, fitting.get(detail or ""))

    @property
    def key(self) -> str:
        """For addresses and documents: `suppressed.bounced`."""
        return f"{self.reason.value}.{self.detail.value}" if self.detail else self.reason.value

    @property
    def words(self) -> str:
        return _WORDS[self.detail] if self.detail else self.reason.words

    @property
    def short(self) -> str:
        """For the head of a column."""
        return _SHORT_OF_DETAIL[self.detail] if self.detail else _SHORT[self.reason]

    @property
    def mender(self) -> Mender:
        return _MENDERS[self.detail] if self.detail else self.reason.mender

    @property
    def to_do(self) -> str:
        """What the mender does; a sentence."""
        return _TO_DO_OF_DETAIL[self.detail] if self.detail else _TO_DO[self.reason]


WHYS = tuple(
    Why(reason, detail) for reason in Reason for detail in (None, *_DETAILS.get(reason, ()))
)
"""All there are, in the order in which the gate asks."""

KNOWN = {why.key: why for why in WHYS}

_WORDS = {
    Detail.BOUNCED: "Mail to this address came back",
    Detail.COMPLAINT: "Mail to this address was reported as unwanted",
    Detail.STAFF: "Staff stopped mail to this address",
    Detail.OBJECTED: "Somebody asked for no mail at this address",
    Detail.WRONG_PERSON: WRONG_PERSON,
    Detail.ABSENT: "Was not in the last full roster, though no leaver: taken off it, or opted out",
    Detail.DELETED: "The school’s system no longer holds this pupil",
}

_SHORT_OF_DETAIL = {
    Detail.BOUNCED: "Came back",
    Detail.COMPLAINT: "Unwanted",
    Detail.STAFF: "Stopped by staff",
    Detail.OBJECTED: "Address objected to",
    Detail.WRONG_PERSON: "Wrong person",
    Detail.ABSENT: "Missing",
    Detail.DELETED: "Deleted",
}

_SHORT = {
    Reason.ERASED: "Erased",
    Reason.LEFT_SCHOOL: "Left",
    Reason.MISSING_FROM_SYNC: "Not in roster",
    Reason.NOT_CONNECTED: "Not connected",
    Reason.PAUSED: "Paused",
    Reason.REVOKED: "Revoked",
    Reason.STUDENT_EMAIL_OFF: "Email not shared",
    Reason.OBJECTED: "Objected",
    Reason.ALREADY_ANSWERED: "Answered",
    Reason.NO_ADDRESS: "No address",
    Reason.ADDRESS_SWITCHED_OFF: "Kind switched off",
    Reason.INVALID_ADDRESS: "Bad address",
    Reason.SUPPRESSED: "Stopped",
}

_MENDERS = {
    Detail.BOUNCED: Mender.IT_TEAM,
    Detail.COMPLAINT: Mender.STUDENT,
    Detail.STAFF: Mender.DATA_PROTECTION,
    Detail.OBJECTED: Mender.STUDENT,
    Detail.WRONG_PERSON: Mender.MIS_OFFICE,
    Detail.ABSENT: Mender.MIS_OFFICE,
    Detail.DELETED: Mender.MIS_OFFICE,
}

_TO_DO_OF_DETAIL = {
    Detail.BOUNCED: "See whether the mailbox exists and takes mail. If the address is wrong, put "
    "it right in the MIS.",
    Detail.COMPLAINT: "Nothing, unless the student wants mail again: then give them another "
    "address in the MIS.",
    Detail.STAFF: "Ask whoever stopped it whether it should stay so.",
    Detail.OBJECTED: "Nothing, unless the student wants mail again.",
    Detail.WRONG_PERSON: "Check whose address this is, and put it right in the MIS. If it is the "
    "pupil’s after all, say so on the pupil’s page.",
    Detail.ABSENT: "See whether the pupil is still at the school and is shared by the MIS. If they "
    "left, enter the leaving date.",
    Detail.DELETED: "If the pupil is still at the school, enter them in the MIS again.",
}

_SHARING = "Change it on the Data sharing page, if the school agrees."

_TO_DO = {
    Reason.ERASED: "Nothing.",
    Reason.LEFT_SCHOOL: "Nothing. If the pupil is still here, take the leaving date out of the MIS.",
    Reason.MISSING_FROM_SYNC: _TO_DO_OF_DETAIL[Detail.ABSENT],
    Reason.NOT_CONNECTED: _SHARING,
    Reason.PAUSED: _SHARING,
    Reason.REVOKED: _SHARING,
    Reason.STUDENT_EMAIL_OFF: _SHARING,
    Reason.OBJECTED: "Nothing, unless the student takes it back.",
    Reason.ALREADY_ANSWERED: "Nothing. Where there is a reason to ask again, let them answer again on the "
    "pupil’s page.",
    Reason.NO_ADDRESS: "Enter the pupil’s email address in the MIS.",
    Reason.ADDRESS_SWITCHED_OFF: "Enter an address of the other kind in the MIS, or allow this "
    "kind on the Data sharing page.",
    Reason.INVALID_ADDRESS: "Put the address right in the MIS.",
    Reason.SUPPRESSED: "Check the address, and put it right in the MIS.",
}
