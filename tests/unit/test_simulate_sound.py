"""Line effects and voice shaping, measured on the audio they make; lines kept on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from agi_app.simulate.line import FRAME, SAMPLE_RATE, SPEECH_DBOV, Echo, Mouthpiece, is_active, level_dbov
from agi_app.simulate.persona import Line, Noise, Persona
from agi_app.simulate.utterances import Utterances, line_name
from agi_app.simulate.voice import shaped, stretched
from hr_sync.errors import InvalidDataError

Pcm = npt.NDArray[np.int16]


def tone(ms: int, hertz: float = 300, amplitude: float = 0.2) -> Pcm:
    times = np.arange(ms * SAMPLE_RATE // 1000) / SAMPLE_RATE
    return (amplitude * 32767 * np.sin(2 * np.pi * hertz * times)).astype(np.int16)


def pitch(audio: Pcm) -> float:
    spectrum = np.abs(np.fft.rfft(audio.astype(np.float64) * np.hanning(audio.size)))
    return float(np.argmax(spectrum) * SAMPLE_RATE / audio.size)


def through(mouth: Mouthpiece, spoken: Pcm, heard: Pcm | None = None) -> Pcm:
    silence = np.zeros(FRAME, np.int16)
    out = []
    for start in range(0, spoken.size - FRAME + 1, FRAME):
        before = heard[start - FRAME : start] if heard is not None and start else silence
        out.append(mouth(spoken[start : start + FRAME], before))
    return np.concatenate(out)


@pytest.mark.parametrize("noise", list(Noise))
@pytest.mark.parametrize("snr", [5, 20])
def test_noise_has_the_level_asked_for(noise: Noise, snr: float) -> None:
    sent = through(Mouthpiece(Line(snr_db=snr, noise=noise), gain_db=-3, seed=1), np.zeros(20 * SAMPLE_RATE, np.int16))
    assert level_dbov(sent) == pytest.approx(SPEECH_DBOV - 3 - snr, abs=1.0)


def test_noise_is_repeatable_and_differs_by_seed() -> None:
    silence = np.zeros(SAMPLE_RATE, np.int16)
    line = Line(snr_db=10)
    one, again, other = (through(Mouthpiece(line, seed=seed), silence) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_echo_comes_back_weaker_and_later() -> None:
    heard = np.concatenate([tone(100), np.zeros(SAMPLE_RATE, np.int16)])
    sent = through(Mouthpiece(Line(echo_db=-15, echo_delay_ms=250)), np.zeros(heard.size, np.int16), heard)
    active = np.flatnonzero(np.abs(sent) > 50)
    assert active[0] * 1000 / SAMPLE_RATE == pytest.approx(250, abs=21)  # and the frame it was heard in
    peak = np.abs(sent).max() / np.abs(heard).max()
    assert 20 * np.log10(peak) == pytest.approx(-15, abs=0.5)


def test_an_echo_without_delay_still_takes_a_frame() -> None:
    echo = Echo(-6, 0)
    first = echo(tone(20))
    assert not first.any()
    assert echo(np.zeros(FRAME, np.int16)).any()


def test_a_clean_line_changes_nothing() -> None:
    spoken = tone(200)
    assert np.array_equal(through(Mouthpiece(Line()), spoken), spoken)


def test_activity_is_above_comfort_noise() -> None:
    rng = np.random.default_rng(1)
    assert not is_active(np.full(FRAME, 8, np.int16))
    assert not is_active(rng.normal(0, 20, FRAME).astype(np.int16))
    assert is_active(tone(20, amplitude=0.02))


@pytest.mark.parametrize("semitones", [-4, 3])
def test_pitch_moves_and_length_stays(semitones: float) -> None:
    out = shaped(tone(1000), semitones=semitones, rate=1, gain_db=0)
    assert pitch(out[400:-400]) == pytest.approx(300 * 2 ** (semitones / 12), rel=0.03)
    assert out.size / SAMPLE_RATE == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize("factor", [0.7, 1.4])
def test_stretching_keeps_the_pitch(factor: float) -> None:
    wave = (tone(1000) / 32768).astype(np.float32)
    out = stretched(wave, factor)
    assert out.size / wave.size == pytest.approx(factor, abs=0.06)
    assert pitch((out * 32767).astype(np.int16)[400:-400]) == pytest.approx(300, rel=0.02)
    steady = np.abs(out[800:-800])
    assert steady.max() == pytest.approx(0.2, rel=0.25)  # frames join in phase: no holes, no doubling


def test_a_line_is_trimmed_and_brought_to_the_nominal_level() -> None:
    silence = np.zeros(2400, np.int16)
    out = shaped(np.concatenate([silence, tone(500), silence]), semitones=0, rate=1, gain_db=-6)
    assert out.size / SAMPLE_RATE == pytest.approx(0.5, abs=0.021)
    assert level_dbov(out) == pytest.approx(SPEECH_DBOV - 6, abs=0.5)


# ---- lines ----------------------------------------------------------------------------------------------------------


class Speaker:
    """A voice that hums as long as the text is, and counts."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def __call__(self, text: str) -> Pcm:
        self.texts.append(text)
        return tone(100 * len(text))


