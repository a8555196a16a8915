"""Every setting of the service, read from the environment and checked before anything starts."""

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from outreach.dkim_keys import DkimKey, read_dkim_keys
from outreach.reading_settings import (
    DEFAULT_CONNECTIONS,
    SECRET_KEY_LENGTH,
    SettingsFault,
    is_loopback,
    read_bounce_domain,
    read_connections,
    read_database_url,
    read_dns_resolver,
    read_imap_url,
    read_keys,
    read_mail_from,
    read_pace,
    read_port,
    read_public_url,
    read_redis_url,
    read_sending_hosts,
    read_ses_topics,
    read_smtp_url,
    read_source_url,
    require_secret,
)

PLAN_FILE = "embedded.json"
GIVEN_FILE = "given.json"
"""The settings that the running set was given, so that a command in another terminal shares them."""
SET_LOCK = "set.lock"
"""Held by the supervisor as long as its set of processes runs."""
KEYS_FILE = "secret-keys"
MARKER = ".outreach-data"
"""Put into a DATA_DIR that was new or empty. Only a folder with it is ever deleted whole."""
PROJECT_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Setting:
    """One row of the settings table in the README."""

    name: str
    meaning: str
    default: str


DEFAULT_BOUNCE_PORT = "2525"

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
        "mail server: smtp://[user:pass@]host:port[?starttls=required|optional|off], smtps://…; "
        "several with commas between, the preferred first",
        "embedded catcher with a mailbox page",
    ),
    Setting(
        "SMTP_CONNECTIONS",
        "connections to each account of SMTP_URL at once, in each worker",
        str(DEFAULT_CONNECTIONS),
    ),
    Setting(
        "DKIM_KEYS",
        "signs mail by DKIM: selector=/path/key.pem, comma separated, the first signs",
        "mail is not signed here",
    ),
    Setting(
        "PACE_ACCOUNT_PER_HOUR", "mails in any hour through one account of SMTP_URL", "no limit"
    ),
    Setting("PACE_DOMAIN_PER_HOUR", "mails in any hour to one recipient domain", "no limit"),
    Setting("PACE_DOMAIN_PER_MINUTE", "mails in any minute to one recipient domain", "no limit"),
    Setting(
        "SECRET_KEYS",
        f"comma-separated, newest first, {SECRET_KEY_LENGTH} characters or more each; "
        "the first signs, all verify",
        f"made once, kept in DATA_DIR/{KEYS_FILE}",
    ),
    Setting("WONDE_URL", "Wonde's address", "the real one; practice server in a trial"),
    Setting(
        "WONDE_APP_TOKEN",
        "this application's own token at Wonde, with which a school's access is requested",
        "none: each school's token is given when it is connected",
    ),
    Setting(
        "XPORTER_URL", "Xporter on Demand's address", "the real one; practice server in a trial"
    ),
    Setting(
        "XPORTER_TOKEN_URL",
        "where Xporter gives tokens",
        "the real one; practice server in a trial",
    ),
    Setting("XPORTER_APP_ID", "this application's id (relying party) at Xporter", "outreach"),
    Setting("PUBLIC_URL", "where people reach the service; no path", "http://127.0.0.1:PORT"),
    Setting("MAIL_FROM", "sender of all mail; a display name may stand before it", "a .example"),
    Setting(
        "SENDING_HOSTS",
        "where mail comes from, for schools to allow: IP addresses, networks, include:DOMAIN; "
        "with commas between",
        "none are named",
    ),
    Setting(
        "DNS_RESOLVER",
        "the DNS server that checks of mail set-up ask: ADDRESS or ADDRESS:PORT",
        "this machine's own",
    ),
    Setting("PORT", "the port of the web app", "8000"),
    Setting(
        "BOUNCE_DOMAIN",
        "the domain that mail comes back to; its mail must reach `outreach bounces`",
        "none: mail comes back to MAIL_FROM, unread",
    ),
    Setting("BOUNCE_PORT", "the port of `outreach bounces receive`", DEFAULT_BOUNCE_PORT),
    Setting(
        "BOUNCE_IMAP_URL",
        "the mailbox of `outreach bounces fetch`: imaps://user:password@host/FOLDER",
        "none",
    ),
    Setting("SES_TOPICS", "ARNs of the SNS topics that tell what Amazon SES learns", "none"),
    Setting("POSTMARK_HOOK_PASSWORD", "the password that Postmark's webhooks give", "none"),
    Setting("MAILGUN_HOOK_KEY", "the key that Mailgun signs its webhooks with", "none"),
    Setting("DATA_DIR", "the one folder for state on this machine", "./data"),
)

