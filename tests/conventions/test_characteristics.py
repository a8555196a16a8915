"""Pupils' characteristics have one door, and whoever comes through it says what for."""

from pathlib import Path

import outreach

PROJECT = Path(outreach.__file__).parent.parent
WRITERS = {"models.py", "importing.py", "merging.py", "characteristics.py"}


def test_no_other_module_touches_the_characteristics_table() -> None:
    touching = {
        path.relative_to(PROJECT).as_posix()
        for folder in ("outreach", "workers")
        for path in (PROJECT / folder).rglob("*.py")
        if "migrations" not in path.parts
        and any(
            name in path.read_text("utf-8")
            for name in ("PupilCharacteristic", "pupil_characteristic")
        )
    }

    assert touching == {f"outreach/pupils/{name}" for name in WRITERS}
