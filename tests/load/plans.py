"""How PostgreSQL goes about each statement: the shape of its plan, without numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

_KINDS = ("SELECT", "UPDATE", "INSERT", "DELETE", "WITH")


@contextmanager
def plans_of(engine: Engine) -> Iterator[dict[str, str]]:
    """By statement, while the block runs. Each is asked for just before it is carried out."""
    found: dict[str, str] = {}

    def ask(connection: Connection, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(_KINDS) and "advisory" not in statement:
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", values)
                found[" ".join(statement.split())] = shape(cursor.fetchone()[0][0]["Plan"])

    event.listen(engine, "before_cursor_execute", ask)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", ask)


def shape(plan: dict[str, Any]) -> str:
    """Kinds of steps, and which index or table each reads."""
    reads = plan.get("Index Name") or plan.get("Relation Name")
    inner = ", ".join(shape(each) for each in plan.get("Plans", []))
    step = f"{plan['Node Type']} {reads}" if reads else str(plan["Node Type"])
    return f"{step} ({inner})" if inner else step
