"""Names of the small pictures that may stand beside an option; whoever renders draws them."""

from enum import StrEnum


class Symbol(StrEnum):
    """A closed set: a definition can ask only for what every renderer has drawn.

    A symbol helps to tell options apart. It never stands without its words.
    """

    TICK = "tick"
    CROSS = "cross"
    QUESTION = "question"
    SMILE = "smile"
    FLAT = "flat"
    SAD = "sad"
    THUMBS_UP = "thumbs_up"
    THUMBS_DOWN = "thumbs_down"
    FULL = "full"
    HALF = "half"
    EMPTY = "empty"
    HALF_CIRCLE = "half_circle"
    ONE = "one"
    MANY = "many"
    HEART = "heart"
    PLUS = "plus"
    CHILD = "child"
    TOOLS = "tools"
    FOOD = "food"
    SCISSORS = "scissors"
    PAW = "paw"
    SCREEN = "screen"
    BRUSH = "brush"
    TALK = "talk"
    BOOK = "book"
    WORK = "work"
    STAR = "star"
