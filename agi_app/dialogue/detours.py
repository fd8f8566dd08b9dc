"""What an utterance means for a question outside the script: no recording, somebody else, not now, other jobs, a person."""

from __future__ import annotations

from agi_app.dialogue.asking import NODS, ask, ask_name, go_back, open_question, unanswered
from agi_app.dialogue.exits import take_callback_time
from agi_app.dialogue.reply import PromptKind
from agi_app.dialogue.state import Stage
from agi_app.dialogue.turn import Turn
from agi_app.dialogue.understanding import Intent
from hr_sync.records import Disposition

HANDOVER_MS = 20_000
"""How long we wait for the candidate to be fetched."""


def recording_choice(turn: Turn) -> None:
    """The recording has stopped: go on without it, or end."""
    if turn.means(*NODS):
        turn.state.if_cut_off = None
        if turn.state.identified:
            go_back(turn)
        else:
            ask_name(turn)
    elif turn.means(Intent.DENY, Intent.NOT_INTERESTED):
        turn.end(Disposition.DECLINED_RECORDING, "end_declined_recording", "no recording, no talk")
    else:
        unanswered(turn)


def know_candidate(turn: Turn) -> None:
    """Somebody else is on the line."""
    words = turn.desk.pack.situations.words
    fetching = turn.mentions(words.fetching)
    if not fetching and (turn.means(Intent.DENY, Intent.NOT_INTERESTED) or turn.mentions(words.stranger)):
        turn.end(Disposition.WRONG_PERSON, "end_wrong_person", "somebody else")
    elif fetching or turn.means(*NODS):
        turn.state.handed_over = True
        _start_over(turn)
    else:
        unanswered(turn)


def _start_over(turn: Turn) -> None:
    """Wait for the candidate to be fetched, and greet again."""
    interview = turn.desk.interview
    left = turn.state.plan
    left.extendleft(reversed([question for question in (interview.consent, interview.pitch) if question not in left]))
    turn.phrase("hold", PromptKind.HOLD)
    opened = open_question(turn, interview.greeting.model_copy(update={"silence_ms": HANDOVER_MS}))
    opened.stage = Stage.HOLD
    turn.reasons.append("wait for the candidate")


def callback_time(turn: Turn) -> None:
    """When to call back."""
    if take_callback_time(turn):
        return
    if turn.means(Intent.DENY):
        turn.end(Disposition.CALLBACK, "callback_open", "call back, no time named")
    else:
        unanswered(turn)


def talent_pool(turn: Turn) -> None:
    """Whether we may call about other jobs."""
    if turn.means(Intent.DENY, Intent.NOT_INTERESTED):
        turn.request("talent_pool", {"agreed": False})
        turn.end(Disposition.COMPLETED, "talent_pool_no", "not interested")
    elif turn.means(*NODS, Intent.THANK):
        turn.request("talent_pool", {"agreed": True})
        turn.end(Disposition.COMPLETED, "talent_pool_yes", "not interested, other jobs welcome")
    else:
        unanswered(turn)


def go_on(turn: Turn) -> None:
    """Whether to talk with us until a person calls."""
    if turn.means(*NODS):
        go_back(turn)
    elif turn.means(Intent.DENY, Intent.NOT_INTERESTED):
        turn.end(Disposition.COMPLETED, "end_human", "wants a person")
    else:
        unanswered(turn)


def bad_line(turn: Turn) -> None:
    """Whether to call again on a better line."""
    if turn.means(Intent.DENY):
        go_back(turn)
    elif turn.means(*NODS):
        _call_back(turn)
    else:
        unanswered(turn)


def hurry(turn: Turn) -> None:
    """Go on, call again, or stop."""
    if turn.means(Intent.DENY):
        turn.end(Disposition.PARTIAL, "end_early", "wants to stop")
    elif turn.mentions(turn.desk.pack.situations.words.another_day):
        _call_back(turn)
    elif turn.means(*NODS):
        go_back(turn)
    else:
        unanswered(turn)


def _call_back(turn: Turn) -> None:
    turn.request("callback", {})
    turn.state.if_cut_off = Disposition.CALLBACK
    ask(turn, turn.desk.pack.situation("callback_time"))
