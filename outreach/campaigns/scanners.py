"""Whose mail scanner a request shows itself to be: a guess, by a name that it gives or a network that
its maker publishes."""

from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

import yaml

_TABLE = Path(__file__).parent / "scanners.yaml"
_LONGEST = 500


@dataclass(frozen=True)
class Scanner:
    """`source` is the document that the networks are from, and is there where they are."""

    key: str
    name: str
    agents: tuple[str, ...]
    networks: tuple[IPv4Network | IPv6Network, ...]
    source: str


@cache
def scanners() -> dict[str, Scanner]:
    told = yaml.safe_load(_TABLE.read_text("utf-8"))
    return {
        key: Scanner(
            key,
            one["name"],
            tuple(one["agents"]),
            tuple(map(ip_network, one.get("networks", ()))),
            one.get("source", ""),
        )
        for key, one in told.items()
    }


def guess(user_agent: str, client_address: str) -> str | None:
    """A key of `scanners.yaml`; None where nothing shows it."""
    agent = user_agent[:_LONGEST].lower()
    for one in scanners().values():
        if any(word in agent for word in one.agents):
            return one.key
    try:
        client = ip_address(client_address)
    except ValueError:
        return None
    found = (one for one in scanners().values() if any(client in net for net in one.networks))
    return next((one.key for one in found), None)


def name_of(key: str | None) -> str:
    """Empty where none is known."""
    return scanners()[key].name if key in scanners() else ""
