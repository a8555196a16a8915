"""`outreach` with a clock that is off: `python -m tests.long.other_clock FILE WORD…`.

FILE holds how many seconds are added to the machine's time, and may be rewritten meanwhile, as when
somebody sets the clock. Time that only passes (time.monotonic) is not touched, as no setting does.
"""

import runpy
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from outreach import clock


def set_off(file: Path) -> None:
    machine_time = time.time

    def off() -> float:
        return machine_time() + float(file.read_text())

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(file.read_text()))

    clock.now = now
    time.time = off


if __name__ == "__main__":
    set_off(Path(sys.argv[1]))
    del sys.argv[1]
    runpy.run_module("outreach", run_name="__main__")
