"""What can go wrong on purpose: each says what happened and what to do, in words for people."""


class OutreachError(Exception):
    """Base of every error whose words are meant for the person at the screen or the terminal."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class Refusal(OutreachError):
    """Understood, and not done: a rule says no. Exit code 1; a page shows the words."""


class NotFound(OutreachError):
    """No such thing in this school. Another school's things are not found either."""


class NotAllowed(OutreachError):
    """The person's role does not permit it."""
