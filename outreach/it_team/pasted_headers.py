"""Reads the headers that a person pasted: what the receiving side says of SPF, DKIM, DMARC and spam.

Only verdicts, domains and scores are taken; addresses and the rest are not kept. Of several headers
of one kind the first counts: each server puts its own above those of the ones before it.
"""

import re
from dataclasses import dataclass
from itertools import islice

LONGEST = 200_000
"""Characters looked at."""
MOST_RESULTS = 20
"""A mail has few signatures; more is somebody's play."""
_METHODS = ("spf", "dkim", "dmarc", "compauth")
_RESULT = re.compile(r"(spf|dkim|dmarc|compauth)\s*=\s*([a-z]{1,20})\b", re.IGNORECASE)
_PROPERTY = re.compile(
    r"(?:smtp\.mailfrom|smtp\.helo|header\.d|header\.i|header\.from)\s*=\s*\"?([^\s;\"<>]+)",
    re.IGNORECASE,
)
_LEVEL = re.compile(r"-?[0-9]{1,3}")
"""Of a filter's score: what is longer is none."""
_LONGEST_DOMAIN = 253
_MARK = re.compile(r"\\.|[()\"]", re.DOTALL)
_FOLD = re.compile(r"\r?\n[ \t]+")
_CATEGORIES = {
    "BULK": "bulk mail",
    "DIMP": "imitation of a domain",
    "GIMP": "imitation of a person",
    "HPHISH": "phishing for certain",
    "HPHSH": "phishing for certain",
    "HSPM": "spam for certain",
    "MALW": "malware",
    "PHSH": "phishing",
    "SPM": "spam",
    "SPOOF": "a forged sender",
    "UIMP": "imitation of a user",
}


@dataclass(frozen=True)
class Result:
    """`method` is spf, dkim, dmarc or compauth (Microsoft's sum of them); `value` is the verdict."""

    method: str
    value: str
    domain: str

    @property
    def is_pass(self) -> bool:
        return self.value in ("pass", "bestguesspass")


@dataclass(frozen=True)
class Reading:
    results: tuple[Result, ...]
    spam: tuple[str, ...]
    """What spam filters said, each in words."""
    is_spam: bool | None
    """None where no filter that we can read left a word."""

    def of(self, method: str) -> Result | None:
        """The one that counts: of several DKIM signatures one that passes is enough."""
        found = [one for one in self.results if one.method == method]
        return next((one for one in found if one.is_pass), found[0] if found else None)


def read_headers(pasted: str) -> Reading:
    headers = _split(pasted[:LONGEST])
    spam = [word for read in (_forefront, _bulk, _delivered_to, _others) for word in read(headers)]
    verdicts = [is_spam for _, is_spam in spam if is_spam is not None]
    return Reading(
        _results(headers),
        tuple(words for words, _ in spam),
        any(verdicts) if verdicts else None,
    )


Word = tuple[str, bool | None]
"""What a filter said, and whether that means spam; None where it means neither."""


def _split(pasted: str) -> list[tuple[str, str]]:
    """Name in lower case and unfolded value. What is no header is passed over."""
    text = _FOLD.sub(" ", pasted.strip())
    found = []
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and name and re.fullmatch(r"[!-9;-~]+", name):
            found.append((name.lower(), value.strip()))
    return found


def _first(headers: list[tuple[str, str]], *names: str) -> str:
    return next((value for name, value in headers if name in names), "")


def _results(headers: list[tuple[str, str]]) -> tuple[Result, ...]:
    """RFC 8601, and Microsoft's way of it, which leaves out the name of the server."""
    value = _first(headers, "authentication-results")
    if not value:
        value = _first(
            headers, "arc-authentication-results", "x-ms-exchange-authentication-results"
        )
    plain = _without_comments(value)
    found = list(islice(_RESULT.finditer(plain), MOST_RESULTS))
    results = []
    for place, one in enumerate(found):
        end = found[place + 1].start() if place + 1 < len(found) else len(plain)
        named = _PROPERTY.search(plain, one.end(), end)
        domain = named[1].rpartition("@")[2].lower() if named else ""
        if len(domain) > _LONGEST_DOMAIN:
            domain = ""
        results.append(Result(one[1].lower(), one[2].lower(), domain))
    if not any(one.method == "spf" for one in results):
        received = re.match(r"[a-z]{1,20}\b", _first(headers, "received-spf"), re.IGNORECASE)
        if received:
            results.append(Result("spf", received[0].lower(), ""))
    return tuple(sorted(results, key=lambda one: _METHODS.index(one.method)))


