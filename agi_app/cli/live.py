"""A call as it happens, on the terminal: state, both sides' words, how long each reply took."""

from __future__ import annotations

import time

from rich.console import Console
from rich.text import Text

from agi_app.interview.events import (
    CallFinished,
    CandidateSpoke,
    Interrupted,
    InterviewEvent,
    PromptEnded,
    PromptStarted,
    Replied,
    StateChanged,
    Trouble,
)
from hr_sync.records import CallState

STATES = {
    CallState.PLANNED: "planned",
    CallState.DIALLING: "dialling 拨号",
    CallState.RINGING: "ringing 振铃",
    CallState.TALKING: "answered 已接听",
    CallState.ENDED: "ended 结束",
}


class LiveView:
    """Prints events one line each; pass it to `Hireline.subscribe`."""

    def __init__(self, console: Console, *, several: bool = False) -> None:
        self._console = console
        self._several = several
        """Several calls at once: each line names its call."""
        self._began = time.monotonic()

    def __call__(self, event: InterviewEvent) -> None:
        """Print one event."""
        match event:
            case StateChanged(state=state):
                self._line(event.call_id, "", f"— {STATES[state]} —", "dim")
            case PromptStarted(text=text):
                self._line(event.call_id, "AI", text, "cyan")
            case PromptEnded(interrupted=True, heard_ms=heard):
                self._line(event.call_id, "", f"stopped after {heard / 1000:.1f} s: the candidate took the word", "dim")
            case CandidateSpoke(text=text, confidence=confidence, understanding=understanding):
                self._line(event.call_id, "候选人", text or "（没听清）", "bold green")
                self._line(event.call_id, "", f"understood {_meaning(understanding)} · confidence {confidence:.2f}", "dim")
            case Replied(total_ms=total, stages_ms=stages):
                parts = " · ".join(f"{name} {value:.0f}" for name, value in stages.items())
                self._line(event.call_id, "", f"replied after {total:.0f} ms ({parts})", "dim")
            case Interrupted(stopped=False):
                self._line(event.call_id, "", "a short sound over our voice: went on", "dim")
            case Trouble(what=what):
                self._line(event.call_id, "", f"trouble: {what}", "yellow")
            case CallFinished(result=result):
                self._line(event.call_id, "", f"— {result.disposition} · {result.interest} —", "bold")
            case _:
                pass

    def _line(self, call_id: str, who: str, words: str, style: str) -> None:
        line = Text(f"{time.monotonic() - self._began:6.1f}  ", "dim")
        if self._several:
            line.append(f"{call_id[-8:]}  ", "dim")
        line.append(f"{who}：" if who else "    ", style)
        line.append(words, style)
        self._console.print(line, soft_wrap=True, highlight=False)


def _meaning(understanding: dict[str, object]) -> str:
    intents = [str(understanding.get("intent", "?"))]
    also = understanding.get("also")
    if isinstance(also, list):
        intents += [str(intent) for intent in also]
    slots = understanding.get("slots")
    return "+".join(intents) + (f" {slots}" if slots else "")
