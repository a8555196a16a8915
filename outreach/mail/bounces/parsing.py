"""A stranger's octets into a mail of parts, by a parser that such a mail cannot keep busy.

Python's own takes time with the square of a header's semicolons, as often as the header is asked
for anything; and it decodes with whatever codec a mail names, some of them as slow.
"""

import re
from email import message_from_bytes
from email.message import Message
from email.policy import Compat32
from typing import Any

LONGEST_HEADER = 2000
"""Characters of one header, unfolded, that are kept. In what is needed there are a few hundred."""

_CHARSETS = re.compile(
    r"(?:us-)?ascii|utf-?8|latin-?1|iso[-_]8859-\d{1,2}|(?:windows-|cp)125\d|koi8-[rtu]"
    r"|gb2312|gbk|gb18030|big5(?:-?hkscs)?|shift[-_]jis|iso-2022-jp(?:-\w{1,4})?|euc[-_](?:jp|kr)",
    re.IGNORECASE,
)


class _Policy(Compat32):
    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """Of every part. It is here that the folded lines of a header become one value."""
        name, value = super().header_source_parse(sourcelines)
        return name[:LONGEST_HEADER], value[:LONGEST_HEADER]


class _Mail(Message):
    def get_param(self, param: str, *given: Any, **named: Any) -> Any:
        """A character set only if its codec is known to be quick. The parser asks here too."""
        found = super().get_param(param, *given, **named)
        if param.lower() != "charset" or (isinstance(found, str) and is_readable(found)):
            return found
        return named.get("failobj", given[0] if given else None)


_POLICY = _Policy(message_factory=_Mail)


def parse(raw: bytes) -> Message:
    return message_from_bytes(raw, policy=_POLICY)


def is_readable(charset: str) -> bool:
    """Whether texts in it are read; others are taken for UTF-8 or Latin-1."""
    return _CHARSETS.fullmatch(charset.strip()) is not None
