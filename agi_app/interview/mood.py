"""Follows a candidate's mood through a call: what the line tells of timing and voice, and the curve for the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from statistics import median

import numpy as np
import numpy.typing as npt
import structlog

from agi_app.audio.prosody import Prosody, prosody
from agi_app.audio.turn_values import Span
from agi_app.dialogue.dialogue import Dialogue
from agi_app.dialogue.mood import Mood, Voice
from agi_app.dialogue.understanding import Heard, Understanding
from agi_app.interview.notes import CallNotes
from hr_sync.records import MoodPoint, Speaker, Turn

log = structlog.get_logger(__name__)

Audio = npt.NDArray[np.float32]

_USUAL_AFTER = 2
"""Utterances after which we know how the candidate usually speaks."""
_SHORTEST_MS = 600
"""A 嗯 says nothing about a manner of speaking."""
_PACE_SPREAD = 1.0
"""Syllables a second by which the pace of one speaker varies between utterances; the same for the next three."""
_LEVEL_SPREAD_DB = 3.0
_PITCH_SPREAD_SEMITONES = 1.5
_PAUSE_SPREAD = 0.15


class MoodTracker:
    """Reads one candidate's mood. Call `hear` once for each utterance, when it stands in the notes and before the dialogue
    hears it.

    Args:
        dialogue: reads the words, and says what may be used.
        audio: the candidate's samples in a span, in [-1, 1].
        rate: samples a second.
        notes: the call's notebook: it has the times of both sides, and keeps the curve.
    """

    def __init__(self, dialogue: Dialogue, audio: Callable[[Span], Audio], rate: int, notes: CallNotes) -> None:
        self._dialogue = dialogue
        self._audio = audio
        self._rate = rate
        self._notes = notes
        self._usual: list[Prosody] = []

    def hear(self, heard: Heard, start_ms: int, end_ms: int, understanding: Understanding | None = None) -> Mood | None:
        """The mood after an utterance; None where moods are not to be used, or there were no words. Takes some milliseconds.

        Args:
            heard: the words.
            start_ms: of the utterance, by the clock of `audio`.
            end_ms: its end.
            understanding: what it means, where that is known already.
        """
        said = self._last(Speaker.CANDIDATE)
        if not self._dialogue.moods.enabled or not heard.text or said is None:
            return None
        prompt = self._last(Speaker.SYSTEM)
        lead_ms = said.start_ms - prompt.end_ms if prompt is not None else 0
        mood = self._dialogue.read_mood(
            replace(heard, latency_ms=lead_ms if prompt is not None and lead_ms >= 0 else None),
            understanding,
            overlap_ms=max(0, -lead_ms),
            voice=self._voice(start_ms, end_ms) if self._dialogue.moods.voice else None,
        )
        patience, hesitation = round(mood.patience, 2), round(mood.hesitation, 2)
        self._notes.mood.append(MoodPoint(at_ms=said.start_ms, patience=patience, hesitation=hesitation))
        log.info("mood", call_id=self._notes.call_id, patience=patience, hesitation=hesitation, signs=mood.signs)
        return mood

    def _last(self, who: Speaker) -> Turn | None:
        return next((turn for turn in reversed(self._notes.transcript) if turn.who is who), None)

    def _voice(self, start_ms: int, end_ms: int) -> Voice | None:
        """How the utterance was spoken against the candidate's earlier ones; None when there is nothing to compare."""
        if end_ms - start_ms < _SHORTEST_MS:
            return None
        spoken = prosody(self._audio(Span(start_ms * self._rate // 1000, end_ms * self._rate // 1000)), self._rate)
        if spoken is None:
            return None
        usual, self._usual = self._usual, [*self._usual, spoken]
        return compare(spoken, usual) if len(usual) >= _USUAL_AFTER else None


def compare(spoken: Prosody, usual: list[Prosody]) -> Voice:
    """An utterance against others of the same speaker: each difference in units of what is common within one speaker."""
    pace = (spoken.syllables_per_s - median(one.syllables_per_s for one in usual)) / _PACE_SPREAD
    level = (spoken.level_db - median(one.level_db for one in usual)) / _LEVEL_SPREAD_DB
    pauses = (spoken.pause_share - median(one.pause_share for one in usual)) / _PAUSE_SPREAD
    pitches = [one.pitch_hz for one in usual if one.pitch_hz is not None]
    pitch = 0.0
    if spoken.pitch_hz is not None and pitches:
        pitch = 12 * float(np.log2(spoken.pitch_hz / median(pitches))) / _PITCH_SPREAD_SEMITONES
    return Voice(haste=_unit((pace + level + pitch) / 3), doubt=_unit((pauses - pace - level / 2) / 2))


def _unit(value: float) -> float:
    return float(np.clip(value, 0.0, 2.0))
