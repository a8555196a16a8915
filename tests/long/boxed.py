"""A mail server of a Debian package: fetched, unpacked, and run as if it were installed.

It sees its own files laid over those of the machine, a /var of its own, its own users and the host
name MX, all in namespaces that end with it. Nothing of the machine is changed. Needs root.
"""

import os
import shlex
import smtplib
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

MX = "mx.pupils.example"
PATIENCE = 60.0
FIRST_ID = 9100
"""Numbers of the users that a box adds to its own passwd; they exist nowhere else."""

_NAMESPACES = ("--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")


class NotFetched(Exception):
    """No network, no package lists, or no such package."""


@dataclass(frozen=True)
class Box:
    """One server. `etc` is what lies over /etc; `prepare` is shell, run as root before `command`.

    The first of `users` owns the mailboxes, in /var/mail.
    """

    name: str
    package: str
    port: int
    command: Sequence[str]
    etc: Mapping[str, str]
    users: Sequence[str]
    prepare: str = ""
    passwd: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        numbers = {user: FIRST_ID + place for place, user in enumerate(self.users)}
        object.__setattr__(self, "passwd", numbers)


def fetch(package: str, folder: Path) -> Path:
    """Its files, and those of what it needs and this machine lacks. Raises NotFetched."""
    debs, root = folder / "debs", folder / "root"
    debs.mkdir(parents=True)
    wanted = _apt("install", "--simulate", "--yes", "--no-install-recommends", package)
    lacking = [line.split()[1] for line in wanted.splitlines() if line.startswith("Inst ")]
    _apt("download", *{package, *lacking}, folder=debs)
    for deb in debs.glob("*.deb"):
        subprocess.run(["dpkg", "-x", deb, root], check=True)
    for folder_it_may_lack in ("etc", "usr"):
        (root / folder_it_may_lack).mkdir(exist_ok=True)
    return root


def _apt(*words: str, folder: Path | None = None) -> str:
    command = ["apt-get", "--option", "APT::Sandbox::User=root", *words]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError as fault:
        raise NotFetched("there is no apt-get here") from fault
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise NotFetched(f"apt-get {words[0]} failed: {' '.join(last)} (apt-get update first?)")
    return done.stdout


@contextmanager
def running(box: Box, root: Path, folder: Path) -> Iterator[Path]:
    """The folder that the box has as /var/mail, while it takes mail."""
    etc, mail, log = folder / "etc", folder / "mail", folder / "log"
    _write_etc(box, etc)
    for shared in (mail, log):
        shared.mkdir()
        os.chown(shared, FIRST_ID, FIRST_ID)
        shared.chmod(0o777)
    script = f"""
        set -e
        mount -t overlay box -o lowerdir={root}/usr:/usr /usr
        mount -t overlay box -o lowerdir={etc}:{root}/etc:/etc /etc
        mount -t tmpfs box /var
        mount -t tmpfs box /run
        mkdir -p /var/mail /var/log /var/spool /var/lib /var/empty /var/tmp /var/run
        mount --bind {mail} /var/mail
        mount --bind {log} /var/log
        hostname {MX}
        {box.prepare}
        exec {shlex.join(box.command)}
    """
    with (folder / "log" / "output").open("wb") as output:
        process = subprocess.Popen(
            ["unshare", *_NAMESPACES, "sh", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
        )
    try:
        _wait_for_greeting(box, process, log)
        yield mail
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """By the first process of the box: with it the kernel ends all the others, and `unshare` too.
    (Its --kill-child is not enough: the kernel forgets it where a server changes its user.)"""
    with suppress(psutil.NoSuchProcess):
        for first in psutil.Process(process.pid).children():
            first.kill()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def log_of(folder: Path) -> str:
    """What the servers below this folder wrote down, for who reads a failure."""
    logs = sorted(path for path in folder.rglob("log/*") if path.is_file())
    return "\n".join(f"== {path}\n{path.read_text(errors='replace')[-4000:]}" for path in logs)


def _write_etc(box: Box, etc: Path) -> None:
    etc.mkdir(parents=True)
    passwd, group = Path("/etc/passwd").read_text(), Path("/etc/group").read_text()
    for user, number in box.passwd.items():
        passwd += f"{user}:x:{number}:{number}::/var/empty:/bin/sh\n"
        group += f"{user}:x:{number}:\n"
    hosts = f"127.0.0.1 localhost {MX}\n"
    resolver = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"
    files = {"passwd": passwd, "group": group, "hosts": hosts, "resolv.conf": resolver}
    for name, text in (files | {"mailname": f"{MX}\n"} | dict(box.etc)).items():
        path = etc / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for path in (etc, *etc.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _wait_for_greeting(box: Box, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError, smtplib.SMTPException), smtplib.SMTP("127.0.0.1", box.port) as line:
            line.noop()
            return
        time.sleep(0.1)
    raise AssertionError(f"{box.name} did not start:\n{log_of(log.parent)}")
