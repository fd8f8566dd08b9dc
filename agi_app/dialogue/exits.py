"""Moves that leave the script: stop calling, someone else, no recording, not now, not interested, goodbye.

Each function returns whether it took the turn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agi_app.dialogue.asking import ask, confirm, finish, open_question
from agi_app.dialogue.reply import PromptKind
from agi_app.dialogue.slots import is_past, spoken_value
from agi_app.dialogue.turn import Turn
from agi_app.dialogue.understanding import Intent
from hr_sync.records import Disposition, Interest

SURE = 0.75
"""From here on an intent is believed even inside a long story."""
LIKELY = 0.6
"""Below this an intent is a guess: we ask again before we act on it."""
_REFUSALS = (Intent.DENY, Intent.NOT_INTERESTED, Intent.COMPLAIN, Intent.STOP_CALLING)


def leave(turn: Turn) -> bool:
    """Try every exit, the most serious first."""
    if turn.story and not turn.sure(SURE):
        return False
    exits: tuple[Callable[[Turn], bool], ...] = (no_recording, stop_calling, wrong_person, not_interested, not_now, goodbye)
    return any(attempt(turn) for attempt in exits)


def stop_calling(turn: Turn) -> bool:
    """Never call again: blocked at once."""
    if not turn.means(Intent.STOP_CALLING):
        return False
    turn.learn("do_not_call", "candidate", value=True)
    if turn.state.identified:
        turn.interest(Interest.NOT_INTERESTED)
    turn.end(Disposition.STOP_CALLING, "end_stop_calling", "wants no calls")
    return True


def wrong_person(turn: Turn) -> bool:
    """Somebody else answered: ask for the candidate, tell nothing."""
    name = turn.open.question.id
    denies_name = name == "greeting" and turn.means(Intent.DENY)
    if not turn.means(Intent.WRONG_PERSON) and not denies_name:
        return False
    if name == "know_candidate" or turn.state.handed_over:
        turn.end(Disposition.WRONG_PERSON, "end_wrong_person", "somebody else")
        return True
    turn.state.identified = False
    turn.state.if_cut_off = Disposition.WRONG_PERSON
    ask(turn, turn.desk.pack.situation("know_candidate"))
    return True


def no_recording(turn: Turn) -> bool:
    """No to the recording stops it; the candidate decides whether to go on."""
    if turn.state.consent is False:
        return False
    words = turn.desk.pack.situations.words
    speaks_of_it = turn.mentions(words.recording)
    asked_which = turn.open.question.id == "consent_choice" and not turn.means(Intent.AGREE)
    refused = turn.mentions(words.refuses_recording) or (speaks_of_it and (asked_which or turn.means(*_REFUSALS)))
    if not refused:
        return False
    back = turn.open if turn.open.question.id in turn.state.script and turn.open.question.id != "consent" else None
    turn.consent(recording=False)
    turn.state.unheard.clear()
    turn.state.if_cut_off = Disposition.DECLINED_RECORDING
    turn.phrase("recording_stopped", PromptKind.ACKNOWLEDGEMENT)
    ask(turn, turn.desk.pack.situation("recording_choice"), resume=back)
    return True


def not_interested(turn: Turn) -> bool:
    """A kind end; the candidate decides whether we may call about other jobs."""
    name = turn.open.question.id
    employed = turn.means(Intent.ALREADY_EMPLOYED) and not _answers_the_question(turn)
    denied = name == "pitch" and turn.means(Intent.DENY) and not turn.means(Intent.AGREE)
    if not (turn.means(Intent.NOT_INTERESTED) or employed or denied) or not turn.sure(LIKELY):
        return False
    if name in {"talent_pool", "recording_choice", "go_on", "know_candidate", "closing"}:
        return False  # a plain no there
    turn.interest(Interest.NOT_INTERESTED)
    turn.request("talent_pool", {"agreed": None})
    turn.state.if_cut_off = Disposition.COMPLETED
    if not turn.state.identified or turn.means(Intent.BYE):
        turn.end(Disposition.COMPLETED, "closing_not_interested", "not interested")
        return True
    turn.phrase("lead_already_employed" if employed else "lead_not_interested", PromptKind.ACKNOWLEDGEMENT)
    ask(turn, turn.desk.pack.situation("talent_pool"))
    return True


def not_now(turn: Turn) -> bool:
    """Busy: ask when, say the time back, and call then."""
    name = turn.open.question.id
    if not turn.means(Intent.BUSY, Intent.CALLBACK) or _answers_the_question(turn) or name in {"talent_pool", "callback_time"}:
        return False
    if name == "closing":
        finish(turn, "no time for further questions")
        return True
    turn.request("callback", {})
    turn.state.if_cut_off = Disposition.CALLBACK
    question = turn.desk.pack.situation("callback_time")
    if turn.understanding and "callback_time" in turn.understanding.slots:
        open_question(turn, question)
        if take_callback_time(turn):
            return True
    ask(turn, question)
    return True


def take_callback_time(turn: Turn) -> bool:
    """The candidate named a time: say it back and end, or confirm it first when it is not certain."""
    value = turn.understanding.slots.get("callback_time") if turn.understanding else None
    if not isinstance(value, dict) or is_past(value, turn.now):
        return False
    if turn.understanding and turn.understanding.needs_confirmation and turn.open.confirmations == 0:
        confirm(turn, value)
        return True
    end_with_callback(turn, value)
    return True


def end_with_callback(turn: Turn, value: dict[str, Any]) -> None:
    """Promise the call at that time."""
    turn.state.slots["callback_time"] = value
    turn.learn("slot", "callback_time", value)
    turn.request("callback", value)
    time = spoken_value("callback_time", value, turn.now, turn.desk.pack.terms)
    turn.end(Disposition.CALLBACK, "callback_named", "call back", time=time)


def goodbye(turn: Turn) -> bool:
    """The candidate says goodbye."""
    if not turn.means(Intent.BYE):
        return False
    if turn.open.question.id == "closing":
        finish(turn, "goodbye")
    else:
        turn.end(turn.state.if_cut_off or Disposition.PARTIAL, "end_early", "the candidate said goodbye")
    return True


def _answers_the_question(turn: Turn) -> bool:
    """The words hold the value that was asked for: 我还在职,一个月后 is an answer to when one can start."""
    fills = turn.open.question.fills
    return fills is not None and turn.understanding is not None and fills in turn.understanding.slots
