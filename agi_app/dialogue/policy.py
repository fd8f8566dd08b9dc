"""Decides the next move. The order of things within a turn:

1. nothing intelligible: ask again, and end politely after too many in a row;
2. what leaves the script (exits);
3. values that were said, for the open question or any other (a later value replaces an earlier one);
4. what the candidate wants (digressions): answered before we go on;
5. the answer to the open question (stages): next question, or the same again.
"""

from __future__ import annotations

from agi_app.dialogue.amounts import doubtful
from agi_app.dialogue.asking import ask, ask_again, give_up, lost, store
from agi_app.dialogue.digressions import attend
from agi_app.dialogue.exits import leave
from agi_app.dialogue.hold import end_hold, hold, on_hold
from agi_app.dialogue.pack.inventory import SLOTS
from agi_app.dialogue.reply import PromptKind
from agi_app.dialogue.slots import SlotValue, spoken_value
from agi_app.dialogue.stages import after_story, respond
from agi_app.dialogue.state import Stage
from agi_app.dialogue.turn import Turn
from agi_app.dialogue.understanding import Intent
from hr_sync.records import Disposition

_ELSEWHERE = frozenset({"callback_time"})
"""Kept only where it is asked for, not when a time is mentioned in passing."""


def open_call(turn: Turn) -> None:
    """The first words."""
    ask(turn, turn.desk.interview.greeting)


def hear(turn: Turn) -> None:
    """React to an utterance or a key."""
    if on_hold(turn):
        return
    if _unintelligible(turn):
        miss(turn, "not_understood")
        return
    turn.state.misses = 0
    turn.state.heard_anything = True
    if _too_long(turn) or hold(turn) or leave(turn):
        return
    _take_values(turn)
    if attend(turn):
        return
    respond(turn)


def follow_up(turn: Turn, suggestion: str | None) -> None:
    """Make the rest of a move that waited for a proposal."""
    turn.state.answer = None
    after_story(turn, suggestion)


def silence(turn: Turn) -> None:
    """React to nothing having been said in time."""
    miss(turn, "still_there" if end_hold(turn) else "not_heard")


def miss(turn: Turn, wording: str) -> None:
    """Nothing was said, or nothing that could be understood."""
    turn.state.misses += 1
    if _too_long(turn):
        return
    if turn.state.misses >= turn.desk.limits.misses and turn.open.stage is not Stage.HOLD:
        if turn.open.question.id in turn.state.script:
            lost(turn)
        else:
            give_up(turn)
    else:
        ask_again(turn, wording)


def _unintelligible(turn: Turn) -> bool:
    understanding = turn.understanding
    return understanding is None or (understanding.intent is Intent.OTHER and not understanding.text.strip())


def _too_long(turn: Turn) -> bool:
    """Bounds every conversation, whatever is said in it."""
    if turn.state.moves < turn.desk.limits.moves:
        return False
    wrap_up(turn)
    return True


def wrap_up(turn: Turn) -> None:
    """End politely now: the call has become too long, or the line is needed."""
    closing_reached = turn.open.question.id == "closing"
    turn.end(
        turn.state.if_cut_off or (Disposition.COMPLETED if closing_reached else Disposition.PARTIAL),
        "end_early",
        "the call is too long",
    )


def _take_values(turn: Turn) -> None:
    """Keep every value that was said. What is uncertain, or was heard otherwise before, is kept back to be confirmed; in a story
    nothing already known is replaced."""
    understanding = turn.understanding
    if understanding is None or not turn.state.identified:
        return
    opened = turn.open
    for slot, value in understanding.slots.items():
        unsure = understanding.needs_confirmation or doubtful(slot, value, turn.now, turn.desk.view.brief.job)
        if slot not in SLOTS or slot in _ELSEWHERE:
            continue
        if slot == opened.question.fills:
            if not (unsure or opened.denied or (opened.stage is Stage.CONFIRM_HEARD and value != opened.pending)):
                store(turn, slot, value)
        elif not unsure and not (slot in turn.state.slots and turn.story):
            _correct(turn, slot, value)


def _correct(turn: Turn, slot: str, value: SlotValue) -> None:
    before = turn.state.slots.get(slot)
    if before == value:
        return
    store(turn, slot, value)
    if before is not None:
        spoken = spoken_value(slot, value, turn.now, turn.desk.pack.terms)
        turn.phrase("corrected", PromptKind.ACKNOWLEDGEMENT, value=spoken)
        turn.digressed = True
