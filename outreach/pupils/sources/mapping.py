"""Mapping files: what a source calls each field, for an operator to change without code.

The file beside this one is the default. One of the same name in `DATA_DIR/mappings` takes its
place, so that an upgrade does not overwrite what was found out about an integrator.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from outreach.errors import OutreachError
from outreach.settings import find_data_dir

FOLDER = Path(__file__).parent


class MappingModel(BaseModel):
    """Strict and frozen: a key that is misspelt stops us instead of doing nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


M = TypeVar("M", bound=MappingModel)


class MappingFault(OutreachError):
    """The file cannot be used; the words say which, where and why."""


def mapping_path(name: str) -> Path:
    """The operator's own file where there is one, else ours."""
    own = find_data_dir(os.environ) / "mappings" / f"{name}.yaml"
    return own if own.is_file() else FOLDER / f"{name}.yaml"


def load_mapping(name: str, model: type[M]) -> M:
    """Read `name`.yaml. Raises MappingFault. Read anew each time: a sync is rare, an edit welcome."""
    path = mapping_path(name)
    try:
        return model.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as fault:
        raise MappingFault(f"{path} cannot be read ({type(fault).__name__}).") from fault
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise MappingFault(f"{path}: {where or 'the file'}: {first['msg']}.") from fault


def pick(record: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, such as `education_details.data.upn`; None where there is none."""
    found: Any = record
    for step in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(step)
    return found


def as_cell(value: Any) -> str | None:
    """A JSON value as the text of a cell. None where it is no single value (a list, an object).

    Nor is half of a surrogate pair text: JSON can spell it, and no database can store it.
    """
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return value if value.isascii() or _is_unicode(value) else None
        case int():
            return str(value) if abs(value) < 10**18 else None
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else None
        case _:
            return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