def persona(**more: object) -> Persona:
    return Persona.model_validate({"id": "p", "candidate_id": "c", "job": "j", "otherwise": "silent", **more})


async def test_a_pause_splits_the_line_into_exact_silence(tmp_path: Path) -> None:
    speaker = Speaker()
    one = persona(turns=[{"when": "any", "say": "我期望的薪资是，一万二左右", "pause": {"after": "我期望的薪资是", "ms": 700}}])
    lines = await Utterances(speaker, voice_name="hum", folder=tmp_path).render(one)
    assert speaker.texts == ["我期望的薪资是", "一万二左右"]
    line = lines["turn.0"]
    ((first, last),) = line.pauses
    assert last - first == 700
    audio, _ = soundfile.read(line.wav, dtype="int16")
    assert line.duration_ms == audio.size * 1000 // SAMPLE_RATE
    assert not audio[first * 8 : last * 8].any()
    assert audio[: first * 8].any()
    assert audio[last * 8 :].any()


async def test_lines_are_made_once_for_each_voice_and_shape(tmp_path: Path) -> None:
    speaker = Speaker()
    utterances = Utterances(speaker, voice_name="hum", folder=tmp_path)
    plain = persona(turns=[{"when": "any", "say": "你好"}], backchannels=[{"during": "any", "at_ms": 1, "say": "嗯"}])
    first = await utterances.render(plain)
    assert set(first) == {"turn.0", "backchannel.0"}
    assert len(speaker.texts) == 2
    assert await utterances.render(plain) == first
    assert len(speaker.texts) == 2
    await utterances.render(plain.model_copy(update={"voice": plain.voice.model_copy(update={"semitones": 2})}))
    await Utterances(speaker, voice_name="other", folder=tmp_path).render(plain)
    assert len(speaker.texts) == 6


async def test_a_polite_persona_gets_its_manners_and_an_announcement_its_words(tmp_path: Path) -> None:
    utterances = Utterances(Speaker(), voice_name="hum", folder=tmp_path)
    polite = await utterances.render(persona(otherwise="polite"))
    assert {"manners.consent", "manners.pitch", "manners.other"} <= set(polite)
    recorded = await utterances.render(persona(pickup={"how": "announcement", "says": "空号"}))
    assert recorded["pickup"].text == "空号"


async def test_recorded_lines_are_taken_by_the_hash_of_their_text(tmp_path: Path) -> None:
    recordings = tmp_path / "recorded"
    recordings.mkdir()
    high_rate = np.repeat(tone(400), 2)
    soundfile.write(recordings / f"{line_name('你好')}.wav", high_rate, 2 * SAMPLE_RATE)
    utterances = Utterances(Speaker(), voice_name="hum", folder=tmp_path / "kept")
    one = persona(voice={"audio": str(recordings)}, turns=[{"when": "any", "say": "你好"}])
    assert (await utterances.render(one))["turn.0"].duration_ms == pytest.approx(400, abs=20)
    missing = persona(voice={"audio": str(recordings)}, turns=[{"when": "any", "say": "再见"}])
    with pytest.raises(InvalidDataError) as caught:
        await utterances.render(missing)
    assert line_name("再见") in str(caught.value)
