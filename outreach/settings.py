"""Every setting of the service, read from the environment and checked before anything starts."""

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

from email_validator import EmailNotValidError, validate_email

SECRET_KEY_LENGTH = 32
"""The fewest characters of a secret key: 32 characters of base64 carry 192 random bits."""

PLAN_FILE = "embedded.json"
GIVEN_FILE = "given.json"
"""The settings that the running set was given, so that a command in another terminal shares them."""
SET_LOCK = "set.lock"
"""Held by the supervisor as long as its set of processes runs."""
KEYS_FILE = "secret-keys"
MARKER = ".outreach-data"
"""Put into a DATA_DIR that was new or empty. Only a folder with it is ever deleted whole."""
PROJECT_ROOT = Path(__file__).resolve().parent.parent


class SettingsFault(Exception):
    """A setting stops the start. The message names the setting and the mend, never its value."""


@dataclass(frozen=True)
class Setting:
    """One row of the settings table in the README."""

    name: str
    meaning: str
    default: str


SETTINGS = (
    Setting("DATABASE_URL", "PostgreSQL: postgresql://user:password@host/name", "embedded"),
    Setting(
        "DATABASE_MIGRATION_URL",
        "a stronger log-in that only `outreach db upgrade` uses; DATABASE_URL may then be weak",
        "DATABASE_URL",
    ),
    Setting("REDIS_URL", "Redis or Valkey: redis://[:password@]host:port/0", "embedded"),
    Setting(
        "SMTP_URL",
        "mail server: smtp://[user:pass@]host:port[?starttls=required|optional|off], smtps://…",
        "embedded catcher with a mailbox page",
    ),
    Setting(
        "SECRET_KEYS",
        f"comma-separated, newest first, {SECRET_KEY_LENGTH} characters or more each; "
        "the first signs, all verify",
        f"made once, kept in DATA_DIR/{KEYS_FILE}",
    ),
    Setting("PUBLIC_URL", "where people reach the service; no path", "http://127.0.0.1:PORT"),
    Setting("MAIL_FROM", "sender of all mail; a display name may stand before it", "a .example"),
    Setting("PORT", "the port of the web app", "8000"),
    Setting("DATA_DIR", "the one folder for state on this machine", "./data"),
)

