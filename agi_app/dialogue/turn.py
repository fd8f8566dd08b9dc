"""One move of the dialogue while it is being made: what came in, and what will be said, learned and awaited."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from agi_app.dialogue.answers import Answerer
from agi_app.dialogue.conditions import View
from agi_app.dialogue.keywords import found
from agi_app.dialogue.mood import CALM, Mood
from agi_app.dialogue.pack.schema import Interview, Pack
from agi_app.dialogue.redaction import redact
from agi_app.dialogue.reply import Learned, Prompt, PromptKind
from agi_app.dialogue.state import OpenQuestion, State
from agi_app.dialogue.suggestion import SuggestionRequest
from agi_app.dialogue.understanding import Heard, Intent, Understanding
from agi_app.dialogue.wording import Wording
from hr_sync.records import Disposition, Interest

_log = structlog.get_logger(__name__)

MANY_WORDS = 20
"""Characters from which an answer to an open question is a story, in which single words mean little."""
_QUESTION = re.compile(r"[吗么呢几哪谁？?]|多少|多久|怎样|如何|(.)[不没]\1")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a conversation."""

    misses: int = 3
    """So many silences or unintelligible utterances in a row end the call politely."""
    digressions: int = 5
    """So many questions of the candidate's in a row are answered before a question of ours is dropped."""
    moves: int = 80
    """The longest conversation."""
    follow_ups: int = 2
    """Follow-up questions in one call."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What every move works with, the same for the whole call."""

    pack: Pack
    interview: Interview
    view: View
    wording: Wording
    answerer: Answerer
    limits: Limits
    now: datetime
    """When the call was prepared."""
    call_id: str = ""
    suggestions: bool = False
    """Somebody proposes follow-up questions."""


@dataclass(slots=True)
class Turn:
    """One move."""

    desk: Desk
    state: State
    now: datetime
    heard: Heard = field(default_factory=lambda: Heard(()))
    understanding: Understanding | None = None
    mood: Mood = CALM
    prompts: list[Prompt] = field(default_factory=list)
    learned: list[Learned] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    filled: set[str] = field(default_factory=set)
    """Slots this utterance gave a value."""
    suggestion: SuggestionRequest | None = None
    """Asked for before the move is made to its end."""
    digressed: bool = False
    """The utterance wanted something that has been dealt with, so the open question is simply asked again."""

    @property
    def open(self) -> OpenQuestion:
        """The question this utterance may answer."""
        if self.state.current is None:
            raise RuntimeError("the conversation has not begun, or is over")
        return self.state.current

    @property
    def intents(self) -> tuple[Intent, ...]:
        """What was meant."""
        return self.understanding.intents if self.understanding else ()

    @property
    def text(self) -> str:
        """The words as they may be stored."""
        return redact(self.understanding.text, self.desk.pack.protected) if self.understanding else ""

    @property
    def story(self) -> bool:
        """A long answer to an open question."""
        return self.open.question.answer == "open" and len(self.heard.text) >= MANY_WORDS

    def sure(self, confidence: float) -> bool:
        """Whether the understanding is at least this certain."""
        return self.understanding is not None and self.understanding.confidence >= confidence

    @property
    def unsure(self) -> bool:
        """Whether what was understood should be confirmed."""
        return self.understanding is None or self.understanding.needs_confirmation

    @property
    def asking(self) -> bool:
        """The words have the form of a question."""
        return _QUESTION.search(self.heard.text) is not None

    def means(self, *intents: Intent) -> bool:
        """Whether one of these was meant."""
        return any(intent in self.intents for intent in intents)

    def mentions(self, words: Iterable[str]) -> bool:
        """Whether one of these words was said, by characters or by sound."""
        return found(self.heard, words) is not None

    def say(self, kind: PromptKind, name: str, text: str, *, interruptible: bool = True) -> None:
        """Add a prompt."""
        self.prompts.append(Prompt(text, kind, name, interruptible, self.state.rate))

    def phrase(self, name: str, kind: PromptKind, **values: str) -> None:
        """Add a sentence of wording/."""
        self.say(kind, name, self.desk.wording.named(name, **values))

    def acknowledge(self) -> None:
        """Show that an answer was taken, unless something is being said to it anyway."""
        if not self.prompts and not self.mood.hurried:
            self.phrase("acknowledge", PromptKind.ACKNOWLEDGEMENT)

    def decide(self, decision: str) -> None:
        """Note what the mood made us do, and why."""
        self.reasons.append(f"{decision} ({self.mood.cause})")
        _log.info("mood_decision", call_id=self.desk.call_id, decision=decision, signs=self.mood.signs)

    def learn(self, name: str, key: str, value: object) -> None:
        """Note something to be written at once."""
        self.learned.append(Learned(name, key, value, self.text))

    def interest(self, interest: Interest) -> None:
        """The candidate's interest is now known to be this."""
        if self.state.interest is not interest:
            self.state.interest = interest
            self.learn("interest", "interest", str(interest))

    def request(self, key: str, value: object) -> None:
        """The candidate wants something."""
        if key not in self.state.requests or self.state.requests[key] != value:
            self.state.requests[key] = value
            self.learn("request", key, value)

    def consent(self, *, recording: bool) -> None:
        """The candidate agreed to the recording, or did not."""
        if self.state.consent is not recording:
            self.state.consent = recording
            self.learn("consent", "recording", recording)

    def end(self, disposition: Disposition, wording: str, reason: str, **values: str) -> None:
        """Say the last words."""
        self.phrase(wording, PromptKind.CLOSING, **values)
        self.phrase("goodbye", PromptKind.CLOSING)
        self.state.disposition = disposition
        self.state.current = None
        self.reasons.append(reason)
