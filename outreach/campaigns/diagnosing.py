"""What a run of refusals from one domain most likely is: `diagnoses.yaml`, read once."""

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from outreach.mail.bounces.judging import judge, nameless, one_line
from outreach.mail.bounces.reading import Verdict
from outreach.mail.bounces.tables import meanings

_FILE = Path(__file__).with_name("diagnoses.yaml")
_NOT_NOW = ("throttled", "greylisted")
"""Reasons that are about the domain too where a server says “not now”, and no policy for good."""

AtLeastOne = Annotated[int, Field(ge=1)]


class Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Diagnosis(Data):
    title: str
    when: tuple[str, ...]
    said: tuple[str, ...]
    words: str
    mender: Literal["it_team", "us"]
    to_do: str

    @property
    def who(self) -> str:
        return "the IT team" if self.mender == "it_team" else "whoever runs this service"


class Runs(Data):
    refused: AtLeastOne
    not_now: AtLeastOne
    within_hours: AtLeastOne

    @property
    def within(self) -> timedelta:
        return timedelta(hours=self.within_hours)


class Probes(Data):
    wait_minutes: Annotated[tuple[AtLeastOne, ...], Field(min_length=1)]
    quiet_minutes: AtLeastOne

    @property
    def quiet(self) -> timedelta:
        return timedelta(minutes=self.quiet_minutes)

    def wait_after(self, probes: int) -> timedelta:
        """Before the next probe, after so many that told nothing good."""
        return timedelta(minutes=self.wait_minutes[min(probes, len(self.wait_minutes) - 1)])


class Rules(Data):
    run: Runs
    probes: Probes
    diagnoses: dict[str, Diagnosis]


@cache
def rules() -> Rules:
    return Rules.model_validate(yaml.safe_load(_FILE.read_text("utf-8")))


def diagnose(reason: str, words: str | None) -> str:
    """A key of the diagnoses; what the server said comes before the reason."""
    said = one_line(nameless(words or ""))
    known = rules().diagnoses
    for key, one in known.items():
        if any(phrase in said for phrase in one.said):
            return key
    return next((key for key, one in known.items() if reason in one.when), "other_rule")


def is_for_policy(reason: str) -> bool:
    """Whether a reason of the table of bounces speaks of a rule and not of the address."""
    known = meanings().get(reason)
    return reason in _NOT_NOW or (known is not None and known.verdict is Verdict.POLICY)


def policy_reasons() -> tuple[str, ...]:
    """Every reason that `is_for_policy`, for a query."""
    return tuple(reason for reason in meanings() if is_for_policy(reason))


def policy_reason(status: str | None, words: str) -> str | None:
    """The reason in a reply at hand-over, where it is a rule of the receiving end."""
    judged = judge(status, words)
    is_about_one = judged.status is not None and judged.status.split(".")[1] == "2"  # the mailbox
    return judged.reason if is_for_policy(judged.reason) and not is_about_one else None
