"""Reads a page as a stranger's program would: the forms in <main>, and their fields."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

KINDS = {"radio", "checkbox", "text", "number", "textarea", "select", "password", "email"}


@dataclass
class Field:
    name: str
    kind: str
    values: list[str] = field(default_factory=list)


@dataclass
class Form:
    method: str
    action: str
    hidden: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)
    buttons: dict[str, Field] = field(default_factory=dict)
    """By name; each value is a button of its own."""

    @property
    def question(self) -> Field | None:
        """What is to be filled in, or where there is nothing, the first buttons to choose from."""
        return next(iter([*self.fields.values(), *self.buttons.values()]), None)


class PageReader(HTMLParser):
    """Collects the POST forms inside <main>, and the text of its first heading."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.heading = ""
        self._in_main = False
        self._in_heading = False
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "main":
            self._in_main = True
        elif tag == "h1":
            self._in_heading = True
        elif tag == "form" and self._in_main:
            self._form = Form(given.get("method", "get").lower(), given.get("action", ""))
            if self._form.method == "post":
                self.forms.append(self._form)
        elif self._form is not None and given.get("name"):
            self._read_field(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._in_main = False
        elif tag == "h1":
            self._in_heading = False
        elif tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if self._in_heading:
            self.heading += data

    def _read_field(self, tag: str, given: dict[str, str]) -> None:
        assert self._form is not None
        name, kind = given["name"], given.get("type", "text") if tag == "input" else tag
        if kind == "hidden":
            self._form.hidden[name] = given.get("value", "")
        elif kind == "button":
            known = self._form.buttons.setdefault(name, Field(name, kind))
            known.values.append(given.get("value", ""))
        elif kind in KINDS:
            known = self._form.fields.setdefault(name, Field(name, kind))
            if kind in {"radio", "checkbox"}:
                known.values.append(given.get("value", ""))


def read_page(html: str) -> PageReader:
    reader = PageReader()
    reader.feed(html)
    return reader
