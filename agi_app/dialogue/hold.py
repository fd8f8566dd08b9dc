"""The candidate asks us to wait: we are quiet for a while, whatever is said to others, then ask whether they are still there."""

from __future__ import annotations

from datetime import timedelta

from agi_app.dialogue.asking import ask_after_interruption
from agi_app.dialogue.reply import PromptKind
from agi_app.dialogue.state import Stage
from agi_app.dialogue.turn import Turn
from agi_app.dialogue.understanding import Intent

HOLD_MS = 30_000
"""The longest we wait; on a telephone half a minute of silence is long."""
MOST_HOLDS = 3
"""In one call; after that we ask on."""
_NOT_FOR_US = {Intent.OTHER, Intent.BACKCHANNEL, Intent.PROVIDE}
_BACK = {Intent.AGREE, Intent.GREET, Intent.THANK, *_NOT_FOR_US}
"""Say that the candidate is back, and nothing else."""


def hold(turn: Turn) -> bool:
    """Asked to wait: say that we do, and be quiet. True when the turn is taken."""
    understanding = turn.understanding
    fetching = turn.open.question.id == "know_candidate" or turn.open.stage is Stage.HOLD
    if understanding is None or not understanding.hold or fetching or turn.state.holds >= MOST_HOLDS:
        return False
    turn.state.holds += 1
    turn.state.hold_until = turn.now + timedelta(milliseconds=HOLD_MS)
    turn.phrase("wait", PromptKind.HOLD)
    turn.reasons.append("asked to wait")
    return True


def on_hold(turn: Turn) -> bool:
    """What is heard while we wait. True when the turn is taken: it was not meant for us, or only says that the wait is over."""
    understanding = turn.understanding
    if turn.state.hold_until is None:
        return False
    if understanding is None or understanding.hold:
        turn.state.hold_until = None
        return False
    back = turn.mentions(turn.desk.pack.situations.words.back)
    if set(turn.intents) <= _NOT_FOR_US and not understanding.slots and not back:
        turn.reasons.append("waiting, this was not meant for us")
        return True
    turn.state.hold_until = None
    turn.state.heard_anything = True
    if not set(turn.intents) <= _BACK or understanding.slots:
        return False
    turn.reasons.append("the wait is over")
    turn.open.digressions -= 1  # it was our turn to go on
    ask_after_interruption(turn)
    return True


def end_hold(turn: Turn) -> bool:
    """Nothing was heard for as long as we wait. True when we were asked to wait."""
    waited = turn.state.hold_until is not None
    turn.state.hold_until = None
    return waited


def hold_left_ms(turn: Turn) -> int | None:
    """How much longer we are to be quiet, in milliseconds; None when nobody asked for it."""
    if turn.state.hold_until is None:
        return None
    return max(1, round(1000 * (turn.state.hold_until - turn.now).total_seconds()))
