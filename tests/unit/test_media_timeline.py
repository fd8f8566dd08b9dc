"""Where frames land on the recording's time line, with jitter, bursts, pauses and clocks that differ."""

import itertools
import random

import pytest

from agi_app.telephony.timeline import ArrivalTimeline

RATE = 8000
FRAME = 160


def run(arrivals_s: list[float]) -> list[tuple[int, int]]:
    """Feed frames that ended arriving at these times; (true arrival, placed end) of those that were placed."""
    timeline = ArrivalTimeline(RATE)
    placed = []
    for arrival in arrivals_s:
        at = round(arrival * RATE)
        start = timeline.place(at, FRAME)
        if start is not None:
            placed.append((at, start + FRAME))
    return placed


def ms(samples: float) -> float:
    return 1000 * samples / RATE


def test_a_steady_stream_is_one_piece() -> None:
    placed = run([0.02 * n for n in range(1, 500)])
    assert [end for _, end in placed] == [FRAME * n for n in range(1, 500)]


def test_jitter_and_bursts_neither_tear_nor_shift() -> None:
    rng = random.Random(1)
    sent = [0.02 * n for n in range(1, 3000)]
    arrivals, last = [], 0.0
    for at in sent:
        last = max(last, at + rng.expovariate(1 / 0.008))
        if rng.random() < 0.01:
            last += 0.12  # a burst follows
        arrivals.append(last)
    placed = run(arrivals)
    assert len(placed) > len(sent) * 0.995
    errors = [ms(end - at * RATE) for (_, end), at in zip(placed, sent, strict=False)]
    assert max(errors[50:]) - min(errors[50:]) < 60
    gaps = sum(1 for (_, a), (_, b) in itertools.pairwise(placed) if b - a != FRAME)
    assert gaps <= 5


@pytest.mark.parametrize("ppm", [-400, -50, 50, 400])
def test_another_clock_never_drifts_by_40_ms_in_ten_minutes(ppm: int) -> None:
    step = 0.02 * (1 + ppm / 1_000_000)
    rng = random.Random(2)
    placed = run([step * n + rng.uniform(0, 0.005) for n in range(1, round(600 / step))])
    assert max(abs(ms(end - at)) for at, end in placed) < 40
    assert len(placed) > 29_000 * 0.99


def test_a_stream_that_paused_comes_back_at_its_time() -> None:
    placed = run([0.02 * n for n in range(1, 51)] + [3 + 0.02 * n for n in range(1, 51)])
    assert placed[50] == (round(3.02 * RATE), round(3.02 * RATE))


def test_lost_packets_become_a_gap_within_half_a_second() -> None:
    kept = [n for n in range(1, 400) if not 100 <= n < 105]  # 100 ms lost
    placed = run([0.02 * n for n in kept])
    assert all(abs(ms(end - at)) <= 20 for at, end in placed[-250:])


def test_nothing_is_placed_before_the_beginning() -> None:
    assert ArrivalTimeline(RATE).place(80, FRAME) == 0
