"""How Wonde writes down schools and students: includes in `data`, dates as objects, ids as text."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time
from typing import Any

from outreach.practice.people import PracticeGroup, PracticePupil
from outreach.practice.wonde_school import WondeSchool

INCLUDES = frozenset(
    {
        "contact_details",
        "extended_details",
        "education_details",
        "year",
        "classes",
        "groups",
    }
)
_GENDERS = {"M": "MALE", "F": "FEMALE"}
_GROUP_TYPES = {"registration": "REGISTRATION", "user_defined": "USER_DEFINED"}


def as_school(school: WondeSchool) -> dict[str, Any]:
    return {
        "id": school.id,
        "name": school.name,
        "urn": school.urn,
        "mis": "Practice",
        "address": {"address_town": "Practice Town", "address_postcode": school.postcode},
        "region": {"code": "GB", "domain": "api.wonde.com", "school_url": None},
    }


def as_student(
    school: WondeSchool, pupil: PracticePupil, includes: Collection[str], changed_at: datetime
) -> dict[str, Any]:
    """Only what was included is there."""
    parts: dict[str, Any] = {
        "education_details": _education(pupil),
        "extended_details": _extended(pupil),
        "contact_details": _contact(pupil),
        "year": {"id": f"Y{pupil.year}", "code": str(pupil.year), "name": f"Year {pupil.year}"},
        "classes": [_group(g) for g in pupil.groups if g.kind == "teaching"],
        "groups": [_group(g) for g in pupil.groups if g.kind != "teaching"],
    }
    return {
        "id": school.student_id(pupil.id),
        # Some systems give none.
        "upi": None if pupil.id % 10 == 0 else f"{pupil.id:032x}",
        "mis_id": str(pupil.id),
        "initials": pupil.forename[0] + pupil.surname[0],
        "forename": pupil.preferred_forename or pupil.forename,
        "surname": pupil.surname,
        "legal_forename": pupil.forename,
        "legal_surname": pupil.surname,
        "middle_names": None,
        "gender": _GENDERS.get(pupil.gender, pupil.gender),
        "gender_identity": None,
        "date_of_birth": day(pupil.date_of_birth),
        "updated_at": moment(changed_at),
        **{name: {"data": parts[name]} for name in includes},
    }


def as_leaver(school: WondeSchool, pupil: PracticePupil) -> dict[str, Any]:
    changed_at = datetime.combine(pupil.leaving_date or date.min, time.min, UTC)
    return as_student(school, pupil, ["education_details"], changed_at)


def day(given: date | None) -> dict[str, Any] | None:
    if given is None:
        return None
    return {"date": f"{given} 00:00:00.000000", "timezone_type": 3, "timezone": "Europe/London"}


def moment(given: datetime) -> dict[str, Any]:
    text = given.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return {"date": text, "timezone_type": 3, "timezone": "UTC"}


def _education(pupil: PracticePupil) -> dict[str, Any]:
    return {
        "upn": pupil.upn,
        "admission_number": pupil.admission_number,
        "admission_date": day(pupil.start_date),
        "leaving_date": day(pupil.leaving_date),
        "current_nc_year": str(pupil.year),
    }


def _extended(pupil: PracticePupil) -> dict[str, Any]:
    return {
        "sen_status": pupil.sen,
        "free_school_meals": pupil.fsm,
        "free_school_meals_6": pupil.fsm or pupil.pupil_premium,
        "premium_pupil_indicator": pupil.pupil_premium,
        "in_lea_care": False,
        "ever_in_care": False,
        "ethnicity": pupil.ethnicity,
        "english_as_additional_language": pupil.first_language != "ENG",
        "first_language": pupil.first_language,
    }


def _contact(pupil: PracticePupil) -> dict[str, Any]:
    """Four kinds. `email` is whichever there is, so it does not say whose it is."""
    any_address = pupil.work_email or pupil.home_email
    emails = {
        "email": any_address,
        "primary": any_address,
        "home": pupil.home_email,
        "work": pupil.work_email,
    }
    return {"emails": emails, "phones": {"phone": None}}


def _group(group: PracticeGroup) -> dict[str, Any]:
    shown = {"id": group.id, "mis_id": group.id, "name": group.name, "code": None}
    if group.kind == "teaching":
        return shown | {"description": group.name}
    return shown | {
        "type": _GROUP_TYPES[group.kind],
        "start_date": day(group.starts_on),
        "end_date": day(group.ends_on),
    }
