"""Whatever is posted to the answering pages, in whatever order: no fault of ours, nothing lost,
nothing of another student's. 400 steps here; ANSWERING_STEPS=10000 walks on.
"""

import os
import random
from collections.abc import Callable
from typing import Any

from tests.journeys.dsl import Browser, Launched

Launch = Callable[..., Launched]
STEPS = int(os.environ.get("ANSWERING_STEPS", "400"))
SECRETS = ("mine-3917", "theirs-5520")
ODD = ("", "\x00", "\ud800", "forged", "9" * 5000, "' OR 1=1 --", "<script>", "\u202e", "-1", "é")
PLACES = ("line", "box", "check", "submit", "ways", "birthday", "carry-on", "new-link", "nothing")


class Walk:
    """Two students of two schools, at random, each saying a word of their own."""

    def __init__(self, launch: Launch, seed: int) -> None:
        self.rng = random.Random(seed)
        self.students = [launch("text").browser().start() for _ in SECRETS]
        self.said: list[dict[str, Any]] = [{}, {}]

    def step(self) -> None:
        who = self.rng.randrange(2)
        student, secret, other = self.students[who], SECRETS[who], SECRETS[1 - who]
        place = self.rng.choice(PLACES)
        fields = {"answer": self.rng.choice([*ODD, secret, f"{secret} x"])}
        if self.rng.random() < 0.3:
            fields = {
                self.rng.choice(["action", "to", "mode", "answer"]): self.rng.choice(
                    ["skip", "chat", "pages", "en", "ur", *ODD]
                )
            }
        query = self.rng.choice(
            ["", "?from=check", "?said=all", "?at=line", "?at=\x00", "?from=%ff"]
        )
        if place == "submit":
            student.get("/answer/check")
        else:
            token = self.token(student)
            try:
                student.post(f"/answer/{place}{query}", **token, **fields)
            except UnicodeEncodeError:
                return  # no client can send a lone surrogate
        assert student.status < 500, (place, query, fields)
        assert other not in student.text
        self.note(who)

    def token(self, student: Browser) -> dict[str, str]:
        """Now and then a wrong one."""
        student.get(f"/answer/{self.rng.choice(['line', 'check', ''])}")
        assert student.status == 200
        return {"csrf_token": "forged"} if self.rng.random() < 0.1 else student.token

    def note(self, who: int) -> None:
        """What was once saved stays saved: it may be changed, and never goes away."""
        stored = self.students[who].launched.stored
        assert set(self.said[who]) <= set(stored)
        assert all(SECRETS[1 - who] not in str(value) for value in stored.values())
        self.said[who] = stored


def test_a_random_walk_of_posts_meets_no_fault_loses_nothing_and_shows_nothing_of_others(
    launch: Launch,
) -> None:
    walk = Walk(launch, seed=STEPS)

    for _ in range(STEPS):
        walk.step()

    for said, student in zip(walk.said, walk.students, strict=True):
        assert said
        assert student.get("/answer/check").status == 200
