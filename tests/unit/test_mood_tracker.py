"""What the line adds to a mood: timing from the transcript, the voice against itself, and the curve in the notes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from agi_app.audio.turn_values import Span
from agi_app.dialogue.dialogue import Dialogue
from agi_app.dialogue.mood import MoodUse
from agi_app.dialogue.understanding import Heard, Hypothesis
from agi_app.interview.mood import MoodTracker, compare
from hr_sync.records import Speaker, Turn
from tests.unit.dialogue_kit import BRIEF, NOW, PACK, Scripted
from tests.unit.test_prosody import RATE, voice


class Line:
    """A line whose next utterance the test decides."""

    def __init__(self, moods: MoodUse | None = None) -> None:
        self.dialogue = Dialogue(PACK, Scripted(), BRIEF, call_id="c-1", now=lambda: NOW, moods=moods)
        self.dialogue.begin()
        self.notes: Any = SimpleNamespace(transcript=[], mood=[], call_id="c-1")
        self.sound = voice()
        self.spans: list[Span] = []
        self.tracker = MoodTracker(self.dialogue, self._audio, RATE, self.notes)

    def _audio(self, span: Span) -> Any:
        self.spans.append(span)
        return self.sound

    def prompt(self, start_ms: int, end_ms: int) -> None:
        self.notes.transcript.append(Turn(who=Speaker.SYSTEM, text="您好", start_ms=start_ms, end_ms=end_ms))

    def say(self, text: str, start_ms: int, end_ms: int) -> Any:
        self.notes.transcript.append(Turn(who=Speaker.CANDIDATE, text=text, start_ms=start_ms, end_ms=end_ms))
        return self.tracker.hear(Heard((Hypothesis(text),)), start_ms, end_ms)


def test_the_curve_is_kept_with_its_times() -> None:
    line = Line()
    line.prompt(0, 2000)
    line.say("是我", 2500, 3200)
    line.say("快点", 9000, 9800)
    assert [point.at_ms for point in line.notes.mood] == [2500, 9000]
    assert line.notes.mood[0].patience == 1.0
    assert line.notes.mood[1].patience < 0.4


def test_talking_over_us_and_a_slow_answer_are_told_by_the_times() -> None:
    line = Line()
    line.prompt(0, 3000)
    assert line.say("是我", 2000, 3500).signs == ("talks over us",)
    line.prompt(5000, 8000)
    assert line.say("可以", 11_000, 11_500).signs == ("slow to answer",)
    line.prompt(12_000, 14_000)
    assert line.say("可以", 14_400, 15_000).signs == ()


def test_a_voice_that_grows_hasty_counts_against_the_candidates_own() -> None:
    line = Line()
    line.prompt(0, 1000)
    for number in range(3):
        line.prompt(5000 * number, 5000 * number + 1000)
        assert line.say("一万二左右", 1500 + 5000 * number, 3500 + 5000 * number).signs == ()
    line.sound = voice(pitch=220, syllables=7, level_db=-10)
    line.prompt(28_000, 29_500)
    assert line.say("一万二左右", 30_000, 32_000).signs == ("hasty voice",)
    assert line.spans[-1] == Span(30 * RATE, 32 * RATE)


def test_the_voice_is_not_listened_to_where_it_must_not_be() -> None:
    line = Line(MoodUse(voice=False))
    line.prompt(0, 1000)
    line.say("一万二左右", 1500, 3500)
    assert line.spans == []
    assert len(line.notes.mood) == 1


def test_nothing_is_read_or_kept_where_moods_are_not_to_be_used() -> None:
    line = Line(MoodUse(enabled=False))
    line.prompt(0, 1000)
    assert line.say("快点快点", 1500, 3500) is None
    assert line.spans == []
    assert line.notes.mood == []


def test_keys_and_silence_have_no_mood() -> None:
    line = Line()
    assert line.tracker.hear(Heard((), key="1"), 0, 100) is None
    assert line.tracker.hear(Heard(()), 0, 100) is None
    assert line.notes.mood == []


def test_slower_and_softer_is_doubt() -> None:
    from agi_app.audio.prosody import prosody

    usual = [prosody(voice(), RATE)] * 3
    doubtful = prosody(
        np.concatenate((voice(1.0, syllables=2, level_db=-26), np.zeros(RATE, np.float32), voice(1.0, syllables=2, level_db=-26))),
        RATE,
    )
    assert doubtful is not None
    assert usual[0] is not None
    told = compare(doubtful, [one for one in usual if one is not None])
    assert told.doubt >= 1
    assert told.haste == 0
    same = compare(usual[0], [one for one in usual if one is not None])
    assert same.haste == same.doubt == pytest.approx(0)
