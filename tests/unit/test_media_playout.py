"""The ledger of what is heard, driven by a clock that the test turns."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agi_app.telephony.media.playout import Played, Playout

RATE = 16_000  # bytes a second
FRAME = bytes(320)  # 20 ms


def test_audio_is_played_from_when_its_run_began() -> None:
    playout = Playout(RATE)
    assert playout.send(9.9, FRAME * 5)
    assert playout.played_ms(10.0) == 0
    assert playout.overdue_s(10.0) == pytest.approx(0.1)
    playout.started(10.0)
    assert playout.queued_ms(10.0) == pytest.approx(100)
    assert playout.played_ms(10.03) == pytest.approx(30)
    assert not playout.send(10.05, FRAME)
    assert playout.queued_ms(10.05) == pytest.approx(70)
    assert playout.played_ms(99) == pytest.approx(120)
    assert playout.overdue_s(11.12) == pytest.approx(1.0)


def test_a_mark_that_comes_twice_changes_nothing() -> None:
    playout = Playout(RATE)
    playout.send(10.0, FRAME * 5)
    playout.started(10.015)
    playout.started(10.055)
    assert playout.played_ms(10.065) == pytest.approx(50)
    assert [item.at_s for item in playout.take(10.2)] == [pytest.approx(10.015)]


def test_a_mark_behind_everything_says_that_all_was_played() -> None:
    playout = Playout(RATE)
    playout.send(10.0, FRAME * 5)
    playout.started(10.0)
    playout.reached(10.09)
    assert playout.played_ms(10.09) == pytest.approx(100)
    playout.take(10.09)
    playout.send(11.0, FRAME)  # whose first mark was lost
    playout.reached(11.03)
    assert playout.take(11.03) == [Played(pytest.approx(11.01), FRAME)]


def test_a_pause_stands_still() -> None:
    playout = Playout(RATE)
    playout.send(10.0, FRAME * 10)
    playout.started(10.0)
    playout.pause(10.05)
    playout.pause(10.09)
    assert playout.played_ms(12) == pytest.approx(50)
    assert playout.queued_ms(12) == pytest.approx(150)
    assert playout.overdue_s(99) == 0
    playout.resume(13.0)
    assert playout.played_ms(13.1) == pytest.approx(150)
    assert [(round(item.at_s, 3), len(item.pcm)) for item in playout.take(13.15)] == [(12.95, 3200)]


def test_taken_before_a_pause_the_rest_is_played_after_it() -> None:
    playout = Playout(RATE)
    playout.send(10.0, FRAME * 10)
    playout.started(10.0)
    assert [(item.at_s, len(item.pcm)) for item in playout.take(10.05)] == [(10.0, 800)]
    playout.pause(10.05)
    assert playout.take(12.9) == []
    playout.resume(13.0)
    assert [(round(item.at_s, 6), len(item.pcm)) for item in playout.take(13.5)] == [(13.0, 2400)]


def test_what_is_flushed_was_never_played() -> None:
    playout = Playout(RATE)
    playout.send(10.0, b"ab" * 1600)
    playout.started(10.0)
    assert playout.flush(10.05) == [Played(10.0, b"ab" * 400)]
    assert playout.played_ms(99) == pytest.approx(50)
    assert playout.take(99) == []
    assert playout.send(20.0, FRAME)
    playout.started(20.0)
    assert [item.at_s for item in playout.take(21)] == [20.0]


def test_an_underrun_leaves_a_gap() -> None:
    playout = Playout(RATE)
    playout.send(10.0, FRAME)
    playout.started(10.0)
    assert playout.take(10.5) == [Played(10.0, FRAME)]
    assert playout.send(10.5, FRAME)
    playout.started(10.5)
    assert playout.take(11) == [Played(10.5, FRAME)]


def test_what_is_sent_into_a_pause_waits() -> None:
    playout = Playout(RATE)
    playout.pause(9.0)
    playout.send(10.0, FRAME * 2)
    assert playout.played_ms(11) == 0
    assert playout.overdue_s(11) == 0
    playout.resume(12.0)
    assert playout.overdue_s(12.5) == pytest.approx(0.5)
    playout.started(12.0)
    assert [item.at_s for item in playout.take(12.04)] == [pytest.approx(12.0)]


steps = st.lists(
    st.tuples(st.sampled_from(["send", "pause", "resume", "flush", "take", "started", "reached"]), st.integers(0, 300)), max_size=40
)


@settings(deadline=None)
@given(steps)
def test_nothing_is_played_twice_or_before_its_time(script: list[tuple[str, int]]) -> None:
    playout, now, sent, played = Playout(RATE), 100.0, 0, []
    before = 0.0
    for step, wait_ms in script:
        now += wait_ms / 1000
        played += playout.take(now)
        match step:
            case "send":
                playout.send(now, FRAME)
                sent += len(FRAME)
            case "pause":
                playout.pause(now)
            case "resume":
                playout.resume(now)
            case "flush":
                played += playout.flush(now)
            case "take":
                played += playout.take(now)
            case "started":
                playout.started(now)
            case "reached":
                playout.reached(now)
        assert playout.played_ms(now) >= before - 1e-6
        before = playout.played_ms(now)
    played += playout.take(now)
    assert sum(len(item.pcm) for item in played) <= sent
    ends = [(item.at_s, item.at_s + len(item.pcm) / RATE) for item in played]
    assert all(end <= now + 1e-6 for _, end in ends)
