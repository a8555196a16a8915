"""The shape of a questionnaire: sections, questions, options, conditions, all frozen."""

import hashlib
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    StrictBool,
    StrictInt,
    model_validator,
)

from questionnaires.audience import Audience, Year
from questionnaires.languages import Offered, offered
from questionnaires.symbols import Symbol

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
DEFAULT_LANGUAGE = "en"
Gatsby = Annotated[StrictInt, Field(ge=1, le=8)]
Share = Annotated[float, Field(gt=0, le=1)]


class Block(StrEnum):
    """The blocks of results. Readiness is the first alone; they are never summed."""

    CAREER_KNOWLEDGE = "career_knowledge"
    INTERESTS = "interests"
    ESSENTIAL_SKILLS = "essential_skills"
    OWN = "own_questions"
    """What a school adds. Never scored."""


class ProfileField(StrEnum):
    """What an answer may write into a pupil's profile."""

    INTENDED_DESTINATION = "intended_destination"
    DESTINATION_CERTAINTY = "destination_certainty"
    INTERESTS = "interests"


ESSENTIAL_SKILLS = (
    "listening",
    "speaking",
    "problem_solving",
    "creativity",
    "adapting",
    "planning",
    "leadership",
    "teamwork",
)
"""Stable keys. Labels belong to the definition: frameworks rename skills, keys stay."""


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(RootModel[dict[Language, str]]):
    """The same words in each language of the questionnaire."""

    model_config = ConfigDict(frozen=True)

    def in_(self, language: str) -> str:
        """The words in `language`, or in the first language of the file where it has none."""
        return self.root.get(self.language_in(language), "")

    def language_in(self, language: str) -> str:
        """The language of what `in_` gives, for `lang` on a page that is in another."""
        return language if language in self.root else next(iter(self.root), DEFAULT_LANGUAGE)


class Option(Frozen):
    """`value` is stored and never changes; `label` is what is read and may be translated."""

    value: Key
    label: Text
    symbol: Symbol | None = None


class Scoring(Frozen):
    """Options in neither list are clear answers that are not positive."""

    positive: tuple[Key, ...]
    unsure: tuple[Key, ...] = ()


class Scale(Frozen):
    options: tuple[Option, ...]
    scoring: Scoring | None = None


class Condition(Frozen):
    """One earlier question and exactly one operator.

    Never true of a question that was skipped, not answered yet, or not on the path,
    whichever the operator: nobody is asked to follow up on something they did not say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    question: Key
    equals: Key | StrictInt | None = Field(default=None, alias="is")
    differs: Key | StrictInt | None = Field(default=None, alias="is_not")
    any_of: tuple[Key, ...] | None = None
    none_of: tuple[Key, ...] | None = None
    at_least: StrictInt | None = None
    at_most: StrictInt | None = None

    @property
    def operators(self) -> dict[str, str | int | tuple[str, ...]]:
        every = {
            "is": self.equals,
            "is_not": self.differs,
            "any_of": self.any_of,
            "none_of": self.none_of,
            "at_least": self.at_least,
            "at_most": self.at_most,
        }
        return {name: operand for name, operand in every.items() if operand is not None}

    @model_validator(mode="after")
    def _has_one_operator(self) -> Self:
        if len(self.operators) != 1:
            raise ValueError(
                "a condition needs exactly one of: is, is_not, any_of, none_of, at_least, at_most"
            )
        return self


class _Shown(Frozen):
    id: Key
    text: Text
    hint: Text | None = None
    show_if: Condition | None = None


class _Asked(_Shown):
    construct_key: Key = Field(alias="construct")
    gatsby: tuple[Gatsby, ...] = ()
    profile_field: ProfileField | None = None
    _block: Block = PrivateAttr(default=Block.CAREER_KNOWLEDGE)

    @property
    def construct(self) -> str:  # type: ignore[override]
        """Key of what it measures. A property, as pydantic's own `construct` bars the field."""
        return self.construct_key

    @property
    def block(self) -> Block:
        """The block of this question's construct."""
        return self._block


class _WithOptions(_Asked):
    scale: Key | None = None
    options: tuple[Option, ...] = ()
    """Those of the scale where the file names one."""

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(option.value for option in self.options)

    def option(self, value: str) -> Option:
        """Raises KeyError for a value this question does not have."""
        for option in self.options:
            if option.value == value:
                return option
        raise KeyError(value)


class ChoiceQuestion(_WithOptions):
    kind: Literal["choice"]
    scoring: Scoring | None = None
    """The scale's, unless the question has its own."""


class ChoicesQuestion(_WithOptions):
    kind: Literal["choices"]
    min: Annotated[StrictInt, Field(ge=1)] = 1
    max: Annotated[StrictInt, Field(ge=1)] | None = None
    exclusive: Key | None = None
    """The option that stands alone, such as "none of these"."""

    @property
    def most(self) -> int:
        """How many options may be chosen together."""
        alone = 1 if self.exclusive else 0
        return self.max if self.max is not None else len(self.options) - alone


