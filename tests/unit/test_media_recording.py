"""The stereo recorder: both sides where they belong, whatever happens to the process or the disk."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import wave
from pathlib import Path

import numpy as np
import pytest

from agi_app.errors import TelephonyError
from agi_app.telephony.recording import StereoRecorder, repair

RATE = 8000
FRAME = 160


def sides(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, RATE)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    return samples[:, 0], samples[:, 1]


def tone(samples: int, value: int = 1000) -> bytes:
    return np.full(samples, value, "<i2").tobytes()


async def test_both_sides_stand_at_their_times(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "sub" / "call.wav", rate=RATE, answered_at=100.0)
    for number in range(50):
        recorder.candidate(100.5 + 0.02 * (number + 1), tone(FRAME, 500))
    recorder.ours(102.0, tone(RATE, -700))
    recorder.ours(103.0, tone(RATE // 2, -700))
    assert await recorder.close(ended_at=105.0) == tmp_path / "sub" / "call.wav"
    left, right = sides(recorder.path)
    assert len(left) == 5 * RATE
    assert np.flatnonzero(left).min() == RATE // 2
    assert np.flatnonzero(left).max() == RATE // 2 + 50 * FRAME - 1
    assert np.flatnonzero(right).min() == 2 * RATE
    assert np.flatnonzero(right).max() == round(3.5 * RATE) - 1
    assert set(left[left != 0]) == {500}
    assert set(right[right != 0]) == {-700}
    assert recorder.dropped == 0


async def test_ten_minutes_do_not_drift(tmp_path: Path) -> None:
    """The candidate's clock is 100 ppm fast; a click each second on both sides must stay together."""
    recorder = StereoRecorder(tmp_path / "long.wav", rate=RATE, answered_at=0.0)
    click = np.zeros(RATE, "<i2")
    click[:FRAME] = 9000
    second = click.tobytes()
    step = 0.02 * (1 - 100e-6)
    frames = 0
    for at in range(600):
        recorder.ours(float(at), second)
        while step * (frames + 1) <= at + 1:
            part = click[frames * FRAME % RATE :][:FRAME]
            recorder.candidate(step * (frames + 1), part.tobytes())
            frames += 1
        while recorder._queue.qsize() > 300:
            os.sched_yield()
    await recorder.close()
    assert recorder.dropped == 0
    left, right = sides(recorder.path)
    ours = np.flatnonzero(np.diff((right > 5000).astype(int)) > 0)
    theirs = np.flatnonzero(np.diff((left > 5000).astype(int)) > 0)
    # their clock gains 60 ms in ten minutes: click n of theirs is due n x 0.1 ms before ours
    assert len(ours) >= 599
    for number in (1, 100, 300, 500, 590):
        due = ours[number] - number * 100e-6 * RATE
        assert np.abs(theirs - due).min() / RATE < 0.040


def test_a_killed_process_leaves_a_file_that_plays_and_can_be_repaired(tmp_path: Path) -> None:
    path = tmp_path / "killed.wav"
    program = textwrap.dedent(
        f"""
        import asyncio, time
        from pathlib import Path
        from agi_app.telephony.recording import StereoRecorder

        async def main():
            recorder = StereoRecorder(Path({str(path)!r}), rate=8000, answered_at=0.0)
            for number in range(500):
                recorder.candidate(0.02 * (number + 1), b"\\x10\\x10" * 160)
                while recorder._queue.qsize() > 300:
                    time.sleep(0)
            while recorder._queue.qsize():
                time.sleep(0.01)
            time.sleep(0.1)
            print("ready", flush=True)
            time.sleep(60)

        asyncio.run(main())
        """
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    left, _ = sides(path)
    assert len(left) >= 8 * RATE
    assert repair(path) is False  # nothing to repair: the header was right all the time
    with path.open("ab") as file:
        file.write(bytes(4 * 100 + 3))  # written, but the header was not brought up to date any more
    assert repair(path) is True
    assert len(sides(path)[0]) == len(left) + 100
    assert repair(path) is False


async def test_discarded_when_the_candidate_refuses(tmp_path: Path) -> None:
    recorder = StereoRecorder(tmp_path / "no.wav", rate=RATE, answered_at=0.0)
    recorder.candidate(0.5, tone(FRAME))
    await recorder.discard()
    assert not recorder.path.exists()
    recorder.candidate(0.6, tone(FRAME))  # still tapped for a moment: ignored
    await recorder.close()
    assert not recorder.path.exists()


async def test_the_loop_never_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mended = threading.Event()
    write = wave.Wave_write.writeframes

    def stuck(self: wave.Wave_write, data: bytes) -> None:
        mended.wait()
        write(self, data)

    monkeypatch.setattr(wave.Wave_write, "writeframes", stuck)
    recorder = StereoRecorder(tmp_path / "slow.wav", rate=RATE, answered_at=0.0)
    for number in range(2000):
        recorder.candidate(0.02 * (number + 1), tone(FRAME))
    assert recorder.dropped >= 1000
    mended.set()
    await recorder.close()
    assert len(sides(recorder.path)[0]) > 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full disk to write to")
async def test_a_full_disk_is_told_and_harms_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "full.wav").symlink_to("/dev/full")
    recorder = StereoRecorder(tmp_path / "full.wav", rate=RATE, answered_at=0.0)
    for number in range(300):
        recorder.candidate(0.02 * (number + 1), tone(FRAME))
    await recorder.close()
    assert recorder.failed == "No space left on device"


def test_what_cannot_be_made_or_repaired_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(TelephonyError, match="cannot be made"):
        StereoRecorder(tmp_path / "file" / "call.wav", rate=RATE, answered_at=0.0)
    with pytest.raises(TelephonyError, match="no recording of ours"):
        repair(tmp_path / "file")
    with pytest.raises(TelephonyError, match="cannot be repaired"):
        repair(tmp_path / "missing.wav")
