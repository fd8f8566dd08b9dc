"""The dialogue by keyboard: what a call would say, what was understood of each typed line, and what was learned."""

from __future__ import annotations

import json
from collections.abc import Callable

from agi_app.dialogue.dialogue import Dialogue, Outcome
from agi_app.dialogue.reply import Reply
from agi_app.dialogue.understanding import Heard, Hypothesis, Understanding

HELP = "Type what the candidate says. Empty line: silence. #1: a key. /hints: words expected now. End of input: hang up."

Show = Callable[[str, str], None]
"""Shows one line; the first argument is what sort: system, understood, learned, reason, warm, hints, outcome."""


def chat(dialogue: Dialogue, read: Callable[[], str | None], show: Show) -> Outcome:
    """Hold one conversation by keyboard.

    Args:
        dialogue: not begun yet.
        read: the next line, None at the end of input.
        show: shows a line of some sort.

    Returns:
        What the conversation has led to.
    """
    reply = dialogue.begin()
    show_reply(reply, show)
    while reply.expects is not None:
        line = read()
        if line is None:
            outcome = dialogue.hang_up()
            show("outcome", describe(outcome))
            return outcome
        if line.strip() == "/hints":
            words, answers = dialogue.hints()
            show("hints", f"{' '.join(words)} | {' '.join(answers)}")
            continue
        reply = _react(dialogue, line.strip())
        if line.strip() and dialogue.last_understanding is not None:
            show("understood", understood(dialogue.last_understanding))
        show_reply(reply, show)
    outcome = dialogue.outcome()
    show("outcome", describe(outcome))
    return outcome


def _react(dialogue: Dialogue, line: str) -> Reply:
    if not line:
        return dialogue.silence()
    if line[0] == "#" and len(line) == 2:
        return dialogue.hear(Heard((), key=line[1]))
    return dialogue.hear(Heard((Hypothesis(line),)))


def show_reply(reply: Reply, show: Show) -> None:
    """Show one move: what is said, learned, and why."""
    for prompt in reply.prompts:
        show("system", prompt.text)
    for item in reply.learned:
        show("learned", f"{item.name} {item.key} = {json.dumps(item.value, ensure_ascii=False)}")
    asked = f"open: {reply.expects.question}" if reply.expects else f"ended: {reply.disposition}"
    show("reason", f"{reply.reason} ({asked})")


def understood(understanding: Understanding) -> str:
    """One line on what was understood."""
    intents = "+".join(understanding.intents)
    slots = json.dumps(understanding.slots, ensure_ascii=False) if understanding.slots else ""
    sure = " to be confirmed" if understanding.needs_confirmation else ""
    return f"{intents} {understanding.confidence:.2f} {slots}{sure}".rstrip()


def describe(outcome: Outcome) -> str:
    """The outcome as JSON."""
    return json.dumps(
        {
            "disposition": outcome.disposition,
            "interest": outcome.interest,
            "slots": outcome.slots,
            "questions_asked": outcome.questions_asked,
            "doubts": [doubt.model_dump() for doubt in outcome.doubts],
            "requests": outcome.requests,
            "consent": {"recording": outcome.recording_consent},
        },
        ensure_ascii=False,
    )
