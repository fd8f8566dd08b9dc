"""What happens in a call, as it happens: the live view, the simulation's cues and the metrics are fed from these values.

They stay inside the process (and, for the simulation, in a pipe to its phones); words and pay never go to the log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import TypeAdapter

from hr_sync.records import CallResult, CallState


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The call entered a state."""

    call_id: str
    state: CallState
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PromptStarted:
    """The first audio of a prompt left for the candidate."""

    call_id: str
    prompt_id: str
    kind: str
    text: str
    question: str | None


@dataclass(frozen=True, slots=True)
class PromptEnded:
    """A prompt was heard to its end, or stopped."""

    call_id: str
    prompt_id: str
    kind: str
    heard_ms: int
    interrupted: bool


@dataclass(frozen=True, slots=True)
class TurnGiven:
    """All prompts of a move are out; it is the candidate's turn. `after` tells what was said last (a PromptKind)."""

    call_id: str
    question: str | None
    after: str


@dataclass(frozen=True, slots=True)
class CandidateSpoke:
    """An utterance of the candidate was recognised and understood."""

    call_id: str
    text: str
    confidence: float
    understanding: dict[str, Any]
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Replied:
    """A reply's first audio left us. Durations count from the end of the candidate's speech as we heard it."""

    call_id: str
    reason: str
    total_ms: float
    stages_ms: dict[str, float] = field(default_factory=dict)
    """endpoint, recognition, dialogue, speech, media."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The candidate spoke over a prompt; `stopped` tells whether we gave way."""

    call_id: str
    prompt_id: str
    stopped: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something failed and was dealt with; counted in the metrics."""

    call_id: str
    what: str


@dataclass(frozen=True, slots=True)
class CallFinished:
    """The last event of a call."""

    call_id: str
    result: CallResult


InterviewEvent = (
    StateChanged | PromptStarted | PromptEnded | TurnGiven | CandidateSpoke | Replied | Interrupted | Trouble | CallFinished
)

_ADAPTERS: dict[str, TypeAdapter[InterviewEvent]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(InterviewEvent)}


def event_to_json(event: InterviewEvent) -> dict[str, Any]:
    """An event as JSON values, its kind under `event`."""
    kind = type(event).__name__
    fields: dict[str, Any] = _ADAPTERS[kind].dump_python(event, mode="json")
    return {"event": kind, **fields}


def event_from_json(value: dict[str, Any]) -> InterviewEvent:
    """The event a JSON value stands for. Raises KeyError for an unknown kind, ValidationError for wrong fields."""
    fields = dict(value)
    return _ADAPTERS[fields.pop("event")].validate_python(fields)
