"""What a confirmation page says before something is done: exactly what stops and what stays."""

from dataclasses import dataclass

from outreach.campaigns.states import CampaignState

_C = CampaignState
LIVE = (_C.LAUNCHING, _C.SENDING)


@dataclass(frozen=True)
class Advice:
    words: str
    href: str | None
    action: str


@dataclass(frozen=True)
class Confirmation:
    """`happens` and `stays` are sentences; `warning` is said before the button, if anything is.

    `advice` is what could be better and stops nothing: its words, and where to mend it, if that
    page is one of the reader's. `fields` go with the button: what was chosen before.
    """

    title: str
    happens: tuple[str, ...]
    stays: tuple[str, ...]
    button: str
    button_kind: str = "primary"
    warning: str | None = None
    advice: Advice | None = None
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Step:
    """A move a person makes with a campaign. `since` are the states from which it is offered."""

    name: str
    since: tuple[CampaignState, ...]
    reached: tuple[CampaignState, ...]
    confirmation: Confirmation
    done: str


PAUSE = Step(
    name="pause",
    since=LIVE,
    reached=(_C.PAUSED,),
    confirmation=Confirmation(
        title="Pause this campaign?",
        happens=(
            "No further mail goes out. A batch that is being handed over at this moment may still "
            "leave.",
        ),
        stays=(
            "Links in mail that has arrived go on working, and students can answer.",
            "Answers and results are kept.",
            "Mail that waits is kept, and goes out when you resume.",
        ),
        button="Pause the mail",
    ),
    done="The campaign is paused. No further mail goes out until you resume it.",
)

RESUME = Step(
    name="resume",
    since=(_C.PAUSED,),
    reached=LIVE,
    confirmation=Confirmation(
        title="Resume this campaign?",
        happens=(
            "Mail that waits goes out at once, to everybody who may be mailed at that moment.",
        ),
        stays=("Nobody is mailed a second time.", "Answers already given are kept."),
        button="Resume the mail",
    ),
    done="The campaign goes on. Mail that was waiting goes out now.",
)

RELEASE = Step(
    name="release",
    since=LIVE,
    reached=(),
    confirmation=Confirmation(
        title="Send mail that was stopped or held?",
        happens=(
            "Mail that was stopped because of sharing, or held, is looked at again. What may be "
            "sent now goes out at once; the rest stays as it is.",
        ),
        stays=(
            "Nobody is mailed a second time.",
            "Whoever has answered, or does not want to, is left out.",
        ),
        button="Look again and send",
    ),
    done="Mail that may be sent now is on its way. What may not is still listed below.",
)

CLOSE = Step(
    name="close",
    since=(*LIVE, _C.PAUSED),
    reached=(_C.CLOSED,),
    confirmation=Confirmation(
        title="Close this campaign?",
        happens=(
            "Mail that waits is not sent.",
            "Links stop working: students are told that the questionnaire has closed.",
            "Answers that were started and not sent in do not count.",
        ),
        stays=("Answers that were sent in stay, with their results and profile entries.",),
        button="Close the campaign",
        button_kind="warning",
        warning="A closed campaign cannot be opened again.",
    ),
    done="The campaign is closed. Its results stay.",
)

CANCEL = Step(
    name="cancel",
    since=(*LIVE, _C.PAUSED),
    reached=(_C.CANCELLED,),
    confirmation=Confirmation(
        title="Cancel this campaign?",
        happens=(
            "Mail that waits is not sent.",
            "Links stop working: students are told that the questionnaire was cancelled.",
            "Everybody who has not sent answers in is counted as stopped.",
        ),
        stays=(
            "Answers that were sent in stay, with their results and profile entries.",
            "Mail that has arrived cannot be called back.",
        ),
        button="Cancel the campaign",
        button_kind="warning",
        warning="A cancelled campaign cannot be started again. To end it in the ordinary way, "
        "close it instead.",
    ),
    done="The campaign is cancelled. Answers that were sent in stay.",
)

DISCARD = Step(
    name="discard",
    since=(_C.DRAFT,),
    reached=(_C.CANCELLED,),
    confirmation=Confirmation(
        title="Discard this draft?",
        happens=("The draft can no longer be launched. The list shows it as cancelled.",),
        stays=("Nobody was mailed, and nothing else changes.",),
        button="Discard the draft",
        button_kind="warning",
    ),
    done="The draft is discarded. Nobody was mailed.",
)

STEPS = {step.name: step for step in (PAUSE, RESUME, RELEASE, CLOSE, CANCEL, DISCARD)}


def steps_from(state: CampaignState) -> tuple[Step, ...]:
    """What a campaign's page offers at its foot; mail is released where it is listed."""
    return tuple(step for step in (PAUSE, RESUME, CLOSE, CANCEL) if state in step.since)
