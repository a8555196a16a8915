"""How a practice integrator calls the service by itself."""

from collections.abc import Mapping
from urllib.parse import urlencode

import urllib3

SECONDS = 10.0


def post_form(address: str, form: Mapping[str, str]) -> int:
    """Gives the status of the answer."""
    answer = urllib3.request(
        "POST",
        address,
        body=urlencode(form),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        redirect=False,
        retries=False,
        timeout=SECONDS,
    )
    return answer.status


def post_json(address: str, document: object) -> int:
    """Gives the status of the answer."""
    answer = urllib3.request(
        "POST", address, json=document, redirect=False, retries=False, timeout=SECONDS
    )
    return answer.status
