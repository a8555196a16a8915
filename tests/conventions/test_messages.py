"""Messages to staff wait in a cookie, which is signed and can be read: they name nobody."""

import ast
from collections.abc import Iterator
from pathlib import Path

import outreach

FOLDER = Path(outreach.__file__).parent
OF_A_PERSON = {
    "name",
    "full_name",
    "first_name",
    "forename",
    "preferred_forename",
    "surname",
    "email",
    "address",
    "upn",
    "mis_id",
}


def flashed() -> Iterator[tuple[str, ast.expr]]:
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "flash":
                yield f"{path.relative_to(FOLDER)}:{node.lineno}", node.args[0]


def words_put_in(message: ast.expr) -> set[str]:
    """Names and attributes that a message is made from, but not the table of words for a role."""
    parts = [node for node in ast.walk(message) if isinstance(node, ast.Attribute | ast.Name)]
    tables = {
        id(node)
        for node in parts
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Subscript)
    }
    return {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in parts
        if id(node) not in tables
    }


def test_no_message_to_staff_is_made_from_what_names_a_person() -> None:
    found = list(flashed())

    assert len(found) > 15
    for where, message in found:
        assert not words_put_in(message) & OF_A_PERSON, where
