"""Who speaks, and until when: the level beside the model's probability."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from agi_app.audio.activity import SpeechActivity

BLOCK = 256
BLOCK_MS = 32
Wave = npt.NDArray[np.float32]


def noise(ms: int, level_db: float, seed: int = 0) -> Wave:
    return (np.random.default_rng(seed).standard_normal(8 * ms) * 10 ** (level_db / 20)).astype(np.float32)


def judged(activity: SpeechActivity, sound: Wave, probability: float) -> list[bool]:
    return [activity.is_speech(sound[at : at + BLOCK], probability) for at in range(0, sound.size - BLOCK + 1, BLOCK)]


@pytest.mark.parametrize("background_db", [-80, -50, -38])
def test_a_sound_is_over_when_it_fell_towards_the_background_though_the_model_lags(background_db: float) -> None:
    activity = SpeechActivity()
    judged(activity, noise(960, background_db), 0.02)
    assert all(judged(activity, noise(640, -24), 0.97))
    after = judged(activity, noise(160, background_db, seed=1), 0.9)  # the model goes on for 130 ms
    assert not any(after)


def test_a_soft_syllable_inside_a_word_is_no_end() -> None:
    activity = SpeechActivity()
    judged(activity, noise(960, -70), 0.02)
    assert all(judged(activity, noise(320, -24), 0.97))
    assert all(judged(activity, noise(128, -38), 0.9))


def test_in_loud_noise_the_model_decides_alone() -> None:
    activity = SpeechActivity()
    judged(activity, noise(960, -30), 0.02)
    assert all(judged(activity, noise(640, -26), 0.97))
    assert not any(judged(activity, noise(320, -30), 0.1))


def test_a_television_behind_the_candidate_neither_opens_nor_keeps_a_turn() -> None:
    activity = SpeechActivity()
    judged(activity, noise(320, -60), 0.02)
    assert all(judged(activity, noise(640, -22), 0.97))
    activity.understood()
    assert any(judged(activity, noise(192, -38), 0.95)) is False or not judged(activity, noise(32, -38), 0.95)[0]
    assert not any(judged(activity, noise(3200, -38), 0.95)), "sixteen decibels below: from the room"
    assert all(judged(activity, noise(320, -24), 0.97)), "the candidate again"


def test_a_candidate_who_moved_away_is_heard_again_after_a_turn_in_vain() -> None:
    activity = SpeechActivity()
    judged(activity, noise(640, -20), 0.97)
    activity.understood()
    judged(activity, noise(320, -70), 0.02)
    assert not any(judged(activity, noise(960, -36), 0.97))
    activity.nothing_said()
    assert all(judged(activity, noise(640, -36), 0.97))


def test_a_short_noise_from_the_room_changes_nothing() -> None:
    activity = SpeechActivity()
    judged(activity, noise(640, -20), 0.97)
    activity.understood()
    near = activity.near_db
    judged(activity, noise(320, -36), 0.97)
    activity.nothing_said()
    assert activity.near_db == near
