"""What is said before a body, and what the server's replies to it mean for the mail."""

from collections.abc import Sequence
from dataclasses import dataclass

from outreach.mail.addresses import scrub, sendable
from outreach.mail.outcomes import Outcome, Verdict
from outreach.mail.wire import Line, Reply

_LONGEST_WORDS = 300

# Replies about us (unknown or unexpected command, log in first, encrypt first), whoever the
# recipient is: RFC 5321 §4.2.3, RFC 4954 §6.
_ABOUT_US = frozenset({500, 502, 503, 504, 530, 534, 535, 538})


@dataclass(frozen=True, slots=True)
class Envelope:
    """From and to, as SMTP carries them. `repr` names nobody."""

    sender: str
    to: str

    def __repr__(self) -> str:
        return "Envelope(…)"

    @classmethod
    def of(cls, sender: str, recipient: str) -> "Envelope":
        """`sender` may be empty (RFC 5321 §4.5.5). Raises UnsendableAddress."""
        return cls(sendable(sender) if sender else "", sendable(recipient))

    @property
    def commands(self) -> Sequence[str]:
        return f"MAIL FROM:<{self.sender}>", f"RCPT TO:<{self.to}>"


def can_go_in_one_write(line: Line) -> bool:
    return line.has_extn("pipelining")


def commands_in_one_write(envelope: Envelope) -> Sequence[str]:
    """DATA may end such a group (RFC 2920 §3.1): no body leaves before 354 was heard."""
    return *envelope.commands, "DATA"


def offer(line: Line, envelope: Envelope, *, after_another: bool) -> Outcome | None:
    """Everything up to 354: None when the server asks for the body, else why it does not."""
    first = ["RSET"] if after_another else []
    if can_go_in_one_write(line):
        commands = [*first, *commands_in_one_write(envelope)]
        line.ask(*commands)
        return hear_offered(line, envelope, commands)
    for command in [*first, *envelope.commands]:
        line.ask(command)
        refusal = _objection(command, line.hear(), envelope.to)
        if refusal is not None:
            return refusal
    line.ask("DATA")
    return _asks_for_body(line, line.hear(), envelope.to)


def hear_offered(line: Line, envelope: Envelope, commands: Sequence[str]) -> Outcome | None:
    """As `offer`, of an envelope that was said in one write: each command has its reply."""
    refusal: Outcome | None = None
    for command in commands[:-1]:
        reply = line.hear()
        refusal = refusal or _objection(command, reply, envelope.to)
        if refusal is not None and reply.code == 421:
            return refusal
    reply = line.hear()
    if refusal is None:
        return _asks_for_body(line, reply, envelope.to)
    if reply.code == 354:
        line.close()  # a body for nobody: hanging up ends it without a mail
    return refusal


def _asks_for_body(line: Line, reply: Reply, to: str) -> Outcome | None:
    if reply.code != 354:
        return _objection("DATA", reply, to) or _out_of_turn()
    # A reply to the body that stands there before the body was sent answers nothing.
    return _out_of_turn() if line.has_unasked() else None


def _objection(command: str, reply: Reply, to: str) -> Outcome | None:
    """What a reply to a command before the body means for this mail; None: go on."""
    if reply.kind == 2:
        return None
    if reply.kind == 3:
        return _out_of_turn()
    names_recipient = command.startswith(("RCPT", "DATA"))
    if reply.kind == 5 and (not names_recipient or reply.code in _ABOUT_US):
        words = _words(reply, to)
        return Outcome(Verdict.NOT_SENT, reply.code, reply.enhanced, words, is_server_trouble=True)
    return answered(reply, to, names_recipient=names_recipient)


def answered(reply: Reply, to: str, *, names_recipient: bool = True) -> Outcome:
    """A final reply, to a command or to the body. Kind 3 is none."""
    verdict = {2: Verdict.ACCEPTED, 4: Verdict.DEFERRED, 5: Verdict.REFUSED}[reply.kind]
    about_server = reply.code == 421 or not names_recipient
    return Outcome(verdict, reply.code, reply.enhanced, _words(reply, to), about_server)


def _out_of_turn() -> Outcome:
    words = "The mail server answered out of turn, so the connection was dropped."
    return Outcome(Verdict.NOT_SENT, words=words, is_server_trouble=True)


def _words(reply: Reply, to: str) -> str:
    return scrub(reply.text, to)[:_LONGEST_WORDS]