def _without_comments(value: str) -> str:
    """They nest (RFC 5322 §3.2.2), and may hold the sender's own words. One without an end goes on to
    the end. In a quoted string there are none."""
    kept: list[str] = []
    depth, began, is_quoted = 0, 0, False
    for mark in _MARK.finditer(value):
        if mark[0] == '"' and depth == 0:
            is_quoted = not is_quoted
        elif mark[0] == "(" and not is_quoted:
            if depth == 0:
                kept.append(value[began : mark.start()])
            depth += 1
        elif mark[0] == ")" and depth > 0:
            depth -= 1
            began = mark.end()
    return " ".join([*kept, value[began:]] if depth == 0 else kept)


def _forefront(headers: list[tuple[str, str]]) -> list[Word]:
    """X-Forefront-Antispam-Report: `SCL:1;SFV:NSPM;CAT:NONE;…`."""
    fields = _fields(_first(headers, "x-forefront-antispam-report"))
    words: list[Word] = []
    if "SCL" in fields and _LEVEL.fullmatch(fields["SCL"]):
        level = int(fields["SCL"])
        if level < 0:
            words.append(("Microsoft: spam filtering was bypassed by a rule (SCL -1).", False))
        elif level >= 5:
            words.append((f"Microsoft: spam confidence level {level}, which goes to junk.", True))
        else:
            words.append((f"Microsoft: spam confidence level {level}, which is not spam.", False))
    if fields.get("CAT", "").upper() in _CATEGORIES:
        words.append((f"Microsoft: taken for {_CATEGORIES[fields['CAT'].upper()]}.", True))
    match fields.get("SFV", "").upper():
        case "SKA":
            words.append(("Microsoft: let through because the sender is on an allow list.", False))
        case "SKB":
            words.append(("Microsoft: marked because the sender is on a block list.", True))
        case "SKQ":
            words.append(("Microsoft: was in quarantine and released.", None))
    return words


def _bulk(headers: list[tuple[str, str]]) -> list[Word]:
    """X-Microsoft-Antispam: `BCL:0;…`."""
    level = _fields(_first(headers, "x-microsoft-antispam")).get("BCL", "")
    if not _LEVEL.fullmatch(level):
        return []
    return [(f"Microsoft: bulk complaint level {level} of 9.", None)]


def _delivered_to(headers: list[tuple[str, str]]) -> list[Word]:
    """X-Microsoft-Antispam-Mailbox-Delivery: `…;dest:I;…`."""
    fields = _fields(_first(headers, "x-microsoft-antispam-mailbox-delivery"))
    match fields.get("DEST", "").upper():
        case "J":
            return [("Microsoft: put into the junk folder.", True)]
        case "I":
            return [("Microsoft: put into the inbox.", False)]
        case "C":
            return [("Microsoft: put into another folder by a rule of the mailbox.", None)]
    return []


def _others(headers: list[tuple[str, str]]) -> list[Word]:
    """Google's, SpamAssassin's, Mimecast's and other filters' own."""
    words: list[Word] = []
    if _first(headers, "x-gm-spam") == "1":
        words.append(("Google: marked as spam.", True))
    if _first(headers, "x-gm-phishy") == "1":
        words.append(("Google: marked as phishing.", True))
    status = _first(headers, "x-spam-status").lower()
    if status.startswith(("yes", "no")):
        is_spam = status.startswith("yes")
        words.append((f"SpamAssassin: {'spam' if is_spam else 'not spam'}.", is_spam))
    score = _first(headers, "x-mimecast-spam-score")
    if _LEVEL.fullmatch(score):
        words.append((f"Mimecast: spam score {score}.", None))
    flag = _first(headers, "x-spam-flag").lower()
    if flag in ("yes", "no") and not status:
        words.append((f"A filter: {'spam' if flag == 'yes' else 'not spam'}.", flag == "yes"))
    return words


def _fields(value: str) -> dict[str, str]:
    """`SCL:1;SFV:NSPM;…`; the first of a name counts."""
    fields: dict[str, str] = {}
    for part in value.split(";"):
        name, colon, text = part.partition(":")
        if colon:
            fields.setdefault(name.strip().upper(), text.strip())
    return fields