TRIAL_BOUNCE_DOMAIN = "bounces.outreach.example"
"""In a trial whose mail stays on this machine: the embedded mailbox returns what is to bounce."""

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
    """One account or several, as `outreach.mail.smtp_url` reads them."""
    pace_account_per_hour: int
    """Mails; 0 is no limit, as for the next two."""
    pace_domain_per_hour: int
    pace_domain_per_minute: int
    secret_keys: tuple[str, ...] = field(repr=False)
    wonde_url: str
    wonde_app_token: str = field(repr=False)
    xporter_url: str
    xporter_token_url: str
    xporter_app_id: str
    public_url: str
    mail_from: str
    sending_hosts: tuple[str, ...] = ()
    smtp_connections: int = DEFAULT_CONNECTIONS
    dkim_keys: tuple[DkimKey, ...] = ()
    """IP addresses, networks and `include:` of a domain, as an IT team is told them."""
    bounce_domain: str = ""
    """Empty: what comes back is not seen."""
    bounce_port: int = int(DEFAULT_BOUNCE_PORT)
    is_bounce_port_given: bool = False
    bounce_imap_url: str = field(default="", repr=False)
    ses_topics: tuple[str, ...] = ()
    postmark_hook_password: str = field(default="", repr=False)
    mailgun_hook_key: str = field(default="", repr=False)
    dns_resolver: str = ""
    """`address:port`; empty for this machine's own."""
    port: int
    data_dir: Path
    is_embedded_database: bool
    is_embedded_redis: bool
    is_embedded_mail: bool
    is_practice_sources: bool
    """Wonde and Xporter are the practice servers of this machine."""

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
    port = read_port(given["PORT"])
    public_url = read_public_url(given["PUBLIC_URL"], port)
    if not is_loopback(urlsplit(public_url).hostname or ""):
        _require_in_public(given)
    if given["DATABASE_MIGRATION_URL"] and not given["DATABASE_URL"]:
        raise SettingsFault(
            "DATABASE_MIGRATION_URL is given without DATABASE_URL, so upgrades and the service "
            "would use two databases. Give DATABASE_URL as well, or neither."
        )
    database_url = read_database_url("DATABASE_URL", given["DATABASE_URL"])
    migration_url = read_database_url("DATABASE_MIGRATION_URL", given["DATABASE_MIGRATION_URL"])
    redis_url = read_redis_url(given["REDIS_URL"])
    smtp_url = read_smtp_url(given["SMTP_URL"])
    paces = {name: read_pace(name, given[name]) for name in given if name.startswith("PACE_")}
    mail_from = read_mail_from(given["MAIL_FROM"])
    bounce_domain = read_bounce_domain(given["BOUNCE_DOMAIN"])
    bounce_imap_url = read_imap_url(given["BOUNCE_IMAP_URL"])
    ses_topics = read_ses_topics(given["SES_TOPICS"])
    for name in ("POSTMARK_HOOK_PASSWORD", "MAILGUN_HOOK_KEY"):
        require_secret(name, given[name])
    sending_hosts = read_sending_hosts(given["SENDING_HOSTS"])
    dns_resolver = read_dns_resolver(given["DNS_RESOLVER"])
    sources = {
        name: read_source_url(name, given[name])
        for name in ("WONDE_URL", "XPORTER_URL", "XPORTER_TOKEN_URL")
    }
    keys = read_keys(given["SECRET_KEYS"], "SECRET_KEYS") if given["SECRET_KEYS"] else ()
    data_dir = _make_data_dir(find_data_dir(environ))
    planned = read_plan(data_dir)
    bounce_port = given["BOUNCE_PORT"] or ("" if smtp_url else planned.get("bounce_port", ""))
    is_trial = is_loopback(urlsplit(public_url).hostname or "") and not database_url
    is_practice = is_trial and not any(sources.values())
    standing = practice_sources(planned.get("practice_url", "")) if is_practice else REAL_SOURCES
    return Settings(
        wonde_url=sources["WONDE_URL"] or standing.wonde,
        wonde_app_token=given["WONDE_APP_TOKEN"] or ("practice-app" if is_practice else ""),
        xporter_url=sources["XPORTER_URL"] or standing.xporter,
        xporter_token_url=sources["XPORTER_TOKEN_URL"] or standing.xporter_token,
        xporter_app_id=given["XPORTER_APP_ID"] or "outreach",
        is_practice_sources=is_practice,
        database_url=database_url or planned.get("database_url", ""),
        database_migration_url=migration_url or None,
        redis_url=redis_url or planned.get("redis_url", ""),
        smtp_url=smtp_url or planned.get("smtp_url", ""),
        pace_account_per_hour=paces["PACE_ACCOUNT_PER_HOUR"],
        pace_domain_per_hour=paces["PACE_DOMAIN_PER_HOUR"],
        pace_domain_per_minute=paces["PACE_DOMAIN_PER_MINUTE"],
        secret_keys=keys or _keep_secret_keys(data_dir),
        public_url=public_url,
        mail_from=mail_from,
        sending_hosts=sending_hosts,
        smtp_connections=read_connections(given["SMTP_CONNECTIONS"]),
        dkim_keys=read_dkim_keys(given["DKIM_KEYS"]),
        dns_resolver=dns_resolver,
        bounce_domain=bounce_domain or (TRIAL_BOUNCE_DOMAIN if is_trial and not smtp_url else ""),
        bounce_port=read_port(bounce_port or DEFAULT_BOUNCE_PORT, "BOUNCE_PORT"),
        is_bounce_port_given=bool(given["BOUNCE_PORT"]),
        bounce_imap_url=bounce_imap_url,
        ses_topics=ses_topics,
        postmark_hook_password=given["POSTMARK_HOOK_PASSWORD"],
        mailgun_hook_key=given["MAILGUN_HOOK_KEY"],
        port=port,
        data_dir=data_dir,
        is_embedded_database=not database_url,
        is_embedded_redis=not redis_url,
        is_embedded_mail=not smtp_url,
    )


@dataclass(frozen=True)
class SourceUrls:
    """Where Wonde and Xporter are."""

    wonde: str
    xporter: str
    xporter_token: str


REAL_SOURCES = SourceUrls(
    wonde="https://api.wonde.com/v1.0",
    xporter="https://xporter.groupcall.com/api/v1",
    xporter_token="https://xporter.groupcall.com/api/oauth/GetToken",  # noqa: S106 -- an address
)


def practice_sources(base: str) -> SourceUrls:
    """The practice servers under `base`; empty addresses before they were first planned."""
    if not base:
        return SourceUrls("", "", "")
    return SourceUrls(f"{base}wonde", f"{base}xporter/api/v1", f"{base}xporter/api/oauth/GetToken")


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
    return read_keys(text, f"The file {path}")
