"""What an email address is to us: checking, comparing, masking and scrubbing it."""

import re
import unicodedata
from dataclasses import dataclass

import idna
from email_validator import EmailNotValidError, validate_email

_SENDABLE_LOCAL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
)
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_SENDABLE_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LOCAL_LIMIT, _ADDRESS_LIMIT = 64, 254  # octets: RFC 5321 §4.5.3.1.1, erratum 1690 to RFC 3696

# Bounded before the @, so that the time does not grow with the square of a hostile reply.
_ADDRESS_IN_TEXT = re.compile(
    r"""(?:"[^"\r\n]{0,64}"|[^\s<>"'()\[\],;:@]{1,64})@[^\s<>"'()\[\],;:]+"""
)
_LINK_IN_TEXT = re.compile(
    r"[^\s<>\"]{0,200}(?:/|%2F)(?:q|stop|set-up)(?:/|%2F)[^\s<>\"]*|[\w-]{32}\.[\w-]{22}",
    re.IGNORECASE,
)
"""Our own links, rewritten by a filter or not, and bare tokens; a server's help page may stay."""
_LONGEST_READ = 2000
"""Characters of an outside text that are looked at; what stands after them is not kept."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

# Domains that no public mail server can deliver to (RFC 2606, 6761, 6762, 7686). `.example` and
# `.test` are let through on purpose: demonstrations and tests live there.
_NEVER_DELIVERABLE = ("invalid", "local", "localhost", "onion", "arpa")


class UnsendableAddress(ValueError):
    """The address cannot be written in SMTP without SMTPUTF8. `reason` is for people, and names
    no address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class AddressFault:
    """Why an address cannot be used, as a school office would say it."""

    reason: str


def sendable(address: str) -> str:
    """The address as SMTP and headers carry it: ASCII local part, domain as IDNA A-labels (lower
    case where it had to be converted). Raises UnsendableAddress for everything else, among it any
    control character, space, quoted local part or address literal."""
    local, at, domain = address.rpartition("@")
    if not at:
        raise UnsendableAddress("There is no @ in the address.")
    if not local.isascii():
        raise UnsendableAddress(
            "The part before the @ has letters beyond A to Z, which most mail servers cannot take."
        )
    if not _SENDABLE_LOCAL.fullmatch(local):
        raise UnsendableAddress("The part before the @ has a character that cannot stand there.")
    if not domain.isascii():
        domain = _to_ascii(domain)
    if not _SENDABLE_DOMAIN.fullmatch(domain):
        raise UnsendableAddress("The part after the @ is not the name of a mail domain.")
    if len(local) > _LOCAL_LIMIT or len(local) + 1 + len(domain) > _ADDRESS_LIMIT:
        raise UnsendableAddress("The address is longer than mail servers take.")
    return f"{local}@{domain}"


def check(address: str) -> str | AddressFault:
    """The address in the form to keep and to mail (domain lower-cased, as IDNA A-labels), or why
    not. Looks at the writing only: no DNS. `.example` and `.test` pass."""
    candidate = address.strip()
    known = _known_slip(candidate)
    if known:
        return AddressFault(known)
    try:
        found = validate_email(
            candidate,
            check_deliverability=False,
            allow_smtputf8=False,
            test_environment=True,  # lets `.test` through; `.example` passes anyway
        )
        return sendable(f"{found.local_part}@{found.ascii_domain}")
    except UnsendableAddress as fault:
        return AddressFault(fault.reason)
    except EmailNotValidError:
        return AddressFault(_guess(candidate))


def _known_slip(address: str) -> str | None:  # noqa: PLR0911 - one return a slip reads best
    """The slips that rosters really contain, each with its own sentence."""
    local, at, domain = address.rpartition("@")
    if not address:
        return "The address is empty."
    if not at:
        return "There is no @ in the address."
    if any(mark in address for mark in ";,<>") and address.count("@") > 1:
        return "There is more than one address here. Keep one."
    if "@" in local:
        return "There is more than one @ in the address."
    if not local:
        return "There is nothing before the @."
    if not domain:
        return "There is nothing after the @."
    if re.search(r"\s", address):
        return "There is a space in the address."
    if "<" in address or ">" in address:
        return "There are angle brackets around the address. Keep only the address itself."
    if not local.isascii():
        return (
            "The part before the @ has letters beyond A to Z, which most mail servers cannot take."
        )
    if "," in domain:
        return "There is a comma after the @ where a full stop should be."
    if "." not in domain:
        return "The part after the @ has no full stop, so it is not a mail domain."
    if domain.rpartition(".")[2].lower() in _NEVER_DELIVERABLE:
        return "The part after the @ is a name that is never used for mail outside one network."
    return None


def _guess(address: str) -> str:
    local, _, domain = address.rpartition("@")
    if len(local) > _LOCAL_LIMIT or len(address) > _ADDRESS_LIMIT:
        return "The address is longer than mail servers take."
    for side, text in (("before", local), ("after", domain)):
        if text.startswith(".") or text.endswith(".") or ".." in text:
            return f"The part {side} the @ has a full stop too many."
    if not _SENDABLE_LOCAL.fullmatch(local):
        return "The part before the @ has a character that cannot stand there."
    return "The part after the @ is not the name of a mail domain."


def normalise(address: str) -> str:
    """For comparing only, never for sending: the same mailbox written in two ways compares equal
    (local part lower-cased, though RFC 5321 §2.4 lets a server tell cases apart). Never raises,
    so that a broken address can be compared and hashed too."""
    local, at, domain = unicodedata.normalize("NFC", address.strip()).rpartition("@")
    if not at:
        return domain.lower()
    return f"{local.lower()}@{_domain_for_comparing(domain)}"


def domain_of(address: str) -> str:
    """The domain, lower-cased and in A-labels; empty where there is none."""
    _, at, domain = address.strip().rpartition("@")
    return _domain_for_comparing(domain) if at else ""


def scrub(text: str, *also: str) -> str:
    """Text from outside, made fit to keep: our own links become `[link]` (a filter that quotes
    one quotes the key to a student's answers), addresses `[address]`, control characters a
    space. What comes after 2,000 characters is dropped. Each of `also` (a known recipient or user name) goes too, and its local part where that
    stands as a word of its own, since servers write `User asmith unknown`."""
    text = _LINK_IN_TEXT.sub("[link]", text[:_LONGEST_READ])
    for secret in also:
        for form in (secret, secret.rpartition("@")[0]):
            if len(form) >= 2 and _may_hold(text, form):
                text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", "[address]", text, flags=re.I)
    text = _ADDRESS_IN_TEXT.sub("[address]", text)
    return " ".join(_CONTROLS.sub(" ", text).split())


def _may_hold(text: str, form: str) -> bool:
    """To compile a pattern for every recipient costs more than the rest of a mail."""
    return not (text.isascii() and form.isascii()) or form.lower() in text.lower()


def _domain_for_comparing(domain: str) -> str:
    domain = domain.rstrip(".")
    if domain.isascii():
        return domain.lower()
    try:
        return _to_ascii(domain)
    except UnsendableAddress:
        return domain.lower()


def _to_ascii(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        raise UnsendableAddress("The part after the @ is not the name of a mail domain.") from None
