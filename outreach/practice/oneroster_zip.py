"""Writes a OneRoster zip from practice pupils, in version 1.1 or 1.2."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from outreach.practice.oneroster_shapes import SEXES, stamp, user_id
from outreach.practice.people import PracticePupil

SCHOOL = "school-1"
_AT = stamp(datetime(2026, 9, 1, tzinfo=UTC))
_USERS = {
    "1.1": (
        "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,"
        "givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password"
    ),
    "1.2": (
        "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,"
        "middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,"
        "userMasterIdentifier,resourceSourcedIds,preferredGivenName,preferredMiddleName,"
        "preferredFamilyName,primaryOrgSourcedId,pronouns"
    ),
}
_ROLES = (
    "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,"
    "orgSourcedId,userProfileSourcedId"
)
_ENROLMENTS = (
    "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,"
    "beginDate,endDate"
)
Row = Mapping[str, str]


def oneroster_zip(pupils: Iterable[PracticePupil], version: str = "1.1") -> bytes:
    """A whole school: users, with one teacher among them, birth dates, classes and who is in them."""
    known = list(pupils)
    users = [_user(pupil) for pupil in known]
    users.append(
        {"sourcedId": "or-t1", "givenName": "Tess", "familyName": "Teacher", "role": "teacher"}
    )
    files = {
        "manifest.csv": _manifest(version),
        "orgs.csv": _table(
            "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
            [{"sourcedId": SCHOOL, "name": "Hillside Demo School", "type": "school"}],
        ),
        "users.csv": _table(_USERS[version], users),
        "demographics.csv": _table(
            "sourcedId,status,dateLastModified,birthDate,sex", [_demographics(p) for p in known]
        ),
        "classes.csv": _table(
            "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType",
            _classes(known),
        ),
        "enrollments.csv": _table(_ENROLMENTS, _enrolments(known)),
    }
    if version == "1.2":
        files["roles.csv"] = _table(_ROLES, [_role(user) for user in users])
    return zipped(files)


def zipped(files: Mapping[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def _table(headings: str, rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, headings.split(","), restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows({"status": "active", "dateLastModified": _AT, **row} for row in rows)
    return text.getvalue()


def _manifest(version: str) -> str:
    rows = [
        {"propertyName": "manifest.version", "value": "1.0"},
        {"propertyName": "oneroster.version", "value": version},
        {"propertyName": "file.users", "value": "bulk"},
    ]
    return _table("propertyName,value", rows)


def _user(pupil: PracticePupil) -> Row:
    return {
        "sourcedId": user_id(pupil),
        "enabledUser": "true",
        "orgSourcedIds": SCHOOL,
        "primaryOrgSourcedId": SCHOOL,
        "role": "student",
        "username": f"pupil{pupil.id}",
        "userIds": f"{{LDAP:pupil{pupil.id}}}" + (f",{{UPN:{pupil.upn}}}" if pupil.upn else ""),
        "givenName": pupil.forename,
        "familyName": pupil.surname,
        "preferredGivenName": pupil.preferred_forename or "",
        "identifier": pupil.admission_number,
        "email": pupil.work_email or "",
        "grades": f"{pupil.year:02d}",
    }


def _role(user: Row) -> Row:
    return {
        "sourcedId": f"r-{user['sourcedId']}",
        "userSourcedId": user["sourcedId"],
        "roleType": "primary",
        "role": user["role"],
        "orgSourcedId": SCHOOL,
    }


def _demographics(pupil: PracticePupil) -> Row:
    return {
        "sourcedId": user_id(pupil),
        "birthDate": pupil.date_of_birth.isoformat(),
        "sex": SEXES.get(pupil.gender, "unspecified"),
    }


def _classes(pupils: Sequence[PracticePupil]) -> list[Row]:
    groups = {group.id: group for pupil in pupils for group in pupil.groups}
    return [
        {
            "sourcedId": f"c-{group.id}",
            "title": group.name,
            "classCode": group.name,
            "classType": "homeroom" if group.kind == "registration" else "scheduled",
        }
        for group in groups.values()
    ]


def _enrolments(pupils: Sequence[PracticePupil]) -> list[Row]:
    return [
        {
            "sourcedId": f"e-{pupil.id}-{group.id}",
            "classSourcedId": f"c-{group.id}",
            "schoolSourcedId": SCHOOL,
            "userSourcedId": user_id(pupil),
            "role": "student",
        }
        for pupil in pupils
        for group in pupil.groups
    ]
