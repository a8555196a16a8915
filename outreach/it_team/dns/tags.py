"""Records that are lists of `tag=value;`, as DKIM's and DMARC's are (RFC 6376 §3.2)."""


def read_tags(text: str) -> dict[str, str]:
    """Names in lower case. Of a name that stands twice the first counts; what has no = is left out."""
    tags: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip().lower(), value.strip())
    return tags
