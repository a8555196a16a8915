"""What a definition's YAML may be made of: words, numbers, lists, and mappings with words as keys."""

import re
from collections.abc import Iterable, Iterator

import yaml

from questionnaires.faults import DefinitionFaults, Fault, first_of

MAX_DEPTH = 30
LONGEST_NUMBER = 20

_TAG = "tag:yaml.org,2002:"
_NUMBERS = {f"{_TAG}int", f"{_TAG}float"}
_PLAIN = _NUMBERS | {f"{_TAG}{name}" for name in ("str", "bool", "null", "timestamp", "seq", "map")}

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters but tab and line end, halves of pairs, and what is no character: YAML can
write each as an escape; a database, a page or a picture cannot hold them all."""


def without_unseen(words: str) -> str:
    """For what was typed or pasted by hand: such a mark came along unseen, and nobody misses it."""
    return _UNSEEN.sub("", words)


def refuse_burdens(name: str, events: Iterable[yaml.Event]) -> None:
    """A few lines of references can stand for more parts than a machine has room for, and a deep
    nest for more stack than a process has. Raises DefinitionFaults."""
    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        mark = event.start_mark
        where = f"{name}, line {mark.line + 1}" if mark else name
        if isinstance(event, yaml.AliasEvent):
            what = f"It refers to another part of the file (*{event.anchor})."
            raise DefinitionFaults([Fault(where, what, "Write that part out in full.")])
        if depth > MAX_DEPTH:
            what = "It is nested more deeply than any definition."
            raise DefinitionFaults([Fault(where, what, "Check brackets and indentation there.")])


def refuse_strange(name: str, root: yaml.Node) -> None:
    """Before anything is made of it: keys that are no words, kinds that no definition has, and
    characters that nobody can see. Raises DefinitionFaults."""
    faults = [
        Fault(f"{name}, line {node.start_mark.line + 1}", what, mend)
        for node, what, mend in _strange(root)
    ]
    if faults:
        raise DefinitionFaults(first_of(faults, name))


def _strange(node: yaml.Node) -> Iterator[tuple[yaml.Node, str, str]]:
    if node.tag not in _PLAIN:
        kind = node.tag.removeprefix(_TAG)[:40]
        what = f"It is marked as “{kind}”, a kind of value that no definition has."
        yield node, what, "Take the !! mark away, and write text, a number, a list or a mapping."
    elif isinstance(node, yaml.ScalarNode):
        yield from _strange_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _strange(item)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != f"{_TAG}str":
                what = "There is a key that is not text."
                mend = "Put it in quotes: bare yes, no, on, off and numbers are not text in YAML."
                yield key, what, mend
            else:
                yield from _strange_scalar(key)
            yield from _strange(value)


def _strange_scalar(node: yaml.ScalarNode) -> Iterator[tuple[yaml.Node, str, str]]:
    if node.tag in _NUMBERS and len(node.value) > LONGEST_NUMBER:
        what = f"It is a number of {len(node.value)} characters."
        yield node, what, "Write a shorter number, or put it in quotes if it is text."
    if unseen := _UNSEEN.search(node.value):
        what = f"It holds a character that cannot be shown (U+{ord(unseen[0]):04X})."
        yield node, what, "Take it away: it often comes along with text copied from elsewhere."
