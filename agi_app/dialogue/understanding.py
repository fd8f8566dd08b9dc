"""The seam between what was understood and what to say next: everything before it is hearing, everything after it is policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class Intent(StrEnum):
    """What a candidate can mean; the inventory of the public contract."""

    PROVIDE = "provide"
    AGREE = "agree"
    DENY = "deny"
    NOT_INTERESTED = "not_interested"
    ALREADY_EMPLOYED = "already_employed"
    STOP_CALLING = "stop_calling"
    BUSY = "busy"
    CALLBACK = "callback"
    HESITATE = "hesitate"
    WRONG_PERSON = "wrong_person"
    ASK_PAY = "ask_pay"
    ASK_OVERTIME = "ask_overtime"
    ASK_WORKING_HOURS = "ask_working_hours"
    ASK_SOCIAL_INSURANCE = "ask_social_insurance"
    ASK_BENEFITS = "ask_benefits"
    ASK_TEAM = "ask_team"
    ASK_PROMOTION = "ask_promotion"
    ASK_LOCATION = "ask_location"
    ASK_PROBATION = "ask_probation"
    ASK_PROCESS = "ask_process"
    ASK_DUTIES = "ask_duties"
    ASK_COMPANY = "ask_company"
    ASK_WHO = "ask_who"
    ASK_NUMBER_SOURCE = "ask_number_source"
    ASK_REPEAT = "ask_repeat"
    ASK_SLOWER = "ask_slower"
    ASK_HUMAN = "ask_human"
    ASK_MATERIAL = "ask_material"
    COMPLAIN = "complain"
    GREET = "greet"
    THANK = "thank"
    BYE = "bye"
    BACKCHANNEL = "backchannel"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One reading of what was said, with its weight relative to the best (1.0)."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One utterance of the candidate as it reaches the dialogue."""

    hypotheses: tuple[Hypothesis, ...]
    """Best first; empty when nothing intelligible was said."""
    confidence: float = 1.0
    """0..1 as the recogniser reports it; 1 for typed text."""
    closed: tuple[Hypothesis, ...] = ()
    """Short closed answers scored against the sound, best first; empty when not scored."""
    key: str | None = None
    """A DTMF key pressed instead of speech."""
    latency_ms: int | None = None
    """From the end of our prompt to the start of this speech; None for typed text."""
    duration_ms: int | None = None

    @property
    def text(self) -> str:
        """The best reading, empty when there is none."""
        return self.hypotheses[0].text if self.hypotheses else ""


@dataclass(frozen=True, slots=True)
class Understanding:
    """What one utterance means, in the shape of the public contract."""

    question: str | None
    text: str
    intent: Intent
    confidence: float
    slots: dict[str, Any] = field(default_factory=dict)
    needs_confirmation: bool = False
    also: tuple[Intent, ...] = ()
    hold: bool = False
    """The candidate asks us to wait a moment (等一下) and wants nothing else."""
    complete: bool = True
    """False when the words clearly stop in the middle (ends in 嗯, 然后, half a number): the turn should wait on."""
    may_go_on: bool = False
    """The words are whole, but people often add to them: 一万 (二), a story that has come to its result."""

    @property
    def intents(self) -> tuple[Intent, ...]:
        """All intents, the one a recruiter would act on first at the front."""
        return (self.intent, *self.also)

    def as_json(self) -> dict[str, Any]:
        """The line `hireline understand --json` prints."""
        return {
            "question": self.question,
            "text": self.text,
            "intent": str(self.intent),
            "confidence": round(self.confidence, 3),
            "slots": self.slots,
            "needs_confirmation": self.needs_confirmation,
            "also": [str(intent) for intent in self.also],
        }


class Understander(Protocol):
    """Words in, meaning out. Pure: the same input gives the same output; the caller passes the time."""

    def understand(self, heard: Heard, *, question: str | None, now: datetime) -> Understanding:
        """Understand one utterance given the question it answers; p95 within 60 ms on one core. Never raises on odd text."""

    def is_backchannel(self, text: str) -> bool:
        """Whether a text is nothing but 嗯, 好的, 是吗: said over our voice it takes no turn."""

    def vocabulary(self, question: str | None) -> tuple[str, ...]:
        """What the recogniser should expect now, most likely first: whole sentences help it more than words."""

    def closed_answers(self, question: str | None) -> tuple[str, ...]:
        """Short complete answers worth scoring against the sound; empty when the question has none."""
