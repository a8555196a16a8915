"""Practice pupils as OneRoster 1.1 and 1.2 write them, for a server and for files."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from outreach.practice.people import PracticePupil

Record = dict[str, Any]
SEXES = {"M": "male", "F": "female"}


@lru_cache(maxsize=1_000)
def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def user_id(pupil: PracticePupil) -> str:
    return f"or-{pupil.id}"


def reference(kind: str, sourced_id: str) -> Record:
    return {
        "href": f"https://practice.example/{kind}s/{sourced_id}",
        "sourcedId": sourced_id,
        "type": kind,
    }


def student(pupil: PracticePupil, version: str, school: str, status: str, at: datetime) -> Record:
    record = {
        **_user(user_id(pupil), status, at),
        "username": f"pupil{pupil.id}",
        "userIds": [{"type": "LDAP", "identifier": f"pupil{pupil.id}"}],
        "givenName": pupil.forename,
        "familyName": pupil.surname,
        "middleName": "",
        "identifier": pupil.admission_number,
        "email": pupil.work_email or "",
        "sms": "",
        "phone": "",
        "agents": [],
        "grades": [f"{pupil.year:02d}"],
    }
    if pupil.upn:
        record["userIds"].append({"type": "UPN", "identifier": pupil.upn})
    if version == "1.2":
        record |= {
            "preferredFirstName": pupil.preferred_forename or "",
            "userMasterIdentifier": f"m-{pupil.id}",
        }
        return record | _roles("student", school)
    return record | {"role": "student", "orgs": [reference("org", school)]}


def teacher(version: str, school: str, at: datetime) -> Record:
    record = {
        **_user("or-t1", "active", at),
        "username": "teacher1",
        "userIds": [],
        "givenName": "Tess",
        "familyName": "Teacher",
        "email": "teacher1@practice-school.example",
        "grades": [],
    }
    if version == "1.2":
        return record | _roles("teacher", school)
    return record | {"role": "teacher", "orgs": [reference("org", school)]}


def demographics(pupil: PracticePupil, at: datetime) -> Record:
    return {
        "sourcedId": user_id(pupil),
        "status": "active",
        "dateLastModified": stamp(at),
        "birthDate": pupil.date_of_birth.isoformat(),
        "sex": SEXES.get(pupil.gender, "unspecified"),
    }


def classes(pupil: PracticePupil, at: datetime) -> list[Record]:
    return [
        {
            "sourcedId": f"c-{group.id}",
            "status": "active",
            "dateLastModified": stamp(at),
            "title": group.name,
            "classCode": group.name,
            "classType": "homeroom" if group.kind == "registration" else "scheduled",
        }
        for group in pupil.groups
    ]


def _user(sourced_id: str, status: str, at: datetime) -> Record:
    return {
        "sourcedId": sourced_id,
        "status": status,
        "dateLastModified": stamp(at),
        "enabledUser": "true",
    }


def _roles(role: str, school: str) -> Record:
    roles = [{"roleType": "primary", "role": role, "org": reference("org", school)}]
    return {"roles": roles, "primaryOrg": reference("org", school)}
