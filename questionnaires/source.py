"""A definition as written: its bytes, its YAML, and the line on which each value stands."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import yaml

from questionnaires.faults import MOST_FAULTS, DefinitionFaults, Fault, Finding, Place, more_than
from questionnaires.plain import refuse_burdens, refuse_strange

MAX_BYTES = 1_000_000

_NAMED_BY = {"sections": ("section", "id"), "questions": ("question", "id")}
_OPTIONS = ("option", "value")

_Children = dict[str, tuple[yaml.Node, int]]
"""Of a mapping, by key: each value and the line of its key."""


class Source:
    """One file, read once, so that its hash and its content are of the same bytes."""

    def __init__(self, name: str, content: bytes) -> None:
        """`name` is what faults call it. Raises DefinitionFaults unless it is a YAML mapping."""
        self.name = name
        self.sha256 = hashlib.sha256(content).hexdigest()
        if len(content) > MAX_BYTES:
            what = f"It is {len(content)} bytes long; a definition is at most {MAX_BYTES}."
            raise DefinitionFaults([Fault(name, what, "Check that it is the right file.")])
        self.node, self.data = _parsed(name, content)
        self._children: dict[int, _Children] = {}

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """Raises DefinitionFaults for a file that cannot be read, too."""
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            what = f"It cannot be read ({error.strerror})."
            raise DefinitionFaults([Fault(str(path), what, "Check path and rights.")]) from error
        return cls(str(path), content)

    def repeated_keys(self) -> list[Finding]:
        """YAML itself lets the last one win without a word."""
        return list(_repeated_keys(self.node, ()))

    def line_of(self, place: Place) -> int:
        """Counted from 1; that of the nearest part that stands in the file."""
        return self._follow(place)[1]

    def locate(self, finding: Finding) -> Fault:
        """The finding with file, line and the names of section, question and option."""
        names, line = self._follow(finding.place)
        where = ", ".join([f"{self.name}, line {line}", *names])
        return Fault(where, finding.what, finding.mend)

    def located(self, findings: Sequence[Finding]) -> list[Fault]:
        """All of them, in the order of the file."""
        in_order = sorted(findings, key=lambda finding: self.line_of(finding.place))
        return [self.locate(finding) for finding in in_order]

    def first_located(self, findings: Sequence[Finding]) -> list[Fault]:
        """As `located`, but only as many as somebody reads at once, and how many more there are."""
        in_order = sorted(findings, key=lambda finding: self.line_of(finding.place))
        faults = [self.locate(finding) for finding in in_order[:MOST_FAULTS]]
        return faults + more_than(len(in_order), self.name)

    def _follow(self, place: Place) -> tuple[list[str], int]:
        names: list[str] = []
        node: yaml.Node = self.node
        data: object = self.data
        parent: str | int = ""
        line = 1
        for number, step in enumerate(place, start=1):
            child = self._child(node, step)
            if child is None:  # the kind pydantic tried, or a key that is missing at the end
                if number == len(place) and step != "[key]":
                    names.append(str(step))
                continue
            node, line = child
            data = data[step] if isinstance(data, dict | list) else None  # type: ignore[index]
            names.append(_name(parent, step, data))
            parent = step
        return [n for n in names[:-1] if n not in ("sections", "questions", "options")] + names[
            -1:
        ], line

    def _child(self, node: yaml.Node, step: str | int) -> tuple[yaml.Node, int] | None:
        if isinstance(node, yaml.MappingNode):
            if id(node) not in self._children:
                self._children[id(node)] = _children_of(node)
            return self._children[id(node)].get(str(step))
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            return node.value[step], node.value[step].start_mark.line + 1
        return None


def _parsed(name: str, content: bytes) -> tuple[yaml.MappingNode, dict[str, object]]:
    # Safe by class: CSafeLoader builds plain data only; the fallback is its Python twin.
    safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        refuse_burdens(name, yaml.parse(content, Loader=safe))
        loader = safe(content)
        try:
            node = loader.get_single_node()
            if node is not None:
                refuse_strange(name, node)
            data = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError) as error:
        raise DefinitionFaults([_syntax_fault(name, error)]) from error
    if not isinstance(node, yaml.MappingNode) or not isinstance(data, dict):
        fault = Fault(name, "It holds no mapping.", "Begin with id:, version: and title:.")
        raise DefinitionFaults([fault])
    return node, data


def _syntax_fault(name: str, error: Exception) -> Fault:
    mark = getattr(error, "problem_mark", None)
    where = f"{name}, line {mark.line + 1}" if mark else name
    problem = getattr(error, "problem", None) or str(error)
    mend = "Check indentation, colons and quotes there, and that the file is saved as UTF-8."
    return Fault(where, f"It is not YAML: {problem}.", mend)


def _children_of(node: yaml.MappingNode) -> _Children:
    """By key, the first where one is written twice."""
    children: _Children = {}
    for key, value in node.value:
        children.setdefault(str(key.value), (value, key.start_mark.line + 1))
    return children


def _name(parent: str | int, step: str | int, data: object) -> str:
    if not isinstance(step, int):
        return step
    noun, key = _NAMED_BY.get(str(parent), _OPTIONS if parent == "options" else ("item", ""))
    name = data.get(key) if isinstance(data, dict) else None
    return f"{noun} “{name}”" if isinstance(name, str) else f"{noun} {step + 1}"


def _repeated_keys(node: yaml.Node, place: Place) -> Iterator[Finding]:
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            yield from _repeated_keys(item, (*place, position))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                what = f"“{name}” is written twice in one place; only the last would count."
                yield Finding((*place, name), what, "Keep one of the two.")
            seen.add(name)
            yield from _repeated_keys(value, (*place, name))
