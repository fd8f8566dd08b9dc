"""How the candidate seems to feel, from turn to turn: patience and hesitation, from words, timing and, where allowed, the voice.

It shapes how we talk (shorter, the core first, an advantage once) and never enters a score. The weights are judgement, not
counts: one plain sign of impatience (快点) is enough to be brief for two turns, two of them to offer to stop; a mild one alone (an
overlap, a curt answer) changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from agi_app.dialogue.keywords import says
from agi_app.dialogue.pack.schema import MoodSigns, MoodWords
from agi_app.dialogue.understanding import Heard, Intent

HURRIED_BELOW = 0.4
WEARY_BELOW = 0.2
HESITANT_FROM = 0.5

_PLAIN, _MILD = 0.75, 0.25
"""What a plain and a mild sign of impatience take from patience."""
_DOUBT, _MILD_DOUBT = 0.55, 0.2
_RECOVERY = 0.15
"""Share of the lost patience that comes back in a turn without any sign."""
_FADING = 0.6
"""Share of the hesitation that is left a turn later."""
_STORY = 24
"""Characters from which single words tell something of the story, not of the teller."""
_CURT = 4
"""Characters of an answer to an open question that is no story."""
_OVERLAP_MS = 400
"""Talking into our prompt for longer than this is no coincidence."""
_SLOW_MS, _SLOW_FACTOR = 2200, 2.0
"""An answer that takes this long, and so much longer than this candidate's others, was hesitated over."""


@dataclass(frozen=True, slots=True)
class Voice:
    """How an utterance was spoken against this candidate's own way of speaking: 0 as usual, 1 clearly so, at most 2."""

    haste: float = 0.0
    """Faster, louder and higher."""
    doubt: float = 0.0
    """Slower, softer, with more pauses."""


@dataclass(frozen=True, slots=True)
class Mood:
    """How the candidate seems to feel, 0 to 1. Adapts the wording only, never a score."""

    patience: float = 1.0
    hesitation: float = 0.0
    signs: tuple[str, ...] = ()
    """What this turn's change rests on: names of signs, never words of the candidate."""

    @property
    def hurried(self) -> bool:
        """Shorter wording is better now."""
        return self.patience < HURRIED_BELOW

    @property
    def weary(self) -> bool:
        """It is time to offer to stop, or to call at another time."""
        return self.patience < WEARY_BELOW

    @property
    def hesitant(self) -> bool:
        """An advantage may help the candidate decide."""
        return self.hesitation >= HESITANT_FROM

    @property
    def cause(self) -> str:
        """The signs, for the log."""
        return ", ".join(self.signs) or "earlier signs"


CALM = Mood()


@dataclass(frozen=True, slots=True)
class MoodUse:
    """What may be used to read a mood. Where a law forbids it, nothing is."""

    enabled: bool = True
    voice: bool = True
    """The sound of the voice beside words and timing."""


class MoodReader:
    """Follows one candidate's mood through a call.

    Args:
        words: the language pack's signs.
    """

    def __init__(self, words: MoodWords) -> None:
        self._words = words
        self._latencies_ms: list[int] = []
        self.mood = CALM
        """As of the last turn."""

    def read(
        self, heard: Heard, *, open_question: bool, intents: Iterable[Intent] = (), overlap_ms: int = 0, voice: Voice | None = None
    ) -> Mood:
        """The mood after one more utterance.

        Args:
            heard: its words, and how long it took to begin.
            open_question: it answers a question that calls for a story.
            intents: what was meant.
            overlap_ms: how long it was spoken into our prompt.
            voice: how it was spoken; None: not known, or not to be used.
        """
        intents = set(intents)
        haste, doubt = _signs(heard, self._words.impatient, open_question), _signs(heard, self._words.hesitant, open_question)
        impatience = {f"{strength} word of impatience": _PLAIN if strength == "plain" else _MILD for strength in haste}
        hesitation = {f"{strength} word of hesitation": _DOUBT if strength == "plain" else _MILD_DOUBT for strength in doubt}
        if Intent.COMPLAIN in intents:
            impatience["complaint"] = _PLAIN
        if Intent.HESITATE in intents:
            hesitation["hesitates"] = _DOUBT
        if open_question and heard.text and len(heard.text) <= _CURT and Intent.HESITATE not in intents:
            impatience["curt answer"] = _MILD
        if overlap_ms > _OVERLAP_MS:
            impatience["talks over us"] = _MILD
        if self._slow(heard.latency_ms):
            hesitation["slow to answer"] = _MILD_DOUBT
        if voice is not None and voice.haste >= 1:
            impatience["hasty voice"] = _MILD * min(voice.haste, 2) / 2
        if voice is not None and voice.doubt >= 1:
            hesitation["doubtful voice"] = _MILD_DOUBT * min(voice.doubt, 2)
        decided = any(says(heard.text, word) for word in self._words.decided)
        self.mood = Mood(
            patience=self._patience(sum(impatience.values())),
            hesitation=0.0 if decided and not hesitation else min(1.0, _FADING * self.mood.hesitation + sum(hesitation.values())),
            signs=(*impatience, *hesitation),
        )
        return self.mood

    def _patience(self, taken: float) -> float:
        before = self.mood.patience
        return max(0.0, before - taken) if taken else before + _RECOVERY * (1 - before)

    def _slow(self, latency_ms: int | None) -> bool:
        if latency_ms is None or latency_ms < 0:
            return False
        usual = median(self._latencies_ms) if self._latencies_ms else 0
        self._latencies_ms.append(latency_ms)
        return latency_ms >= _SLOW_MS and latency_ms >= _SLOW_FACTOR * usual


def _signs(heard: Heard, signs: MoodSigns, open_question: bool) -> tuple[str, ...]:
    """The strongest kind of sign among the words: plain, mild or none."""
    if open_question and len(heard.text) >= _STORY:
        return ()
    for strength, words in (("plain", signs.plain), ("mild", signs.mild)):
        if any(says(heard.text, word) for word in words):
            return (strength,)
    return ()
