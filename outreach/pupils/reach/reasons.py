"""Why a pupil may not be mailed: the words staff read, and who can do something about it."""

from enum import Enum


class Mender(Enum):
    """Who can take a reason away."""

    IT_TEAM = "the IT team, or whoever keeps the MIS"
    MIS_OFFICE = "whoever keeps the MIS"
    DATA_PROTECTION = "the data protection lead or an admin"
    STUDENT = "the student"
    NOBODY = "nobody: this is as it should be"

    @property
    def key(self) -> str:
        """For addresses and documents: `it_team`."""
        return self.name.lower()

    @property
    def at_start(self) -> str:
        """The words as a sentence begins; MIS stays MIS."""
        return self.value[0].upper() + self.value[1:]

    @property
    def for_viewers(self) -> "Mender":
        """What only the student can take back tells what the student said."""
        return Mender.NOBODY if self is Mender.STUDENT else self


class Reason(Enum):
    """In the order in which the gate asks: a pupil gets the first that holds."""

    ERASED = "erased"
    LEFT_SCHOOL = "left_school"
    MISSING_FROM_SYNC = "missing_from_sync"
    NOT_CONNECTED = "not_connected"
    PAUSED = "paused"
    REVOKED = "revoked"
    STUDENT_EMAIL_OFF = "student_email_off"
    OBJECTED = "objected"
    ALREADY_ANSWERED = "already_answered"
    NO_ADDRESS = "no_address"
    ADDRESS_SWITCHED_OFF = "address_switched_off"
    INVALID_ADDRESS = "invalid_address"
    SUPPRESSED = "suppressed"

    @property
    def words(self) -> str:
        return _WORDS[self]

    @property
    def mender(self) -> Mender:
        return _MENDERS[self]


_WORDS = {
    Reason.ERASED: "Was deleted: nothing is held of this pupil any more",
    Reason.LEFT_SCHOOL: "Has left the school",
    Reason.MISSING_FROM_SYNC: "Was not in the last full roster",
    Reason.NOT_CONNECTED: "The school has not connected its roster",
    Reason.PAUSED: "The school has paused its connection",
    Reason.REVOKED: "The school has revoked its connection",
    Reason.STUDENT_EMAIL_OFF: "The school has not agreed to share student email",
    Reason.OBJECTED: "Asked not to be mailed",
    Reason.ALREADY_ANSWERED: "Has already answered this school year",
    Reason.NO_ADDRESS: "Has no email address on the roster",
    Reason.ADDRESS_SWITCHED_OFF: "Has only an address of a kind that is switched off",
    Reason.INVALID_ADDRESS: "The email address on the roster cannot be right",
    Reason.SUPPRESSED: "Mail to this address came back, was complained about, or reached somebody else",
}

WRONG_PERSON = "A person who is not this pupil got the mail: check the address on the roster"
"""In place of the words of `suppressed`, where it is that."""

_MENDERS = {
    Reason.ERASED: Mender.NOBODY,
    Reason.LEFT_SCHOOL: Mender.NOBODY,
    Reason.MISSING_FROM_SYNC: Mender.MIS_OFFICE,
    Reason.NOT_CONNECTED: Mender.DATA_PROTECTION,
    Reason.PAUSED: Mender.DATA_PROTECTION,
    Reason.REVOKED: Mender.DATA_PROTECTION,
    Reason.STUDENT_EMAIL_OFF: Mender.DATA_PROTECTION,
    Reason.OBJECTED: Mender.STUDENT,
    Reason.ALREADY_ANSWERED: Mender.NOBODY,
    Reason.NO_ADDRESS: Mender.MIS_OFFICE,
    Reason.ADDRESS_SWITCHED_OFF: Mender.DATA_PROTECTION,
    Reason.INVALID_ADDRESS: Mender.MIS_OFFICE,
    Reason.SUPPRESSED: Mender.IT_TEAM,
}
