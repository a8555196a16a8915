"""Become another program, after leaving a record of this process where the next start finds it.

    python -I launcher.py RECORD UID:GID|- PROGRAM [ARGUMENT …]

The record is written by the process itself before it turns into the program, so that there is no
moment in which a program runs that nobody knows of, even if the supervisor dies right then.
Standard library only (psutil off Linux): this file runs by its path, as root before it steps down.
"""

import json
import os
import sys
from pathlib import Path


def start_mark(pid: int) -> str | None:
    """What tells this process from a later one with the same id; None if it does not live."""
    proc = Path("/proc")
    if (proc / "self/stat").exists():
        try:
            # The name in brackets may hold spaces and brackets; what follows it is fixed (proc(5)).
            fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
        return None if fields[0] in "ZX" else f"{boot}/{fields[19]}"
    import psutil

    try:
        process = psutil.Process(pid)
        is_dead = process.status() == psutil.STATUS_ZOMBIE
        return None if is_dead else f"{process.create_time():.2f}"
    except psutil.Error:
        return None


def write_record(path: Path, pid: int) -> None:
    draft = path.with_suffix(f".{pid}.draft")
    draft.write_text(json.dumps({"pid": pid, "mark": start_mark(pid)}))
    draft.rename(path)


def main(record: str, user: str, *command: str) -> None:
    os.umask(0o077)
    write_record(Path(record), os.getpid())
    if user != "-":
        uid, gid = map(int, user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.execv(command[0], command)  # noqa: S606 (the command is ours, there is no shell)


if __name__ == "__main__":
    main(*sys.argv[1:])
