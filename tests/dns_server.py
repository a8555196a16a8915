"""A DNS server for tests: real questions and answers over UDP on loopback, from a small zone."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

Zone = Mapping[str, Mapping[str, list[str]]]
"""Name to type to values as a zone file writes them; a type of "SILENT" never answers."""


@dataclass
class DnsServer:
    """`asked` is every question so far; `zone` may be changed at any time."""

    place: str
    zone: dict[str, dict[str, list[str]]]
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, wire: bytes) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text().rstrip(".").lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        records = self.zone.get(name)
        if records is not None and "SILENT" in records:
            return None
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if records is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif "FAILS" in records:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif kind in records:
            found = dns.rrset.from_text(
                question.name, 60, dns.rdataclass.IN, question.rdtype, *records[kind]
            )
            reply.answer.append(found)
        return reply.to_wire()


@contextmanager
def serve_dns(zone: Zone) -> Iterator[DnsServer]:
    """Answers from `zone` until the block ends."""
    place = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    place.bind(("127.0.0.1", 0))
    place.settimeout(0.2)
    server = DnsServer(
        f"127.0.0.1:{place.getsockname()[1]}", {name: dict(kinds) for name, kinds in zone.items()}
    )
    over = threading.Event()

    def listen() -> None:
        while not over.is_set():
            try:
                wire, client = place.recvfrom(4096)
            except TimeoutError:
                continue
            reply = server.answer(wire)
            if reply is not None:
                place.sendto(reply, client)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        over.set()
        thread.join()
        place.close()


def txt(*values: str) -> dict[str, list[str]]:
    """Long ones in strings of 255 octets, as DNS carries them."""
    return {
        "TXT": [
            " ".join(f'"{value[at : at + 255]}"' for at in range(0, len(value), 255))
            for value in values
        ]
    }
