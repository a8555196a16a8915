"""Make this checkout importable in its virtual environment, and give it the `outreach` command.

In place of `pip install --editable`, which needs a build backend fetched from the network.
"""

import os
import sys
import sysconfig
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
COMMAND = """#!/bin/sh
exec '{python}' -m outreach "$@"
"""


def main() -> None:
    packages = Path(sysconfig.get_path("purelib"))
    (packages / "outreach-checkout.pth").write_text(f"{PROJECT}\n", encoding="utf-8")
    python = Path(sys.executable)
    command = python.with_name("outreach")
    draft = command.with_suffix(f".{os.getpid()}")
    quoted = str(python).replace("'", "'\\''")
    draft.write_text(COMMAND.format(python=quoted), encoding="utf-8")
    draft.chmod(0o755)
    draft.rename(command)


if __name__ == "__main__":
    main()