DEFAULT_MAIL_FROM = "Future Skills Questionnaire <questionnaires@outreach.example>"
NEEDED_IN_PUBLIC = ("SECRET_KEYS", "MAIL_FROM", "DATABASE_URL", "REDIS_URL", "SMTP_URL")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings in force. Its repr shows no secret.

    The URL of an embedded part is empty until that part was started once in `data_dir`
    (`outreach.running.embedded` plans it and gives settings that hold it).
    """

    database_url: str = field(repr=False)
    database_migration_url: str | None = field(repr=False)
    redis_url: str = field(repr=False)
    smtp_url: str = field(repr=False)
    secret_keys: tuple[str, ...] = field(repr=False)
    public_url: str
    mail_from: str
    port: int
    data_dir: Path
    is_embedded_database: bool
    is_embedded_redis: bool
    is_embedded_mail: bool

    @property
    def is_public(self) -> bool:
        """Whether people beyond this machine are meant to reach PUBLIC_URL."""
        return not is_loopback(urlsplit(self.public_url).hostname or "")

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")


def load(environ: Mapping[str, str]) -> Settings:
    """Read, check and complete the settings. Raises SettingsFault at the first that cannot hold.

    What the environment leaves out is as the set that runs on this DATA_DIR was given it.
    Makes DATA_DIR and, where SECRET_KEYS is not given, its secret keys; nothing else is written.
    """
    shared = _given_to_running_set(find_data_dir(environ))
    given = {
        row.name: environ.get(row.name, "").strip() or shared.get(row.name, "") for row in SETTINGS
    }
    port = _read_port(given["PORT"])
    public_url = _read_public_url(given["PUBLIC_URL"], port)
    if not is_loopback(urlsplit(public_url).hostname or ""):
        _require_in_public(given)
    if given["DATABASE_MIGRATION_URL"] and not given["DATABASE_URL"]:
        raise SettingsFault(
            "DATABASE_MIGRATION_URL is given without DATABASE_URL, so upgrades and the service "
            "would use two databases. Give DATABASE_URL as well, or neither."
        )
    database_url = _read_database_url("DATABASE_URL", given["DATABASE_URL"])
    migration_url = _read_database_url("DATABASE_MIGRATION_URL", given["DATABASE_MIGRATION_URL"])
    redis_url = _read_redis_url(given["REDIS_URL"])
    smtp_url = _read_smtp_url(given["SMTP_URL"])
    mail_from = _read_mail_from(given["MAIL_FROM"])
    keys = _split_keys(given["SECRET_KEYS"], "SECRET_KEYS") if given["SECRET_KEYS"] else ()
    data_dir = _make_data_dir(find_data_dir(environ))
    planned = read_plan(data_dir)
    return Settings(
        database_url=database_url or planned.get("database_url", ""),
        database_migration_url=migration_url or None,
        redis_url=redis_url or planned.get("redis_url", ""),
        smtp_url=smtp_url or planned.get("smtp_url", ""),
        secret_keys=keys or _keep_secret_keys(data_dir),
        public_url=public_url,
        mail_from=mail_from,
        port=port,
        data_dir=data_dir,
        is_embedded_database=not database_url,
        is_embedded_redis=not redis_url,
        is_embedded_mail=not smtp_url,
    )


def is_loopback(host: str) -> bool:
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def read_plan(data_dir: Path) -> dict[str, str]:
    """The URLs of the embedded parts of this DATA_DIR; empty before their first start."""
    try:
        plan = json.loads((data_dir / PLAN_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as fault:
        raise SettingsFault(
            f"DATA_DIR holds a {PLAN_FILE} that cannot be read ({type(fault).__name__}). "
            f"Delete {data_dir / PLAN_FILE}: the next start writes it anew."
        ) from fault
    return {str(name): str(value) for name, value in plan.items()}


def keep_given(data_dir: Path, environ: Mapping[str, str]) -> None:
    """Called by the supervisor, which holds SET_LOCK. Mode 0600: a URL can hold a password."""
    given = {row.name: environ.get(row.name, "").strip() for row in SETTINGS}
    kept = {name: value for name, value in given.items() if value and name != "DATA_DIR"}
    draft = data_dir / f"{GIVEN_FILE}.draft"
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(kept, file)
    draft.rename(data_dir / GIVEN_FILE)


def _given_to_running_set(data_dir: Path) -> dict[str, str]:
    """Empty where no set runs: a file that a killed one left says nothing any more."""
    try:
        handle = os.open(data_dir / SET_LOCK, os.O_RDWR)
    except OSError:
        return {}
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        pass
    else:
        return {}
    finally:
        os.close(handle)
    try:
        given = json.loads((data_dir / GIVEN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in given.items()}


def _require_in_public(given: Mapping[str, str]) -> None:
    missing = [name for name in NEEDED_IN_PUBLIC if not given[name]]
    if missing:
        raise SettingsFault(
            f"PUBLIC_URL is not on this machine, so {', '.join(missing)} must be given too: "
            "nothing embedded or made up may serve real people. "
            "Set them, or leave PUBLIC_URL out to try the service on this machine."
        )


def _read_port(text: str) -> int:
    if not text:
        return 8000
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise SettingsFault("PORT must be a whole number from 1 to 65535, for example PORT=8000.")
    return int(text)


def _read_public_url(text: str, port: int) -> str:
    if not text:
        return f"http://127.0.0.1:{port}"
    url = _split("PUBLIC_URL", text)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise SettingsFault(
            "PUBLIC_URL must be http:// or https:// and a host, "
            "for example PUBLIC_URL=https://questionnaires.school.example."
        )
    if url.path not in ("", "/") or url.query or url.fragment or "@" in url.netloc:
        raise SettingsFault(
            "PUBLIC_URL must end after the host and port: the service has no path, query "
            "or user name of its own. Leave out everything from the third slash on."
        )
    if url.scheme == "http" and is_loopback(url.hostname) and (url.port or 80) != port:
        raise SettingsFault(
            f"PUBLIC_URL names port {url.port or 80} on this machine but the service listens on "
            f"PORT {port}, so links in mail would lead nowhere. Give both the same port."
        )
    return f"{url.scheme}://{url.netloc.lower()}"


def _read_database_url(name: str, text: str) -> str:
    """Normalised for SQLAlchemy with psycopg 3; what follows the scheme is kept as given."""
    if not text:
        return ""
    url = _split(name, text)
    if url.scheme not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise SettingsFault(
            f"{name} must begin with postgresql:// (this service runs on PostgreSQL only), "
            f"for example {name}=postgresql://user:password@host:5432/outreach."
        )
    if not url.path.strip("/"):
        raise SettingsFault(
            f"{name} names no database. Put its name after the host, "
            f"for example {name}=postgresql://user:password@host:5432/outreach."
        )
    return "postgresql+psycopg" + text[len(url.scheme) :]


def _read_redis_url(text: str) -> str:
    if not text:
        return ""
    url = _split("REDIS_URL", text)
    has_place = url.path if url.scheme == "unix" else url.hostname
    if url.scheme not in ("redis", "rediss", "unix") or not has_place:
        raise SettingsFault(
            "REDIS_URL must begin with redis://, rediss:// or unix:// and name where Redis "
            "listens, for example REDIS_URL=redis://127.0.0.1:6379/0."
        )
    return text


def _read_smtp_url(text: str) -> str:
    if not text:
        return ""
    url = _split("SMTP_URL", text)
    if url.scheme not in ("smtp", "smtps") or not url.hostname or not url.port:
        raise SettingsFault(
            "SMTP_URL must be smtp:// or smtps:// with a host and a port, "
            "for example SMTP_URL=smtp://user:password@mail.school.example:587."
        )
    if url.path not in ("", "/") or url.fragment:
        raise SettingsFault(
            "SMTP_URL must end after the port or its ?starttls=. A /, ? or # inside the user name "
            "or password must be percent-encoded (%2F, %3F, %23)."
        )
    options = parse_qs(url.query, keep_blank_values=True)
    starttls = options.pop("starttls", ["optional"])
    if options or len(starttls) != 1 or starttls[0] not in ("required", "optional", "off"):
        raise SettingsFault(
            "SMTP_URL takes one option, ?starttls=required, ?starttls=optional or ?starttls=off."
        )
    if url.scheme == "smtps" and "starttls" in url.query:
        raise SettingsFault(
            "SMTP_URL contradicts itself: smtps:// is encrypted from the start, so it takes no "
            "?starttls=. Leave the option out, or write smtp://."
        )
    return text


def _read_mail_from(text: str) -> str:
    if not text:
        return DEFAULT_MAIL_FROM
    display_name, address = parseaddr(text)
    try:
        if not text.isprintable() or (address != text and not text.endswith(f"<{address}>")):
            raise ValueError
        validate_email(address, check_deliverability=False)
        Address(display_name, addr_spec=address)
    except (EmailNotValidError, ValueError) as fault:
        raise SettingsFault(
            "MAIL_FROM must be one mail address, with or without a name, for example "
            "MAIL_FROM='Careers <careers@school.example>'. Put a name that has commas in quotes."
        ) from fault
    return text


def _split(name: str, text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError as fault:
        raise SettingsFault(
            f"{name} is not a URL this service can read: its port is not a number, or a special "
            "character in it must be percent-encoded."
        ) from fault
    return url


def find_data_dir(environ: Mapping[str, str]) -> Path:
    """Where DATA_DIR is; it may not exist yet."""
    text = environ.get("DATA_DIR", "").strip()
    return Path(text).expanduser().absolute() if text else PROJECT_ROOT / "data"


def _make_data_dir(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not any(path.iterdir()):
            (path / MARKER).write_text("Made by outreach; `make clean-data` deletes this folder.\n")
    except OSError as fault:
        raise SettingsFault(
            f"DATA_DIR cannot be made at {path} ({fault.strerror}). "
            "Point DATA_DIR at a folder this user may write to."
        ) from fault
    if not os.access(path, os.W_OK | os.X_OK):
        raise SettingsFault(
            f"DATA_DIR {path} cannot be written to by this user. "
            "Run as the user who owns it, or point DATA_DIR at another folder."
        )
    return path


def _split_keys(text: str, name: str) -> tuple[str, ...]:
    keys = tuple(
        key for part in text.splitlines() for key in map(str.strip, part.split(",")) if key
    )
    if not keys or min(map(len, keys)) < SECRET_KEY_LENGTH:
        raise SettingsFault(
            f"{name} holds a key that is too short: each needs {SECRET_KEY_LENGTH} characters or "
            "more. Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return keys


def _keep_secret_keys(data_dir: Path) -> tuple[str, ...]:
    """Read the keys of this DATA_DIR, making them at the first start.

    Several processes may start at once: the lock lets one of them write, and the rename means
    that nobody reads half a key.
    """
    path = data_dir / KEYS_FILE
    try:
        lock = os.open(data_dir / f"{KEYS_FILE}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                draft = data_dir / f"{KEYS_FILE}.draft"
                draft.unlink(missing_ok=True)
                handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
                with os.fdopen(handle, "w", encoding="ascii") as file:
                    file.write(secrets.token_urlsafe(48) + "\n")
                draft.rename(path)
        finally:
            os.close(lock)
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsFault(
            f"The secret keys in {path} cannot be read or written ({type(fault).__name__}). "
            "Run as the user who owns DATA_DIR, or give SECRET_KEYS."
        ) from fault
    return _split_keys(text, f"The file {path}")
