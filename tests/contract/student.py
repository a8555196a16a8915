"""A student's browser without JavaScript: plain HTTP, cookies, and the forms it is given."""

import http.client
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

from tests.contract.forms import Form, read_page

REDIRECTS = (302, 303)
MOST_PAGES = 100
KEPT_SECONDS = 1.0
FINISHED = "FSQ-"
"""How every receipt's reference begins."""


@dataclass(frozen=True)
class Page:
    status: int
    url: str
    text: str

    @property
    def forms(self) -> list[Form]:
        return read_page(self.text).forms

    @property
    def question(self) -> str:
        return urlsplit(self.url).path.rsplit("/", 1)[1]


class NotTaken(Exception):
    """The service did not go on to another page after an answer."""


@dataclass
class Browser:
    """One connection that is kept. `given`: what was answered and taken, by question id.

    The seed decides what is answered to each question, however often it is asked.
    """

    seed: int
    given: dict[str, str | int | list[str]] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    requests: int = 0

    def __post_init__(self) -> None:
        self._connections: dict[str, tuple[http.client.HTTPConnection, float]] = {}

    def get(self, url: str) -> Page:
        return self._follow("GET", url)

    def head(self, url: str) -> Page:
        return self._follow("HEAD", url)

    def post(self, url: str, fields: list[tuple[str, str]]) -> Page:
        return self._follow("POST", url, fields)

    def send(self, page: Page, form: Form, fields: list[tuple[str, str]]) -> Page:
        return self.post(urljoin(page.url, form.action), [*form.hidden.items(), *fields])

    def start(self, link: str) -> Page:
        """The only POST form of the first page, or the first of them, is Start."""
        landing = self.get(link)
        assert landing.status == 200
        return self.send(landing, landing.forms[0], [])

    def answer(self, page: Page) -> Page:
        """Fill in the one form of this page, whatever it asks. Remembered once it was taken."""
        form = page.forms[0]
        question = form.question
        if question is None:
            return self.send(page, form, [])
        chosen = self._choose(form, page.question)
        taken = self.send(page, form, [(question.name, value) for value in chosen])
        if taken.status != 200 or taken.url == page.url:
            raise NotTaken(page.url, chosen, taken.status)
        self.given[page.question] = _as_exported(question.kind, chosen)
        return taken

    def answer_all(self, link: str) -> Page:
        """From the link in the mail to the receipt page."""
        page = self.start(link)
        for _ in range(MOST_PAGES):
            if not page.forms:
                assert FINISHED in page.text
                return page
            page = self.answer(page)
        raise AssertionError("a hundred pages, and no receipt")

    def close(self) -> None:
        for connection, _ in self._connections.values():
            connection.close()

    def _choose(self, form: Form, question_id: str) -> list[str]:
        question = form.question
        assert question is not None
        rng = random.Random(f"{self.seed}/{question_id}")
        ways: dict[str, Callable[[], list[str]]] = {
            "radio": lambda: [rng.choice(question.values)],
            "button": lambda: [rng.choice(question.values)],
            "checkbox": lambda: [question.values[0]],
            "number": lambda: ["1"],
        }
        return ways.get(question.kind, lambda: ["An answer"])()

    def _follow(self, method: str, url: str, fields: list[tuple[str, str]] | None = None) -> Page:
        page, onward = self._ask(method, url, fields)
        while onward is not None:
            page, onward = self._ask("GET", urljoin(page.url, onward))
        return page

    def _ask(
        self, method: str, url: str, fields: list[tuple[str, str]] | None = None
    ) -> tuple[Page, str | None]:
        parts = urlsplit(url)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if fields is not None:
            body = urlencode(fields)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        answer, text = self._exchange(parts.netloc, method, target, body, headers)
        self.requests += 1
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        page = Page(answer.status, url, text.decode(errors="replace"))
        return page, answer.headers["Location"] if answer.status in REDIRECTS else None

    def _exchange(
        self, host: str, method: str, target: str, body: str | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """A connection is kept for the next request, as servers allow for a few seconds.

        What a request meets is for the caller, who alone knows whether to send it again.
        """
        connection, used_at = self._connections.pop(host, (None, 0.0))
        if connection is not None and time.monotonic() - used_at > KEPT_SECONDS:
            connection.close()
            connection = None
        connection = connection or http.client.HTTPConnection(host, timeout=60)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        except BaseException:
            connection.close()
            raise
        self._connections[host] = (connection, time.monotonic())
        return answer, text


def _as_exported(kind: str, chosen: list[str]) -> str | int | list[str]:
    if kind == "checkbox":
        return chosen
    return int(chosen[0]) if kind == "number" else chosen[0]
