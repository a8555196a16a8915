"""Where the embedded database's files live, and the short folder for sockets.

An ordinary user's database is in DATA_DIR. PostgreSQL refuses to run as root, and a service user
often cannot enter root's folders; their permissions are not ours to open. So root's database gets
a new folder of its own under /var/lib, 0700 and owned by the service user, and DATA_DIR a pointer
to it. Both ends carry the same random id: a copied or deleted DATA_DIR never opens another's data.
"""

import hashlib
import json
import os
import secrets
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from outreach.errors import OutreachError
from outreach.running.postgres_binaries import COPY_PREFIX
from outreach.running.records import ServiceUser

BASE_NAME = "outreach-embedded"
ROOT_BASES = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 (owner and mode are checked)
POINTER = "database-place.json"
DEED = "belongs-to.json"
"""In a place, says which DATA_DIR it belongs to. Nothing without it is ever deleted."""

LONGEST_SOCKET_FOLDER = 80
"""Bytes. A socket's whole path may have 103 (macOS) or 107 (Linux); names of ours need 20."""


class NoPlace(OutreachError):
    """No folder could be found or made for the database."""


@dataclass(frozen=True)
class Place:
    """Folders of one DATA_DIR's database: `folder` is where its process may stand."""

    folder: Path
    database: Path
    base: Path


def place_for(data_dir: Path, user: ServiceUser | None) -> Place:
    """Find this DATA_DIR's place, making it at the first start."""
    if user is None:
        if (data_dir / POINTER).exists():
            raise NoPlace(
                f"The database of {data_dir} was made by root. "
                "Run as root, or give DATA_DIR another folder."
            )
        return Place(data_dir, data_dir / "postgres", data_dir)
    if (data_dir / "postgres").exists():
        raise NoPlace(
            f"The database in {data_dir} was made by an ordinary user. "
            "Run as that user, or give DATA_DIR another folder."
        )
    folder = _find_root_place(data_dir) or _make_root_place(data_dir, user)
    return Place(folder, folder / "postgres", folder.parent)


def socket_folder(data_dir: Path) -> Path:
    """A folder only this user can enter, with a path short enough for a socket's address."""
    folder = data_dir / "sockets"
    if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER:
        folder = Path("/tmp") / f"outreach-{os.geteuid()}-{_digest(data_dir)}"  # noqa: S108
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise NoPlace(
            f"{folder} belongs to somebody else or is open to others, so no socket is put there. "
            "Remove it, or give DATA_DIR a shorter path."
        )
    return folder


def places_of(data_dir: Path) -> list[Path]:
    """Every root-only place that says it belongs to this DATA_DIR, pointed to or not."""
    deeds = [deed for base in ROOT_BASES for deed in (base / BASE_NAME).glob(f"*/{DEED}")]
    return [deed.parent for deed in deeds if _owner(deed.parent) == str(data_dir.resolve())]


def remove_place(folder: Path, data_dir: Path) -> None:
    """Delete a root-only place. Raises NoPlace for any folder that does not belong to DATA_DIR."""
    if folder.parent.name != BASE_NAME or _owner(folder) != str(data_dir.resolve()):
        raise NoPlace(f"{folder} does not belong to {data_dir} and is left alone.")
    shutil.rmtree(folder)
    if not any(folder.parent.glob(f"*/{DEED}")):
        for copy in folder.parent.glob(f"{COPY_PREFIX}*"):
            shutil.rmtree(copy)
        with suppress(OSError):  # another start may have made a place in it just now
            folder.parent.rmdir()


def _find_root_place(data_dir: Path) -> Path | None:
    try:
        pointer = json.loads((data_dir / POINTER).read_text())
    except FileNotFoundError:
        return None
    folder = Path(pointer["folder"])
    deed = _read_deed(folder)
    if deed.get("id") != pointer["id"]:
        return None
    if deed["data_dir"] != str(data_dir.resolve()):
        if (Path(deed["data_dir"]) / POINTER).exists():
            return None  # a copy of DATA_DIR: the original keeps its database
        _write_deed(folder, data_dir, pointer["id"])
    return folder


def _make_root_place(data_dir: Path, user: ServiceUser) -> Path:
    base = _root_base()
    folder = base / f"{_digest(data_dir)}-{secrets.token_hex(3)}"
    folder.mkdir(mode=0o700)
    os.chown(folder, user.uid, user.gid)
    identity = secrets.token_hex(16)
    _write_deed(folder, data_dir, identity)
    (data_dir / POINTER).write_text(json.dumps({"folder": str(folder), "id": identity}))
    return folder


def _root_base() -> Path:
    for root in ROOT_BASES:
        base = root / BASE_NAME
        try:
            base.mkdir(mode=0o755, exist_ok=True)
            is_new_or_ours = base.lstat().st_uid == 0 and not base.is_symlink()
        except OSError:
            continue
        if is_new_or_ours and all(parent.stat().st_mode & 0o001 for parent in base.parents):
            if not base.stat().st_mode & 0o001:
                base.chmod(0o755)  # our own folder, made under a strict umask
            return base
    raise NoPlace(
        f"No folder for the embedded database could be made under {ROOT_BASES[0]} or "
        f"{ROOT_BASES[1]}. Run as an ordinary user, or give DATABASE_URL."
    )


def _digest(data_dir: Path) -> str:
    return hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:12]


def _owner(folder: Path) -> str:
    return _read_deed(folder).get("data_dir", "")


def _read_deed(folder: Path) -> dict[str, str]:
    try:
        deed = json.loads((folder / DEED).read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in deed.items()}


def _write_deed(folder: Path, data_dir: Path, identity: str) -> None:
    """The folder is the service user's, so what it may have put there is never followed."""
    draft = folder / f"{DEED}.draft"
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"data_dir": str(data_dir.resolve()), "id": identity}, file)
    draft.rename(folder / DEED)
