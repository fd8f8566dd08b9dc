"""What the candidate said in one turn, and small judgements about utterances of both sides."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

from agi_app.audio.turn_values import Verdict
from agi_app.dialogue.understanding import Heard, Hypothesis, Intent, Understanding
from agi_app.speech.asr.protocol import Alternative

LONGEST_HELLO = 8
"""Characters with punctuation of what people say on picking up (喂，你好，哪位。); announcements and assistants say more."""
SPOKEN_CHARACTERS_A_SECOND = 4.5
"""Our voice's usual pace, for a prompt that was cut before all of it was synthesised."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One turn of the candidate; times in milliseconds since the answer."""

    heard: Heard
    start_ms: int = 0
    end_ms: int = 0
    understanding: Understanding | None = None
    """What it means for the question that was open at `move`."""
    move: int = 0
    """How many moves we had made when it was understood."""
    stages_ms: dict[str, float] = field(default_factory=dict)
    """What recognising and understanding it took."""

    def at(self, start_ms: int, end_ms: int) -> Utterance:
        """The same words with their place in the call."""
        heard = replace(self.heard, duration_ms=end_ms - start_ms)
        return replace(self, heard=heard, start_ms=start_ms, end_ms=end_ms)


class Counted:
    """A stream of audio that knows how much of it there was."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self.bytes = 0
        self.complete = False
        """True once the stream came to its end."""

    def __aiter__(self) -> Counted:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await anext(self._chunks)
        except StopAsyncIteration:
            self.complete = True
            raise
        self.bytes += len(chunk)
        return chunk

    async def aclose(self) -> None:
        """Stop the stream's source."""
        close = getattr(self._chunks, "aclose", None)
        if close is not None:
            await close()


def weighted(alternatives: Sequence[Alternative]) -> tuple[Hypothesis, ...]:
    """Alternatives with their weight relative to the best, best first; empty texts are left out."""
    spoken = [alternative for alternative in alternatives if alternative.text]
    if not spoken:
        return ()
    best = max(alternative.log_prob for alternative in spoken)
    return tuple(Hypothesis(alternative.text, math.exp(alternative.log_prob - best)) for alternative in spoken)


def joined(pieces: Sequence[Heard], last: Heard) -> Heard:
    """One utterance of the pieces it was recognised in: their best readings, followed by each reading of the last."""
    start = "".join(piece.text for piece in pieces)
    if not start:
        return last
    ends = last.hypotheses or (Hypothesis(""),)
    return replace(
        last,
        hypotheses=tuple(Hypothesis(start + end.text, end.weight) for end in ends),
        closed=(),
        confidence=min(heard.confidence for heard in (*pieces, last) if heard.hypotheses),
    )


def verdict(heard: Heard, understanding: Understanding, *, nod: bool = False, opening: bool = False) -> Verdict:
    """How finished an utterance sounds, from what was understood of it.

    Args:
        nod: nothing but 嗯 or 好的, while we speak, where that is no answer.
        opening: it is what was said on picking up.
    """
    if not heard.hypotheses and not heard.closed:
        return Verdict.EMPTY
    if nod:
        return Verdict.BACKCHANNEL
    if not understanding.complete:
        return Verdict.INCOMPLETE
    if opening and len(heard.text) > LONGEST_HELLO:
        return Verdict.OPEN  # perhaps a machine, with more to say
    if understanding.hold:
        return Verdict.COMPLETE
    if understanding.may_go_on:
        return Verdict.OPEN
    answered = bool(understanding.slots) or understanding.intent not in (Intent.OTHER, Intent.PROVIDE, Intent.BACKCHANNEL)
    return Verdict.COMPLETE if answered and not understanding.needs_confirmation else Verdict.PLAIN


def heard_part(text: str, heard_ms: int, total_ms: int | None) -> str:
    """The part of a prompt that was heard before it was cut, to the character."""
    share = heard_ms / total_ms if total_ms else heard_ms / 1000 * SPOKEN_CHARACTERS_A_SECOND / max(1, len(text))
    return text[: round(len(text) * min(1.0, share))]
