"""Whose host an address is of: one reading, and what could be read in two ways is none."""

import pytest

from outreach.pupils.sources.http import HttpClient
from outreach.pupils.sources.source import Nonsense
from outreach.pupils.sources.web_address import BadAddress, read_base

WONDE = "https://api.wonde.com/v1.0"


@pytest.mark.parametrize(
    ("following", "asked"),
    [
        ("schools", "/v1.0/schools"),
        ("/schools/A1?page=2", "/v1.0/schools/A1?page=2"),
        ("https://api.wonde.com/v1.0/x?cursor=a b", "/v1.0/x?cursor=a%20b"),
        ("HTTPS://API.Wonde.com:443/other#part", "/other"),
        ("//evil.example/x", "/v1.0/evil.example/x"),
    ],
)
def test_a_next_page_is_of_the_base_addresss_host(following: str, asked: str) -> None:
    assert HttpClient("Wonde", WONDE).address(following) == f"https://api.wonde.com{asked}"


@pytest.mark.parametrize(
    "following",
    [
        "https://evil.example\\@api.wonde.com/v1.0/x",
        "https://evil.example\\.api.wonde.com/v1.0/x",
        "https://api.wonde.com@evil.example/v1.0/x",
        "https://api.wonde.com:443@evil.example/x",
        "https://user@api.wonde.com/x",
        "https://api.wonde.com.evil.example/x",
        "https://api.wonde.com:8443/x",
        "http://api.wonde.com/x",
        "https://api.wonde.com./x",
        "https://evil.example\t@api.wonde.com/x",
        "https://evil.example\r\n@api.wonde.com/x",
        "https://evil.example\u00a0@api.wonde.com/x",
        "https:///evil.example/x",
        "https://[evil/x",
        "ftp://api.wonde.com/x",
    ],
)
def test_another_host_or_what_can_be_read_as_one_is_refused(following: str) -> None:
    with pytest.raises(Nonsense, match="another host"):
        HttpClient("Wonde", WONDE).address(following)


@pytest.mark.parametrize(
    "text", ["", "x", "https://", "file:///etc/passwd", "https://a@b.example", "https://a\\@b/"]
)
def test_a_base_address_that_is_none_is_told(text: str) -> None:
    with pytest.raises(BadAddress):
        read_base(text)