class TextQuestion(_Asked):
    kind: Literal["text"]
    max_length: Annotated[StrictInt, Field(ge=1, le=2000)] = 200
    lines: Annotated[StrictInt, Field(ge=1, le=20)] = 1
    """Height of the box in lines; line breaks are kept only where it is more than one."""


class NumberQuestion(_Asked):
    kind: Literal["number"]
    min: StrictInt
    max: StrictInt


class Note(_Shown):
    """Words between questions. It takes no answer."""

    kind: Literal["note"]


AskedQuestion = ChoiceQuestion | ChoicesQuestion | TextQuestion | NumberQuestion
Question = AskedQuestion | Note


class Construct(Frozen):
    """What questions measure. Its key is the same in every questionnaire that measures it."""

    label: Text
    block: Block


class Section(Frozen):
    id: Key
    title: Text
    intro: Text | None = None
    questions: tuple[Annotated[Question, Field(discriminator="kind")], ...]


class Questionnaire(Frozen):
    id: Key
    version: Annotated[StrictInt, Field(ge=1)]
    title: Text
    intro: Text
    languages: tuple[Language, ...]
    years: tuple[Year, ...] = ()
    audience: Audience = Field(default_factory=Audience)
    open_text: StrictBool = False
    """Whether it may ask for free text; pages then show where to turn with a worry."""
    minimum_answered: Share
    """Share of the scored questions asked that needs a clear answer before a score is given."""
    constructs: dict[Key, Construct]
    scales: dict[Key, Scale] = Field(default_factory=dict)
    sections: tuple[Section, ...]
    _sha256: str = PrivateAttr(default="")
    _translated: tuple[Offered, ...] = PrivateAttr(default=())
    _extra_sha256: str | None = PrivateAttr(default=None)
    _questions: tuple[Question, ...] = PrivateAttr(default=())
    _by_id: dict[str, Question] = PrivateAttr(default_factory=dict)
    _places: dict[str, int] = PrivateAttr(default_factory=dict)

    def model_post_init(self, _context: Any, /) -> None:
        self._questions = tuple(q for section in self.sections for q in section.questions)
        self._by_id = {question.id: question for question in self._questions}
        self._places = {question.id: place for place, question in enumerate(self._questions)}

    def completed(self, sha256: str) -> Self:
        """A checked definition made ready: scales put into questions, blocks known, hash set."""
        sections = tuple(
            section.model_copy(
                update={"questions": tuple(self._completed(q) for q in section.questions)}
            )
            for section in self.sections
        )
        ready = self.model_copy(update={"sections": sections})
        ready.model_post_init(None)
        ready._sha256 = sha256
        return ready

    def _completed(self, question: Question) -> Question:
        update: dict[str, object] = {}
        if isinstance(question, ChoiceQuestion | ChoicesQuestion) and question.scale is not None:
            scale = self.scales[question.scale]
            update["options"] = scale.options
            if isinstance(question, ChoiceQuestion):
                update["scoring"] = question.scoring or scale.scoring
        copy = question.model_copy(update=update)
        if not isinstance(copy, Note):
            copy._block = self.constructs[copy.construct].block
        return copy

    @property
    def sha256(self) -> str:
        """Of the file's bytes, in hexadecimal. A response pins it together with the version."""
        return self._sha256

    @property
    def offered(self) -> tuple[Offered, ...]:
        """Languages a student may choose: those of the file first, then those laid over it."""
        own = (offered(one, is_by_a_person=True) for one in self.languages)
        return (*own, *self._translated)

    def offering(self, languages: Iterable[Offered]) -> Self:
        """With these languages on offer; the caller has put them into every text."""
        offering = self.model_copy()
        offering._translated = tuple(languages)
        return offering

    def called(self, id: Key, version: int) -> Self:
        """The same under the id and version by which a school keeps it; its hash stays."""
        called = self.model_copy(update={"id": id, "version": version})
        called.model_post_init(None)
        return called

    @property
    def extra_sha256(self) -> str | None:
        """Of the file of a school's own section, where it has one; `sha256` then is of both."""
        return self._extra_sha256

    def extended(
        self, section: Section, constructs: dict[Key, Construct], sha256: str, *, open_text: bool
    ) -> Self:
        """With one more section at its end, checked and completed by the caller."""
        extended = self.model_copy(
            update={
                "sections": (*self.sections, section),
                "constructs": self.constructs | constructs,
                "open_text": self.open_text or open_text,
            }
        )
        extended.model_post_init(None)
        both = f"{self.sha256}\n{sha256}\n".encode()
        extended._sha256 = hashlib.sha256(both).hexdigest()
        extended._extra_sha256 = sha256
        return extended

    @property
    def questions(self) -> tuple[Question, ...]:
        """Every question and note of every section, in the order of the file."""
        return self._questions

    def question(self, id: str) -> Question:
        """Raises KeyError where there is none of that id."""
        return self._by_id[id]

    def place_of(self, question_id: str) -> int:
        """Where it stands in `questions`, from 0. Raises KeyError where there is none."""
        return self._places[question_id]

    def section_of(self, question_id: str) -> Section:
        """Raises KeyError where no section has that question."""
        for section in self.sections:
            if any(question.id == question_id for question in section.questions):
                return section
        raise KeyError(question_id)
