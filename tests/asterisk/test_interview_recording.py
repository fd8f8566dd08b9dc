"""A call is recorded as both sides heard it, and kept only when the candidate agreed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import correlate

from hr_sync.records import Disposition, Speaker
from tests.asterisk.interview_stage import Theatre, candidate, phone_sides, prompt, sides

IT_IS_ME = {"when": "greeting", "say": "对，我是", "after_ms": 1500}
FRAME_MS = 20
ON_THE_WAY_MS = 100
"""Bound of what jitter buffers, companding and bridging take, one way; twice that on a machine that is busy with other things."""


def placed(part: np.ndarray, whole: np.ndarray, rate: int) -> tuple[float, float]:
    """Where in a recording (ms) a part of another one is, and how alike the two are there."""
    found = correlate(whole, part, "valid")
    at = int(np.argmax(found))
    there = whole[at : at + len(part)]
    return 1000 * at / rate, float(found[at] / (np.linalg.norm(part) * np.linalg.norm(there) + 1e-9))


async def test_an_agreed_recording_holds_both_sides_in_their_time(stage: Theatre) -> None:
    turns = [IT_IS_ME, {"when": "consent", "say": "可以，你说吧", "after_ms": 400}]
    async with stage.hearing({"greeting": "对，我是", "consent": "可以"}):
        call = await stage.call(candidate(turns=turns, hang_up={"during": "pitch", "at_ms": 1000}))
    row = stage.row(call)
    assert row.consent.recording
    [path] = stage.recordings(row)
    assert row.recording == str(path)
    assert path.stat().st_mode & 0o077 == 0
    left, right, rate = sides(path)
    assert row.answered_at is not None
    assert len(left) / rate == pytest.approx((row.ended_at - row.answered_at).total_seconds(), abs=0.5)
    assert call.log is not None
    assert call.log.answered_ms is not None
    sent, heard, phone_rate = phone_sides(call.log)
    assert phone_rate == rate
    from_answer = slice(call.log.answered_ms * rate // 1000, None)
    late: dict[Speaker, list[float]] = {Speaker.CANDIDATE: [], Speaker.SYSTEM: []}
    for turn in row.transcript[:-1]:  # the last one was cut off
        ours, phone = (left, sent) if turn.who is Speaker.CANDIDATE else (right, heard)
        place_ms, alike = placed(ours[turn.start_ms * rate // 1000 : turn.end_ms * rate // 1000], phone[from_answer], rate)
        assert alike > 0.3, turn  # a jitter buffer that slips by a frame in the middle halves it
        late[turn.who].append(turn.start_ms - place_ms)
    # What the candidate says leaves the phone before it comes to us, and what we say leaves us before it comes to the phone. Both
    # recordings begin with the answer, as each side saw it: that may be a frame apart.
    assert all(-FRAME_MS <= each <= ON_THE_WAY_MS for each in late[Speaker.CANDIDATE]), late
    assert all(-2 * ON_THE_WAY_MS <= each <= FRAME_MS for each in late[Speaker.SYSTEM]), late
    assert abs(float(np.median(late[Speaker.SYSTEM]))) <= ON_THE_WAY_MS, late


async def test_a_recording_that_is_refused_is_gone_at_once(stage: Theatre) -> None:
    turns = [IT_IS_ME, {"when": "consent", "say": "可以，但是不要录音", "after_ms": 400}]
    persona = candidate(turns=turns, hang_up={"during": "recording_choice", "at_ms": 900})
    async with stage.hearing({"greeting": "对，我是", "consent": "可以，但是不要录音"}), stage.calling(persona) as calling:
        await stage.until(prompt("consent"))
        [call_id] = {event.call_id for _, event in stage.events}
        recording = stage.settings.state / "recordings" / f"{call_id}.wav"
        assert recording.exists()
        await stage.until(prompt("recording_choice"))
        assert not recording.exists()
    row = stage.row(await calling)
    assert row.disposition is Disposition.DECLINED_RECORDING
    assert (row.consent.recording, row.recording) == (False, None)
    assert stage.recordings(row) == []
