"""The system user that runs the embedded PostgreSQL where we are root: it refuses to be root."""

import os
import pwd
import shutil
import subprocess

from outreach.errors import OutreachError
from outreach.running.records import ServiceUser

NAME = "outreach-postgres"


class NoServiceUser(OutreachError):
    """As root, and no user to run the database as could be made."""


def service_user() -> ServiceUser | None:
    """None for an ordinary user, who runs the database as themselves."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        _make_user()
        entry = pwd.getpwnam(NAME)
    return ServiceUser(NAME, entry.pw_uid, entry.pw_gid)


def _make_user() -> None:
    if useradd := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        shell = "/usr/sbin/nologin"
        command = [useradd, "--system", "--user-group", "--no-create-home", "--shell", shell, NAME]
    elif adduser := shutil.which("adduser", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        command = [adduser, "-S", "-D", "-H", NAME]  # BusyBox
    else:
        raise NoServiceUser(
            "PostgreSQL does not run as root, and this system has no useradd to make the user "
            f"{NAME} with. Run as an ordinary user, or give DATABASE_URL."
        )
    made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if made.returncode not in (0, 9):  # 9: another start made the same user just now
        raise NoServiceUser(
            f"The user {NAME}, whom the embedded database runs as, could not be made: "
            f"{made.stderr.strip()}. Run as an ordinary user, or give DATABASE_URL."
        )
