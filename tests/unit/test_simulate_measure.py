"""Synthetic recordings with known answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from agi_app.simulate.line import SAMPLE_RATE
from agi_app.simulate.measure import heard_spans, measure, total
from agi_app.simulate.plan import InterruptedCue, PhoneLog, PromptEndedCue, Spoken, StageMark

TOLERANCE_MS = 20
RNG = np.random.default_rng(5)


def recording(total_ms: int, *speech: tuple[int, int], level: float = 2000, floor: float = 8) -> npt.NDArray[np.int16]:
    """What was heard: comfort noise, and bursts of noise where we spoke."""
    wave = RNG.normal(0, floor, total_ms * SAMPLE_RATE // 1000)
    for first, last in speech:
        size = (last - first) * SAMPLE_RATE // 1000
        start = first * SAMPLE_RATE // 1000
        wave[start : start + size] += RNG.normal(0, level, size)
    return wave.astype(np.int16)


def said(start: int, end: int, kind: str = "turn", **more: Any) -> Spoken:
    awaits = kind != "backchannel" and not more.get("cut")
    return Spoken.model_validate(
        {"key": "k", "kind": kind, "text": "好", "start_ms": start, "end_ms": end, "awaits_reply": awaits, **more}
    )


def log(*spoken: Spoken, stages: tuple[StageMark, ...] = (), ended_ms: int = 20_000, **more: Any) -> PhoneLog:
    return PhoneLog(call="c", number="1", spoken=spoken, stages=stages, answered_ms=0, ended_ms=ended_ms, **more)


def ended(at_ms: int, *, interrupted: bool = False) -> StageMark:
    return StageMark(at_ms=at_ms, cue=PromptEndedCue(prompt_id="p", kind="pitch", interrupted=interrupted))


def test_spans_bridge_clause_gaps_and_leave_clicks_out() -> None:
    heard = recording(6000, (1000, 2000), (2150, 3000), (4000, 4010), (5000, 5500))
    spans = heard_spans(heard)
    assert len(spans) == 2
    assert spans[0] == pytest.approx((1000, 3000), abs=TOLERANCE_MS)
    assert spans[1] == pytest.approx((5000, 5500), abs=TOLERANCE_MS)


def test_silence_and_comfort_noise_are_no_speech() -> None:
    assert heard_spans(np.zeros(16_000, np.int16)) == []
    assert heard_spans(recording(2000)) == []


@pytest.mark.parametrize("delay", [180, 640, 1975])
def test_reply_time_is_from_the_end_of_speech_to_the_first_sound(delay: int) -> None:
    heard = recording(12_000, (500, 2000), (4000 + delay, 7000 + delay))
    measures = measure(log(said(2500, 4000)), heard)
    assert measures.voice_to_voice_ms == pytest.approx([delay], abs=TOLERANCE_MS)
    assert measures.cut_offs == 0
    assert measures.unanswered == 0


def test_an_utterance_without_a_reply_is_not_a_reply_time() -> None:
    heard = recording(12_000, (500, 2000), (9000, 10_000))
    measures = measure(log(said(2500, 3000), said(6000, 7000), said(11_000, 11_500), ended_ms=12_000), heard)
    assert measures.voice_to_voice_ms == pytest.approx([2000], abs=TOLERANCE_MS)
    assert measures.unanswered == 2


def test_speaking_before_the_candidate_has_ended_is_a_cut_off() -> None:
    heard = recording(12_000, (500, 2000), (3800, 6000))
    measures = measure(log(said(2500, 5000)), heard)
    assert measures.cut_offs == 1
    assert measures.answers == 1
    assert measures.voice_to_voice_ms == []


def test_speaking_in_a_pause_of_the_answer_is_a_cut_off_even_when_we_stop_again() -> None:
    heard = recording(12_000, (500, 2000), (3600, 3900), (6000, 7000))
    measures = measure(log(said(2500, 5000, pauses=((3200, 3900),))), heard)
    assert (measures.cut_offs, measures.cut_offs_in_pause, measures.answers_with_pause) == (1, 1, 1)
    assert measures.voice_to_voice_ms == pytest.approx([1000], abs=TOLERANCE_MS)


def test_a_pause_that_is_waited_for_is_no_cut_off() -> None:
    heard = recording(12_000, (500, 2000), (5600, 7000))
    measures = measure(log(said(2500, 5000, pauses=((3200, 3900),))), heard)
    assert (measures.cut_offs, measures.answers_with_pause) == (0, 1)


def test_starting_at_the_same_moment_is_nobodys_fault() -> None:
    heard = recording(12_000, (2600, 4000))
    assert measure(log(said(2500, 3500)), heard).cut_offs == 0


def test_hanging_up_on_the_candidate_is_a_cut_off() -> None:
    measures = measure(log(said(2500, 3500, cut=True), ended_ms=3500, hung_up_by="caller"), recording(3500, (500, 2000)))
    assert measures.cut_offs == 1
    assert measure(log(said(2500, 3500, cut=True), ended_ms=3500, hung_up_by="candidate"), recording(3500)).cut_offs == 0


def test_an_interruption_is_timed_from_the_candidates_onset_to_our_silence() -> None:
    heard = recording(12_000, (1000, 3250), (5000, 6000))
    measures = measure(log(said(3000, 4200, "interrupt"), stages=(ended(3300, interrupted=True),)), heard)
    assert measures.interruption_stop_ms == pytest.approx([250], abs=TOLERANCE_MS)
    assert (measures.interruptions, measures.missed_interruptions) == (1, 0)
    assert measures.voice_to_voice_ms == pytest.approx([800], abs=TOLERANCE_MS)


def test_talking_on_is_a_missed_interruption() -> None:
    measures = measure(log(said(3000, 4200, "interrupt")), recording(12_000, (1000, 7000)))
    assert (measures.interruptions, measures.missed_interruptions) == (1, 1)
    assert measures.interruption_stop_ms == []


def test_stopping_and_going_on_over_the_candidate_is_a_missed_interruption() -> None:
    measures = measure(log(said(3000, 5000, "interrupt")), recording(12_000, (1000, 3200), (3900, 7000)))
    assert measures.missed_interruptions == 1


def test_a_prompt_that_ended_by_itself_was_not_interrupted() -> None:
    heard = recording(12_000, (1000, 3300), (5000, 6000))
    measures = measure(log(said(3000, 4200, "interrupt"), stages=(ended(3330),)), heard)
    assert measures.interruptions == 0
    assert measures.interruption_stop_ms == []


def test_talking_through_a_backchannel_is_right() -> None:
    measures = measure(log(said(3000, 3300, "backchannel")), recording(12_000, (1000, 7000)))
    assert (measures.backchannels, measures.false_stops) == (1, 0)
    assert measures.unanswered == 0


@pytest.mark.parametrize(("again_ms", "false_stops"), [(3500, 0), (3950, 1)])
def test_a_hesitation_at_a_backchannel_is_timed_and_a_long_one_is_a_false_stop(again_ms: int, false_stops: int) -> None:
    resumed = StageMark(at_ms=again_ms, cue=InterruptedCue(prompt_id="p", stopped=False))
    sound = recording(12_000, (1000, 3150), (again_ms, 7000))
    measures = measure(log(said(3000, 3300, "backchannel"), stages=(resumed,)), sound)
    assert measures.false_stops == false_stops
    assert measures.resumes_ms == pytest.approx([again_ms - 3150], abs=TOLERANCE_MS)


def test_a_prompt_given_up_at_a_backchannel_is_a_false_stop() -> None:
    stopped = StageMark(at_ms=3200, cue=InterruptedCue(prompt_id="p", stopped=True))
    measures = measure(log(said(3000, 3300, "backchannel"), stages=(stopped,)), recording(12_000, (1000, 3150)))
    assert (measures.false_stops, measures.resumes_ms) == (1, [])


def test_only_the_last_silence_of_an_interruption_counts() -> None:
    heard = recording(12_000, (1000, 3200), (3500, 3900), (7000, 9000))
    measures = measure(log(said(3000, 5000, "interrupt")), heard)
    assert measures.missed_interruptions == 0
    assert measures.interruption_stop_ms == pytest.approx([900], abs=TOLERANCE_MS)


def test_an_unmarked_gap_of_a_clause_is_no_false_stop_but_a_long_one_is() -> None:
    short = measure(log(said(3000, 3300, "backchannel")), recording(12_000, (1000, 3150), (3500, 7000)))
    assert short.false_stops == 0
    long = measure(log(said(3000, 3300, "backchannel")), recording(12_000, (1000, 3150), (4500, 7000)))
    assert long.false_stops == 1
    assert long.resumes_ms == pytest.approx([1350], abs=TOLERANCE_MS)


def test_a_prompt_that_ends_by_itself_after_a_backchannel_is_no_false_stop() -> None:
    measures = measure(log(said(3000, 3300, "backchannel"), stages=(ended(3500),)), recording(12_000, (1000, 3450)))
    assert measures.false_stops == 0


def test_calls_add_up() -> None:
    heard = recording(12_000, (500, 2000), (4500, 7000))
    both = total([measure(log(said(2500, 4000)), heard)] * 2)
    assert len(both.voice_to_voice_ms) == 2
    assert both.answers == 2
