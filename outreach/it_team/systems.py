"""The steps for each mail system and web filter, from `systems.yaml`, with values filled in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter

import yaml
from pydantic import BaseModel, ConfigDict

from outreach.it_team.dns.mailboxes_check import MailSystem

FILE = Path(__file__).with_name("systems.yaml")
Values = Mapping[str, Sequence[str]]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Step(_Strict):
    say: str
    copy_: str = ""
    line: str = ""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=lambda name: name.rstrip("_")
    )


class _Way(_Strict):
    title: str
    about: str = ""
    steps: tuple[_Step, ...]


class _System(_Strict):
    key: str
    title: str
    hosts: tuple[str, ...]
    about: str
    ways: tuple[_Way, ...]


@dataclass(frozen=True)
class Step:
    """`values` are what to copy, one a line; none where there is nothing to."""

    words: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Way:
    title: str
    about: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class System:
    """`is_theirs`: the school's MX records name it."""

    key: str
    title: str
    about: str
    ways: tuple[Way, ...]
    is_theirs: bool


def systems_for(values: Values, theirs: frozenset[str] = frozenset()) -> list[System]:
    """Those that take the school's mail first, then in the order of the file."""
    filled = [
        System(
            one.key,
            one.title,
            one.about,
            tuple(_way(way, values) for way in one.ways),
            one.key in theirs,
        )
        for one in _read()
    ]
    return sorted(filled, key=lambda one: not one.is_theirs)


def mail_systems() -> list[MailSystem]:
    return [MailSystem(one.key, one.title, one.hosts) for one in _read() if one.hosts]


def values_named() -> set[str]:
    """Every value that the file asks for."""
    steps = [step for one in _read() for way in one.ways for step in way.steps]
    in_lines = {name for step in steps for _, name, _, _ in Formatter().parse(step.line) if name}
    return in_lines | {step.copy_ for step in steps if step.copy_}


def _way(way: _Way, values: Values) -> Way:
    steps = [
        Step(step.say, _values_of(step, values))
        for step in way.steps
        if not step.copy_ or values[step.copy_]
    ]
    return Way(way.title, way.about, tuple(steps))


def _values_of(step: _Step, values: Values) -> tuple[str, ...]:
    if step.copy_:
        return tuple(values[step.copy_])
    if step.line:
        return (step.line.format_map({name: "".join(found[:1]) for name, found in values.items()}),)
    return ()


@cache
def _read() -> tuple[_System, ...]:
    document = yaml.safe_load(FILE.read_text("utf-8"))
    return tuple(_System.model_validate(one) for one in document)
