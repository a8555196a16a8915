"""Whatever is posted to the answering pages, in whatever order: no fault of ours, nothing lost,
nothing of another student's. 400 steps here; ANSWERING_STEPS=10000 walks on.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from questionnaires.answers import AnswerFault, Json, Value, parse, to_json
from questionnaires.path import walk
from tests.journeys.dsl import Browser, Launched

Launch = Callable[..., Launched]
Fields = dict[str, list[str]]
STEPS = int(os.environ.get("ANSWERING_STEPS", "400"))
SECRETS = ("mine-3917", "theirs-5520")
ODD = ("", "\x00", "forged", "9" * 5000, "' OR 1=1 --", "<script>", "\u202e", "-1", "é")
SENSIBLE = ("yes", "no", "apple", "banana", "cherry", "none", "7", "20")
QUESTIONS = ("met", "helped", "fruit", "age", "line")
ROUTES = (
    "/answer/check", "/answer/ways", "/answer/birthday", "/answer/carry-on", "/answer/new-link",
    "/answer/feedback", "/answer/copy", "/answer/nothing", "/code",
)  # fmt: skip
QUERIES = ("", "", "?from=check", "?said=all", "?at=line", "?from=%ff")
STAYS_AFTER_SENDING = 12


@dataclass
class Walker:
    """A student, and what must be stored of what was posted so far."""

    student: Browser
    secret: str
    said: dict[str, Value] = field(default_factory=dict)
    steps_since_sent: int | None = None

    def __post_init__(self) -> None:
        self.student.start()
        self.token = self.student.token["csrf_token"]
        library = self.student.launched.parts.library
        self.questionnaire = library.latest("walk")

    @property
    def stored(self) -> dict[str, Json]:
        return self.student.launched.stored

    def expect(self, question_id: str, fields: Fields) -> None:
        """What the engine without any web says of it."""
        on_path = {one.id: one for one in walk(self.questionnaire, self.said).asked}
        if self.steps_since_sent is not None or question_id not in on_path:
            return
        if fields.get("action") == ["skip"]:
            self.said[question_id] = None
            return
        try:
            self.said[question_id] = parse(on_path[question_id], fields.get("answer", []))
        except AnswerFault:
            return

    def check(self) -> None:
        assert self.stored == {key: to_json(value) for key, value in self.said.items()}


class Walk:
    """Two students of two schools, at random, each saying a word of their own."""

    def __init__(self, launch: Launch, seed: int) -> None:
        self.rng = random.Random(seed)
        self.launch = launch
        self.walkers = [self.walker(secret) for secret in SECRETS]
        self.sent = 0

    def walker(self, secret: str) -> Walker:
        return Walker(self.launch("walk").browser(), secret)

    def step(self) -> None:
        who = self.rng.randrange(2)
        walker, other = self.walkers[who], SECRETS[1 - who]
        if self.rng.random() < 0.04:
            self.submit(walker)
        elif self.rng.random() < 0.04:
            self.post(walker, f"{walker.student.launched.link}/start", {"mode": ["chat"]})
        else:
            self.post_something(walker)
        assert walker.student.status < 500
        assert other not in walker.student.text
        walker.check()
        if walker.steps_since_sent is not None:
            walker.steps_since_sent += 1
            if walker.steps_since_sent > STAYS_AFTER_SENDING:
                self.walkers[who] = self.walker(walker.secret)

    def post_something(self, walker: Walker) -> None:
        fields = self.fields(walker.secret)
        query = self.rng.choice(QUERIES)
        question = self.rng.choice((*QUESTIONS, *QUESTIONS, None))
        address = self.rng.choice(ROUTES) if question is None else f"/answer/{question}"
        is_taken = self.post(walker, address + query, fields)
        if question is not None and is_taken:
            walker.expect(question, fields)

    def fields(self, secret: str) -> Fields:
        said = [*ODD, *SENSIBLE, *SENSIBLE, secret, f"{secret} x"]
        fields = {"answer": self.rng.sample(said, self.rng.choice([1, 1, 1, 2, 0]))}
        if self.rng.random() < 0.15:
            name = self.rng.choice(["action", "to", "mode", "code", "ease", "language"])
            fields[name] = [self.rng.choice(["skip", "chat", "pages", "en", "ur", "easy", *ODD])]
        return fields

    def post(self, walker: Walker, address: str, fields: Fields) -> bool:
        """Whether it was a whole request by this browser's own page."""
        is_forged = self.rng.random() < 0.05
        token = "forged" if is_forged else walker.token
        walker.student.post(address, csrf_token=token, **fields)
        has_null = any("\x00" in value for values in fields.values() for value in values)
        return not is_forged and not has_null

    def submit(self, walker: Walker) -> None:
        """Where something is still to be answered it leads there, and sends nothing."""
        path = walk(walker.questionnaire, walker.said)
        is_taken = self.post(walker, "/answer/submit", {})
        if is_taken and walker.said and path.next_to_answer is None:
            response = walker.student.launched.response
            assert response is not None
            assert response.submitted_at is not None
            if walker.steps_since_sent is None:
                walker.steps_since_sent = 0
                self.sent += 1


def test_a_random_walk_of_posts_meets_no_fault_loses_nothing_and_shows_nothing_of_others(
    launch: Launch,
) -> None:
    going = Walk(launch, seed=STEPS)

    for _ in range(STEPS):
        going.step()

    assert going.sent
    for walker in going.walkers:
        assert walker.student.get("/answer/check").status == 200
