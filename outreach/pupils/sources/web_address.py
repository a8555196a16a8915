"""Addresses of a source, read in one way only: by the library that connects to them.

Two readings of one text are how a token comes to the wrong host: `https://a\\@b/` is a's for one
reader and b's for another. So what could be read in two ways is refused, and of a next page only
path and query are taken, never the host.
"""

from dataclasses import dataclass
from urllib.parse import urljoin

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

PORTS = {"http": 80, "https": 443}


class BadAddress(ValueError):
    """It is no address of http or https, or can be read in more than one way."""


class OtherHost(ValueError):
    """It is not of the base address's scheme, host and port."""


@dataclass(frozen=True)
class Base:
    """Where a source is. `path` ends with a slash."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_https(self) -> bool:
        """At its usual port: anything else is no address that a school's staff may send us to."""
        return (self.scheme, self.port) == ("https", PORTS["https"])

    @property
    def origin(self) -> str:
        is_usual = PORTS[self.scheme] == self.port
        return f"{self.scheme}://{self.host}{'' if is_usual else f':{self.port}'}"


def read_base(text: str) -> Base:
    """Raises BadAddress."""
    origin, target = _read(text)
    return Base(*origin, target.partition("?")[0].rstrip("/") + "/")


def target_of(base: Base, path: str) -> str:
    """Path and query of what lies under the base, or is linked to by its whole address.

    Raises BadAddress and OtherHost.
    """
    whole = path if "://" in path else urljoin(base.origin + base.path, path.lstrip("/"))
    origin, target = _read(whole)
    if origin != (base.scheme, base.host, base.port):
        raise OtherHost
    return target


def _read(text: str) -> tuple[tuple[str, str, int], str]:
    text = text.replace(" ", "%20")  # which servers forget in the query of a next page
    if "\\" in text or not text.isprintable() or any(mark.isspace() for mark in text):
        raise BadAddress
    try:
        url = parse_url(text)
    except LocationParseError:
        raise BadAddress from None
    if url.scheme not in PORTS or not url.host or url.auth is not None:
        raise BadAddress
    host = url.host.lower()
    return (url.scheme, host, url.port or PORTS[url.scheme]), url.request_uri
