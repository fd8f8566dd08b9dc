"""What the dialogue wants done next: typed values the interview carries out, no audio and no I/O in them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from agi_app.dialogue.suggestion import SuggestionRequest
from hr_sync.records import Disposition


class PromptKind(StrEnum):
    """Why something is said; `hold` is silence on request."""

    GREETING = "greeting"
    CONSENT = "consent"
    PITCH = "pitch"
    QUESTION = "question"
    FOLLOW_UP = "follow_up"
    CONFIRMATION = "confirmation"
    ANSWER = "answer"
    ACKNOWLEDGEMENT = "acknowledgement"
    REPAIR = "repair"
    CLOSING = "closing"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Prompt:
    """One thing to say."""

    text: str
    kind: PromptKind
    id: str
    """Question id, intent answered, or name of the wording."""
    interruptible: bool = True
    """False for a legal notice that must be heard whole."""
    rate: float = 1.0
    """Speaking rate; below 1 after the candidate asked us to slow down."""


@dataclass(frozen=True, slots=True)
class Learned:
    """Something the call has just learned, to be written at once."""

    name: str
    """`slot`, `doubt`, `interest`, `consent`, `do_not_call`, `request`, `question`."""
    key: str
    value: Any
    text: str = ""
    """The candidate's words it rests on."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is awaited after the prompts: sets turn-taking, recognition and silence handling."""

    question: str | None
    """Script question id (or greeting, consent, pitch, closing) that is now open."""
    prompt_kind: PromptKind
    patience_ms: int | None = None
    """How long a pause inside the answer may last; None: the default."""
    silence_ms: int = 6000
    """After this much silence the dialogue is told that nothing was said."""
    keys: bool = False
    """DTMF keys are answers here."""
    hold_ms: int | None = None
    """The candidate asked us to wait, for at most so much longer: stay quiet. Words to somebody else draw a move without prompts;
    when the time is over, `Dialogue.silence` asks whether they are still there."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One move of the dialogue."""

    prompts: tuple[Prompt, ...]
    expects: Expectation | None
    """None: nothing more is awaited; say the prompts and hang up."""
    learned: tuple[Learned, ...] = ()
    warm: tuple[str, ...] = ()
    """Texts that may be needed next, worth synthesising while the candidate speaks; most likely first."""
    disposition: Disposition | None = None
    """Set on the last move."""
    suggestion: SuggestionRequest | None = None
    """A follow-up question may be proposed while these prompts are said; `Dialogue.follow_up` then makes the rest of the move."""
    reason: str = ""
    """Why this move was chosen, for the log and the live view; no personal data."""
