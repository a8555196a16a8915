"""A mailbox that speaks as much IMAP (RFC 3501) as is needed to empty it."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Kept:
    raw: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class ImapBox:
    """`mails` by uid. `heard` are the commands, without their tags. `refuses` makes the command fail.
    `odd` is what is said, instead, to commands that begin so: whole, with TAG for the tag; nothing
    hangs up."""

    port: int = 0
    password: str = "pass word/1"
    mails: dict[int, Kept] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    refuses: str = ""
    odd: dict[str, bytes] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"imap://bounces%40hill.example:pass%20word%2F1@127.0.0.1:{self.port}/Returned"

    def put(self, raw: bytes) -> int:
        uid = len(self.mails) + 7
        self.mails[uid] = Kept(raw)
        return uid

    def answer(self, command: str) -> tuple[list[bytes], bool]:
        """What is said before the tagged reply, and whether that is OK."""
        self.heard.append(command)
        if self.refuses and self.refuses in command:
            return [], False
        verb = command.split(" ", maxsplit=1)[0].upper()
        if verb == "CAPABILITY":
            return [b"* CAPABILITY IMAP4rev1"], True
        if verb == "LOGIN":
            return [], f'"{self.password}"' in command
        if verb == "SELECT":
            return [f"* {len(self.mails)} EXISTS".encode()], command == 'SELECT "Returned"'
        if command == "UID SEARCH UNSEEN UNDELETED":
            fresh = [
                str(uid)
                for uid, mail in self.mails.items()
                if not mail.flags & {r"\Seen", r"\Deleted"}
            ]
            return [("* SEARCH " + " ".join(fresh)).encode()], True
        if found := re.fullmatch(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", command):
            raw = self.mails[int(found[1])].raw[: int(found[2])]
            head = f"* 1 FETCH (UID {found[1]} BODY[]<0> {{{len(raw)}}}\r\n".encode()
            return [head + raw + b")"], True
        if found := re.fullmatch(r"UID STORE (\d+) \+FLAGS\.SILENT \((.+)\)", command):
            self.mails[int(found[1])].flags.update(found[2].split())
            return [], True
        if verb == "EXPUNGE":
            self.mails = {u: m for u, m in self.mails.items() if r"\Deleted" not in m.flags}
            return [], True
        return ([b"* BYE"], True) if verb == "LOGOUT" else ([], False)


@contextmanager
def imap_box() -> Iterator[ImapBox]:
    box = ImapBox()

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"* OK ready\r\n")
            for line in self.rfile:
                tag, _, command = line.decode().strip().partition(" ")
                odd = next((said for of, said in box.odd.items() if command.startswith(of)), None)
                if odd is not None:
                    box.heard.append(command)
                    self.wfile.write(odd.replace(b"TAG", tag.encode()))
                    if not odd:
                        return
                    continue
                said, is_fine = box.answer(command)
                for one in said:
                    self.wfile.write(one + b"\r\n")
                self.wfile.write(f"{tag} {'OK done' if is_fine else 'NO not so'}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk) as server:
        server.daemon_threads = True
        box.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield box
        finally:
            server.shutdown()
