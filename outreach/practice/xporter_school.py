"""One school as Xporter holds it: who is shared, by which scopes and switches, as rows of data."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from outreach.practice.people import PracticePupil

SCOPES = ("School", "SEN", "Student", "StudentDemographic", "StudentExtended")
TYPES = {"registration": "RegGrp", "teaching": "TeachingGrp", "user_defined": "UserGrp"}
Row = dict[str, Any]


@dataclass
class XporterSchool:
    """`state` is valid, paused or revoked; `opted_out` are pupils (by id) not given to this app."""

    estab: str
    secret: str
    name: str
    pupils: list[PracticePupil]
    leavers: list[PracticePupil] = field(default_factory=list)
    state: str = "valid"
    asked: tuple[str, ...] = SCOPES
    granted: tuple[str, ...] = SCOPES
    gives_work_email: bool = True
    gives_home_email: bool = True
    opted_out: set[int] = field(default_factory=set)
    db_status: str = "OK"

    def shown(self, status: str = "OnRoll") -> Iterator[PracticePupil]:
        people = self.leavers if status == "Leavers" else self.pupils
        return (pupil for pupil in people if pupil.id not in self.opted_out)

    def optional_fields(self) -> list[str]:
        switches = {"WorkEmail": self.gives_work_email, "HomeEmail": self.gives_home_email}
        return [name for name, is_on in switches.items() if is_on]


@dataclass(frozen=True)
class Endpoint:
    """One kind of data: its name in the answer, the scope that opens it, and its rows.

    `by_person` is the parameter that names whose rows are wanted.
    """

    data: str
    scope: str
    rows: Callable[[XporterSchool, Mapping[str, str], Collection[str] | None], Iterator[Row]]
    by_person: str = ""


def _students(
    school: XporterSchool, query: Mapping[str, str], ids: Collection[str] | None
) -> Iterator[Row]:
    status = query.get("studentStatus", "OnRoll")
    options = query.get("options", "").split(",")
    for pupil in school.shown(status):
        if ids is not None and str(pupil.id) not in ids:
            continue
        row: Row = {
            "Id": pupil.id,
            "XID": f"x{pupil.id}",
            "AdmissionNo": pupil.admission_number,
            "Forename": pupil.forename,
            "PreferredName": pupil.preferred_forename,
            "Surname": pupil.surname,
            "DateofBirth": _moment(pupil.date_of_birth),
            "Gender": pupil.gender,
            "UPN": pupil.upn,
            "YearGroup": f"Year {pupil.year}",
            "StandardYearGroupCode": pupil.year,
            "RegGroup": pupil.registration_group,
            "EntryDate": _moment(pupil.start_date),
            "LeavingDate": _moment(pupil.leaving_date),
            "StudentStatus": "Leaver" if status == "Leavers" else "On Roll",
        }
        if "includeGroupIds" in options:
            row["GroupIds"] = ",".join(group.id for group in pupil.groups)
        if "StudentExtended" in school.granted:
            row["PupilPremium"] = pupil.pupil_premium
        if "StudentDemographic" in school.granted:
            row["EthnicityCode"] = pupil.ethnicity
            row["FirstLanguageCode"] = pupil.first_language
        yield row


def _person_comms(
    school: XporterSchool, _: Mapping[str, str], ids: Collection[str] | None
) -> Iterator[Row]:
    for pupil in school.shown():
        if ids is not None and str(pupil.id) not in ids:
            continue
        work = pupil.work_email if school.gives_work_email else None
        home = pupil.home_email if school.gives_home_email else None
        for location, value in (("W", work), ("H", home)):
            if value is not None:
                yield {
                    "Id": f"{pupil.id}{location}",
                    "PersonId": pupil.id,
                    "PersonType": "Student",
                    "CommsType": "Email",
                    "LocationCode": location,
                    "IsDefault": location == "W",
                    "Value": value,
                }


def _sen(school: XporterSchool, _: Mapping[str, str], ids: Collection[str] | None) -> Iterator[Row]:
    for pupil in school.shown():
        if ids is None or str(pupil.id) in ids:
            yield {
                "Id": f"{pupil.id}S",
                "StudentId": pupil.id,
                "SENProvisionCode": pupil.sen,
                "SENProvisionStartDate": _moment(pupil.start_date),
                "SENProvisionEndDate": None,
            }


def _meals(
    school: XporterSchool, _: Mapping[str, str], ids: Collection[str] | None
) -> Iterator[Row]:
    for pupil in school.shown():
        if ids is None or str(pupil.id) in ids:
            yield {"Id": f"{pupil.id}M", "StudentId": pupil.id, "FsmEligible": pupil.fsm}


def _groups(
    school: XporterSchool, _: Mapping[str, str], ids: Collection[str] | None
) -> Iterator[Row]:
    known = {group.id: group for pupil in school.shown() for group in pupil.groups}
    for key, group in sorted(known.items()):
        if ids is None or key in ids:
            yield {
                "Id": key,
                "Name": group.name,
                "Type": TYPES[group.kind],
                "StartDate": _moment(group.starts_on),
                "EndDate": _moment(group.ends_on),
            }


def _school_info(
    school: XporterSchool, _: Mapping[str, str], __: Collection[str] | None
) -> Iterator[Row]:
    yield {"Id": school.estab, "SchoolName": school.name, "Estab": school.estab}


ENDPOINTS = {
    "students": Endpoint("Students", "Student", _students),
    "groups": Endpoint("Group", "Student", _groups),
    "personcomms": Endpoint("PersonComms", "StudentExtended", _person_comms, "personIds"),
    "sen": Endpoint("StudentSENProvisionHistory", "SEN", _sen, "studentIds"),
    "studentmeals": Endpoint("StudentMeals", "StudentExtended", _meals, "studentIds"),
    "schoolinfo": Endpoint("SchoolInfo", "School", _school_info),
}


def _moment(day: date | None) -> str | None:
    return f"{day.isoformat()}T00:00:00" if day else None
