"""From a status code and the words of a reply to a verdict and a reason.

The code decides (RFC 3463, `statuses.yaml`). Words are asked where the code leaves it open, and may
choose only among what that code allows (`phrases.yaml`): a refusal by policy never turns into an
unknown address because a sentence in it sounds so.
"""

import re
from dataclasses import dataclass

from outreach.mail.bounces import tables
from outreach.mail.bounces.reading import Verdict

_LONGEST = 6000  # characters of a reply that are looked at
_ENHANCED = re.compile(r"(?<![\d.\w])([45]\.[0-7]\.\d{1,3})(?![\d.]*\d)")
_REPLY_CODE = re.compile(
    r"(?:^|said: |returned |reply: |replied: |[:;]\s|[\"'(<] ?)([45]\d\d)(?=[ \-:;,.)'\"]|$)", re.M
)
_FIELD = re.compile(r"\s*([245])\s?\.\s?(\d{1,3})\s?\.\s?(\d{1,3})(?!\d)")
_NAMES = re.compile(
    r"[^\s<>\"'()\[\],;:@]{1,64}@[^\s<>\"'()\[\],;:]{1,255}"  # addresses
    r"|\bhost [\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
    r"|[\w.-]{1,255} ?[\[(]\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"
)
_CONTINUED = re.compile(r"\b[245]\d\d[ -](?:[245]\.\d{1,3}\.\d{1,3}\s)?")
_PERMANENT = "5"


@dataclass(frozen=True, slots=True)
class Judgement:
    verdict: Verdict
    reason: str
    status: str | None


def status_field(value: str) -> str | None:
    """The code of a Status field, comments and odd spaces left out."""
    found = _FIELD.match(value)
    return _code(*found.groups()) if found else None


def judge(status: str | None, *replies: str, is_final: bool = True) -> Judgement:
    """`replies` are the texts to ask, the one nearest to the refusing server first. A `status` of
    success (2.x.x) in a report of failure tells nothing, and is passed over. Where a server still tries (not `is_final`),
    no address is called bad yet."""
    texts = [nameless(reply) for reply in replies]
    status = _deciding_status(None if status and status.startswith("2") else status, texts)
    code = status or _reply_code(texts)
    rule = _rule_for(code)
    reason = _reason_in(texts, rule) or rule.reason
    verdict = tables.meanings()[reason].verdict
    if reason == "unexplained" and code is not None and code.startswith(_PERMANENT):
        verdict = Verdict.HARD
    if verdict is Verdict.HARD and not (is_final and _may_be_permanent(code)):
        verdict = Verdict.SOFT
    return Judgement(verdict, reason, status)


def nameless(text: str) -> str:
    """Small letters, without the names of people and machines: a filter called spamgate.example
    has not said that anything is spam."""
    return _NAMES.sub(" ", text[:_LONGEST].lower().replace("\u2019", "'"))


def one_line(text: str) -> str:
    """For finding phrases, which servers break anywhere and begin anew with their code."""
    return " ".join(_CONTINUED.sub(" ", text).split())


def _deciding_status(given: str | None, texts: list[str]) -> str | None:
    """The given code, or a more telling one in the words: any where the given one says next to
    nothing, one of its own kind (5.7.26 for 5.7.1) where it says something."""
    rule = _rule_for(given)
    written = [_code(*one.split(".")) for text in texts for one in _ENHANCED.findall(text)]
    if given is None or rule.is_vague:
        telling = [one for one in written if not _rule_for(one).is_vague]
        return next(iter(telling), None) or given or next(iter(written), None)
    kind = given.rpartition(".")[0] + "."
    sure = (one for one in written if one.startswith(kind) and _rule_for(one).is_sure)
    return given if rule.is_sure else next(sure, given)


def _may_be_permanent(code: str | None) -> bool:
    return code is None or code.startswith(_PERMANENT)


def _code(kind: str, subject: str, detail: str) -> str:
    return f"{kind}.{int(subject)}.{int(detail)}"


def _reply_code(texts: list[str]) -> str | None:
    return next((found[1] for text in texts if (found := _REPLY_CODE.search(text))), None)


def _rule_for(code: str | None) -> tables.Rule:
    rules = tables.rules()
    if code is None:
        return rules["4.x.x"]
    if "." not in code:
        return rules.get(code) or rules[f"{code[0]}.x.x"]
    kind, subject, detail = code.split(".")
    keys = (code, f"x.{subject}.{detail}", f"{kind}.{subject}.x", f"x.{subject}.x")
    return next((rules[key] for key in keys if key in rules), rules[f"{kind}.x.x"])


def _reason_in(texts: list[str], rule: tables.Rule) -> str | None:
    for text in map(one_line, texts):
        for reason, pattern in tables.phrases().items():
            if rule.allows(reason) and pattern.search(text):
                return reason
    return None
