"""Where a conversation stands. Only the policy's modules change it."""

from __future__ import annotations

from collections import deque
from copy import copy
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from agi_app.dialogue.pack.schema import Question
from agi_app.dialogue.reply import Prompt, PromptKind
from agi_app.dialogue.slots import SlotValue
from agi_app.dialogue.understanding import Heard, Intent
from hr_sync.records import Disposition, Doubt, Interest


class Stage(StrEnum):
    """What the open question is waiting for."""

    ANSWER = "answer"
    CONFIRM_HEARD = "confirm_heard"
    """A value was understood without certainty and is being confirmed."""
    CONFIRM_KNOWN = "confirm_known"
    """A value stands in the resume and is being confirmed."""
    HOLD = "hold"
    """Somebody fetches the candidate."""


CONFIRMING = (Stage.CONFIRM_HEARD, Stage.CONFIRM_KNOWN)


@dataclass(slots=True)
class OpenQuestion:
    """The question that awaits an answer."""

    question: Question
    kind: PromptKind
    stage: Stage = Stage.ANSWER
    tries: int = 0
    """How often it failed to draw an answer."""
    digressions: int = 0
    """How often the candidate turned to something else first."""
    pending: SlotValue = ""
    """The value being confirmed."""
    confirmations: int = 0
    denied: list[SlotValue] = field(default_factory=list)
    """Values that were said back and were wrong."""
    follow_ups: int = 0
    """Follow-up questions its answer may still draw."""
    resume: OpenQuestion | None = None
    """The question to go back to afterwards; None: the next one of the plan."""

    def twin(self) -> OpenQuestion:
        """A copy that may be changed without changing this one."""
        return replace(self, resume=self.resume.twin() if self.resume else None, **_copied(self))


@dataclass(slots=True)
class State:
    """Everything one conversation knows."""

    plan: deque[Question]
    """Questions still to ask; the last is the closing."""
    script: set[str]
    """Ids of the script's own questions."""
    current: OpenQuestion | None = None
    identified: bool = False
    """The candidate is known to be on the line; before that nothing is told about the job."""
    handed_over: bool = False
    """Someone else fetched the candidate once."""
    consent: bool | None = None
    interest: Interest = Interest.UNDETERMINED
    slots: dict[str, Any] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)
    requests: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    followed_up: set[str] = field(default_factory=set)
    advised: bool = False
    """The hesitant candidate has heard the advantage."""
    hold_until: datetime | None = None
    """The candidate asked us to wait; we are quiet until then."""
    holds: int = 0
    line_troubles: int = 0
    """How often the candidate could not hear us."""
    offered: set[str] = field(default_factory=set)
    """Offers made once a call: bad_line, hurry."""
    complaints: int = 0
    wants_human: int = 0
    repeats: int = 0
    rate: float = 1.0
    moves: int = 0
    misses: int = 0
    """Silences and unintelligible utterances in a row."""
    heard_anything: bool = False
    answer: Heard | None = None
    """A story that awaits a proposal for a follow-up question."""
    content: tuple[Prompt, ...] = ()
    """What a repetition says again: the last prompts without acknowledgements."""
    said: tuple[Prompt, ...] = ()
    """The last prompts."""
    unheard: list[Prompt] = field(default_factory=list)
    """Necessary prompts that were cut off and must be said again."""
    question_heard: bool = True
    """False when the candidate spoke before our question could be heard."""
    if_cut_off: Disposition | None = None
    """How the call counts should the line end now; None: partial."""
    disposition: Disposition | None = None
    """Set when the conversation is over."""

    def twin(self) -> State:
        """A copy that may be changed without changing this one. What its collections hold is shared: nobody changes that."""
        return replace(self, current=self.current.twin() if self.current else None, **_copied(self))

    def note_doubt(self, intent: Intent, text: str, *, answered: bool) -> bool:
        """Record a doubt; a repeated one only when its fate changed. True when it is new."""
        doubt = Doubt(intent=str(intent), text=text, answered=answered)
        if any(known.intent == doubt.intent and known.answered == answered for known in self.doubts):
            return False
        self.doubts.append(doubt)
        return True


def _copied(holder: OpenQuestion | State) -> dict[str, Any]:
    """The collections among the fields, copied."""
    values = {item.name: getattr(holder, item.name) for item in fields(holder)}
    return {name: copy(value) for name, value in values.items() if isinstance(value, list | dict | set | deque)}
