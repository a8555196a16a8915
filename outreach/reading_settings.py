"""Reading the value of one setting: what it may be, and what to write instead where it may not."""

import re
from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, parse_qs, urlsplit

from email_validator import EmailNotValidError, validate_email

SECRET_KEY_LENGTH = 32
"""The fewest characters of a secret key: 32 characters of base64 carry 192 random bits."""
SHORTEST_HOOK_SECRET = 16
LONGEST_BOUNCE_DOMAIN = 180
MOST_PACE = 1_000_000
DEFAULT_CONNECTIONS = 20
DEFAULT_MAIL_FROM = "Future Skills Questionnaire <questionnaires@outreach.example>"


class SettingsFault(Exception):
    """A setting stops the start. The message names the setting and the mend, never its value."""


def is_loopback(host: str) -> bool:
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def read_port(text: str, name: str = "PORT") -> int:
    text = text or "8000"
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise SettingsFault(
            f"{name} must be a whole number from 1 to 65535, for example {name}=8000."
        )
    return int(text)


def read_public_url(text: str, port: int) -> str:
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


def read_database_url(name: str, text: str) -> str:
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


def read_redis_url(text: str) -> str:
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


def split_smtp_urls(text: str) -> list[str]:
    """Of several accounts. A comma that no smtp:// or smtps:// follows belongs to a password."""
    return re.split(r"\s*,\s*(?=smtps?://)", text.strip())


def read_smtp_url(text: str) -> str:
    """One or several, with commas between, the preferred first; kept as given."""
    if not text:
        return ""
    accounts = split_smtp_urls(text)
    if len(set(accounts)) < len(accounts):
        raise SettingsFault("SMTP_URL names one account twice. Name each once.")
    for account in accounts:
        _check_smtp_url(account)
    return text


def read_pace(name: str, text: str) -> int:
    """Mails in a time; 0 where no limit is set."""
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_PACE):
        raise SettingsFault(
            f"{name} must be a whole number of mails from 1 to {MOST_PACE:,}, for example "
            f"{name}=600. Leave it out for no limit."
        )
    return int(text)


def _check_smtp_url(text: str) -> None:
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


def read_connections(text: str) -> int:
    """Above a hundred the threads of one process stand in each other's way."""
    if not text:
        return DEFAULT_CONNECTIONS
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 100):
        raise SettingsFault(
            "SMTP_CONNECTIONS must be a whole number from 1 to 100, for example SMTP_CONNECTIONS=3."
        )
    return int(text)


def read_source_url(name: str, text: str) -> str:
    """An integrator's address, without a slash at the end."""
    if not text:
        return ""
    url = _split(name, text)
    if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
        raise SettingsFault(
            f"{name} must be http:// or https:// and a host, with no query, "
            f"for example {name}=https://api.integrator.example/v1."
        )
    if url.scheme == "http" and not is_loopback(url.hostname):
        raise SettingsFault(
            f"{name} is not https, so pupils' data would cross the network in the clear. "
            "Give the https address."
        )
    return text.rstrip("/")


def read_mail_from(text: str) -> str:
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


def read_keys(text: str, name: str) -> tuple[str, ...]:
    keys = tuple(
        key for part in text.splitlines() for key in map(str.strip, part.split(",")) if key
    )
    if not keys or min(map(len, keys)) < SECRET_KEY_LENGTH:
        raise SettingsFault(
            f"{name} holds a key that is too short: each needs {SECRET_KEY_LENGTH} characters or "
            "more. Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return keys


def read_dns_resolver(text: str) -> str:
    """As `host:port`; empty for this machine's own. The host is an address: a name would need DNS."""
    if not text:
        return ""
    host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    host, port = (host, port) if colon else (text, "53")
    try:
        address = ip_address(host.removeprefix("[").removesuffix("]"))
        number = int(port)
    except ValueError:
        number = 0
    if not 1 <= number <= 65535:
        raise SettingsFault(
            "DNS_RESOLVER must be the IP address of a DNS server, with or without a port, "
            "for example DNS_RESOLVER=192.0.2.53 or DNS_RESOLVER=[2001:db8::53]:5353."
        )
    return f"[{address}]:{number}" if address.version == 6 else f"{address}:{number}"


def read_sending_hosts(text: str) -> tuple[str, ...]:
    """IP addresses, networks, and `include:` of a domain whose SPF record lists them."""
    hosts = tuple(host.lower() for host in map(str.strip, text.split(",")) if host)
    for host in hosts:
        name, colon, domain = host.partition(":")
        if name == "include" and colon and _is_host_name(domain):
            continue
        try:
            ip_network(host, strict=True)
        except ValueError as fault:
            raise SettingsFault(
                "SENDING_HOSTS must be IP addresses, networks or include:DOMAIN, with commas between, "
                "for example SENDING_HOSTS=192.0.2.10,198.51.100.0/28,include:spf.provider.example."
            ) from fault
    return hosts


def read_bounce_domain(text: str) -> str:
    """Short enough that a return path keeps to what an address may be (RFC 5321 §4.5.3.1)."""
    domain = text.lower().rstrip(".")
    if domain and not (_is_host_name(domain) and len(domain) <= LONGEST_BOUNCE_DOMAIN):
        raise SettingsFault(
            "BOUNCE_DOMAIN must be one domain, without @ and of no more than "
            f"{LONGEST_BOUNCE_DOMAIN} characters, for example BOUNCE_DOMAIN=bounces.school.example."
        )
    return domain


def read_imap_url(text: str) -> str:
    if not text:
        return ""
    url = _split("BOUNCE_IMAP_URL", text)
    is_safe = url.scheme == "imaps" or (url.scheme == "imap" and is_loopback(url.hostname or ""))
    if not (is_safe and url.hostname and url.username and url.password) or url.query:
        raise SettingsFault(
            "BOUNCE_IMAP_URL must be imaps:// with a user name, a password and a host, for example "
            "BOUNCE_IMAP_URL=imaps://bounces:password@mail.school.example/INBOX. Percent-encode "
            "an @, /, ? or # inside the user name or password (%40, %2F, %3F, %23)."
        )
    return text


def read_ses_topics(text: str) -> tuple[str, ...]:
    topics = tuple(topic for topic in map(str.strip, text.split(",")) if topic)
    for topic in topics:
        if not topic.startswith("arn:aws") or len(topic.split(":")) != 6:
            raise SettingsFault(
                "SES_TOPICS must be ARNs of SNS topics, with commas between, for example "
                "SES_TOPICS=arn:aws:sns:eu-west-2:123456789012:bounces."
            )
    return topics


def require_secret(name: str, text: str) -> None:
    if text and len(text) < SHORTEST_HOOK_SECRET:
        raise SettingsFault(
            f"{name} is too short to keep strangers out: it needs {SHORTEST_HOOK_SECRET} "
            "characters or more."
        )


def _is_host_name(text: str) -> bool:
    labels = text.split(".")
    plain = all(
        label and label.isascii() and label.replace("-", "").replace("_", "").isalnum()
        for label in labels
    )
    return plain and len(labels) > 1
