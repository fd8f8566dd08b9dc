"""What one call leaves behind, gathered as it happens: transcript, learned items, figures. Written to the ledger at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from agi_app.dialogue.reply import Learned
from agi_app.interview.events import InterviewEvent, StateChanged, Trouble
from agi_app.interview.ledger import Ledger
from agi_app.interview.metrics import CallMetrics
from hr_sync.records import CallAttempt, CallState, LearnedItem, LearnedKind, MoodPoint, Speaker, Turn

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class CallNotes:
    """The notebook of one call."""

    attempt: CallAttempt
    ledger: Ledger
    publish: Callable[[InterviewEvent], None]
    metrics: CallMetrics = field(default_factory=CallMetrics)
    transcript: list[Turn] = field(default_factory=list)
    mood: list[MoodPoint] = field(default_factory=list)
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    heard: Callable[[Turn], None] | None = None
    """Told of what the candidate's side said, before we react to it."""
    asked: Callable[[Learned], None] | None = None
    """Told of what the candidate wants of us."""
    offset_ms: int = 0
    """What the present conversation's clock lies behind the answer."""

    @property
    def call_id(self) -> str:
        """The call all this is about."""
        return self.attempt.call_id

    def state(self, state: CallState) -> None:
        """The call entered a state."""
        now = datetime.now(UTC).astimezone()
        if state is CallState.TALKING:
            self.answered_at = now
        elif state is CallState.ENDED:
            self.ended_at = now
        self.ledger.note(self.call_id, self.ledger.store.set_state, self.call_id, state, now)
        self.publish(StateChanged(self.call_id, state))
        log.info("call_state", call_id=self.call_id, state=str(state))

    def turn(self, turn: Turn) -> None:
        """An utterance of either side is known."""
        if self.offset_ms:
            turn = turn.model_copy(update={"start_ms": turn.start_ms + self.offset_ms, "end_ms": turn.end_ms + self.offset_ms})
        self.transcript.append(turn)
        if self.heard is not None and turn.who is Speaker.CANDIDATE:
            self.heard(turn)
        self.ledger.note(self.call_id, self.ledger.store.add_turn, self.call_id, len(self.transcript) - 1, turn)

    def learned(self, item: Learned) -> None:
        """Something the call has just learned."""
        record = LearnedItem(
            kind=LearnedKind(item.name), key=item.key, value=item.value, text=item.text, at=datetime.now(UTC).astimezone()
        )
        self.ledger.note(self.call_id, self.ledger.store.learn, self.call_id, record)
        if self.asked is not None and record.kind is LearnedKind.REQUEST:
            self.asked(item)

    def trouble(self, what: str, error: BaseException | None = None) -> None:
        """Something failed and was dealt with."""
        self.metrics.trouble(what)
        self.publish(Trouble(self.call_id, what))
        log.warning("trouble", call_id=self.call_id, what=what, error=type(error).__name__ if error else None)
