"""The practice schools that a newcomer can connect, and what to type for each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PracticeSchool:
    """Ids and secrets of servers on this machine, which hold made-up pupils: no secret of anybody."""

    name: str
    external_id: str
    secret: str


NAME = "Hillside Demo School"
PRACTICE_SCHOOLS = {
    "wonde": PracticeSchool(NAME, "A1000000001", "practice-wonde-token"),
    "xporter": PracticeSchool(NAME, "9984001", "practice-xporter-secret"),
    "oneroster": PracticeSchool(NAME, "practice-client", "practice-oneroster-secret"),
}
