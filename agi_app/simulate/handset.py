"""One call as the simulated phone lives it: a frame out and a frame in every 20 ms, on one sample clock. No SIP in here.

The media thread calls `speak` and `hear`; everything else may be called from any thread and is taken up at the next frame.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import soundfile

from agi_app.simulate.brain import Brain, End, Press, Say
from agi_app.simulate.line import FRAME, FRAME_MS, SAMPLE_RATE, Mouthpiece, Pcm, is_active
from agi_app.simulate.persona import How
from agi_app.simulate.plan import CallPlan, Cue, Happened, PhoneLog, Spoken, StageMark

PICKUP = "pickup"
"""Key of the words an announcement or a voicemail says."""
ANNOUNCED = 2
"""So often an announcement is played before the network gives up."""
GAP_MS = 700
"""Silence between two announcements, and before and after a voicemail's beep."""
HEARD_GAP_MS = 300
"""Silences shorter than this do not end a stretch of what is heard."""

_SILENCE: Pcm = np.zeros(FRAME, dtype=np.int16)


def _beep() -> Pcm:
    times = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    return (0.1 * 32767 * np.sin(2 * np.pi * 1000 * times)).astype(np.int16)


def _quiet(ms: int) -> Pcm:
    return np.zeros(ms * SAMPLE_RATE // 1000, dtype=np.int16)


class Handset:
    """The audio side of one call.

    Args:
        plan: what is to happen.
        report: told of steps as they happen; called on the media thread, must not block.
        act: told to press keys or to hang up; called on the media thread, must not block.

    Raises:
        OSError, soundfile.LibsndfileError: a line's WAV cannot be read.
    """

    def __init__(self, plan: CallPlan, report: Callable[[Happened], None], act: Callable[[Press | End], None]) -> None:
        self.plan = plan
        self._report, self._act = report, act
        persona = plan.persona
        self._audio = {key: _read(line.wav) for key, line in plan.utterances.items()}
        live = persona.pickup.how is How.ANSWER
        durations = {key: audio.size * 1000 // SAMPLE_RATE for key, audio in self._audio.items()}
        self._brain = Brain(persona, durations) if live else None
        self._mouth = Mouthpiece(persona.line, gain_db=persona.voice.gain_db, seed=plan.seed)
        self._inbox: deque[Cue | None] = deque()
        self._tick = 0
        self._playing: Pcm | None = None
        self._offset = 0
        self._saying: dict[str, Any] | None = None
        self._spoken: list[Spoken] = []
        self._stages: list[StageMark] = []
        self._keys = ""
        self._answered_ms: int | None = None
        self._sent: list[bytes] = []
        self._received: list[bytes] = []
        self._heard = _SILENCE
        self._active = False
        self._heard_since: int | None = None
        self._heard_last = 0
        self._ticked_at: float | None = None
        self._late_ticks = 0

    @property
    def now_ms(self) -> int:
        """The phone's clock: audio since the media came up."""
        return self._tick * FRAME_MS

    # ---- from other threads -----------------------------------------------------------------------------------------

    def answered(self) -> None:
        """The phone has been picked up."""
        self._inbox.append(None)

    def cue(self, cue: Cue) -> None:
        """The interview reached a stage."""
        self._inbox.append(cue)

    # ---- the media thread -------------------------------------------------------------------------------------------

    def speak(self) -> bytes:
        """The next frame to send: FRAME samples, int16, host order."""
        self._watch_clock()
        self._read_inbox()
        if self._tick == 0 and self._brain is None:
            self._play_recorded()
        if self._brain:
            self._decide(self._brain)
        frame = self._mouth(self._next_frame(), self._heard).tobytes()
        self._sent.append(frame)
        self._received.append(b"")
        self._heard = _SILENCE
        self._active = False
        self._tick += 1
        return frame

    def hear(self, frame: bytes) -> None:
        """The frame that arrived in the tick of the last `speak`."""
        if len(frame) != FRAME * 2 or not self._received:
            return  # the bridge has nothing for this tick: silence
        self._received[-1] = frame
        self._heard = np.frombuffer(frame, dtype=np.int16)
        self._active = is_active(self._heard)
        self._note_heard()

    def _watch_clock(self) -> None:
        now = time.perf_counter()
        if self._ticked_at is not None and now - self._ticked_at > 2 * FRAME_MS / 1000:
            self._late_ticks += 1
        self._ticked_at = now

    def _read_inbox(self) -> None:
        while self._inbox:
            cue = self._inbox.popleft()
            if cue is not None:
                self._stages.append(StageMark(at_ms=self.now_ms, cue=cue))
                if self._brain:
                    self._brain.cue(self.now_ms, cue)
                continue
            self._answered_ms = self.now_ms
            self._tell("answered")
            if self._brain:
                self._brain.answered(self.now_ms)

    def _play_recorded(self) -> None:
        """Announcement: twice, then the network ends it. Voicemail: once, the beep, then it records."""
        said = self._audio[PICKUP]
        if self.plan.persona.pickup.how is How.ANNOUNCEMENT:
            self._playing = np.concatenate([said, _quiet(GAP_MS)] * ANNOUNCED)
        else:
            self._playing = np.concatenate([_quiet(GAP_MS), said, _quiet(GAP_MS), _beep()])
        self._offset = 0

    def _decide(self, brain: Brain) -> None:
        match brain.step(self.now_ms, self._active):
            case Say() as say:
                line = self.plan.utterances[say.key]
                self._playing, self._offset = self._audio[say.key], 0
                self._saying = {"key": say.key, "kind": say.kind, "text": line.text, "start_ms": self.now_ms}
                self._saying |= {"question": say.question, "pauses": line.pauses}
                self._tell("speech_started", say.key)
            case Press() as press:
                self._keys += press.keys
                self._tell("key")
                self._act(press)
            case End() as end:
                self._act(end)
            case None:
                pass

    def _next_frame(self) -> Pcm:
        if self._playing is None:
            return _SILENCE
        piece = self._playing[self._offset : self._offset + FRAME]
        self._offset += FRAME
        if self._offset >= self._playing.size:
            end_ms = self.now_ms + piece.size * 1000 // SAMPLE_RATE
            piece = np.concatenate([piece, _SILENCE[piece.size :]])
            self._playing = None
            self._line_over(end_ms, cut=False)
            if self._brain is None and self.plan.persona.pickup.how is How.ANNOUNCEMENT:
                self._act(End())
        return piece

    def _line_over(self, end_ms: int, *, cut: bool) -> None:
        if self._saying is None:
            return
        start = self._saying["start_ms"]
        pauses = tuple(
            (start + first, min(start + last, end_ms)) for first, last in self._saying["pauses"] if start + first < end_ms
        )
        awaits = self._saying["kind"] != "backchannel" and not cut
        said = {**self._saying, "pauses": pauses, "end_ms": end_ms, "cut": cut, "awaits_reply": awaits}
        self._spoken.append(Spoken.model_validate(said))
        self._saying = None
        self._tell("speech_ended", self._spoken[-1].key, at_ms=end_ms)

    def _note_heard(self) -> None:
        """Tell the stretches of what is heard; gaps shorter than HEARD_GAP_MS do not end one."""
        if self._active:
            if self._heard_since is None:
                self._heard_since = self.now_ms - FRAME_MS
                self._tell("heard_started", at_ms=self._heard_since)
            self._heard_last = self.now_ms
        elif self._heard_since is not None and self.now_ms - self._heard_last >= HEARD_GAP_MS:
            self._heard_since = None
            self._tell("heard_ended", at_ms=self._heard_last)

    def _tell(self, what: Any, detail: str = "", *, at_ms: int | None = None) -> None:  # noqa: ANN401 - checked by Happened
        self._report(Happened(call=self.plan.call, what=what, at_ms=self.now_ms if at_ms is None else at_ms, detail=detail))

    # ---- after the call ---------------------------------------------------------------------------------------------

    def finish(
        self,
        *,
        final_code: int | None,
        hung_up_by: Literal["candidate", "caller", "nobody"],
        **network: Any,  # noqa: ANN401
    ) -> PhoneLog:
        """Write the recording and give the log. The media thread must be done with this call.

        Raises:
            OSError, soundfile.LibsndfileError: the recording cannot be written.
        """
        self._read_inbox()  # a call may end in the very frame it was answered in
        self._line_over(self.now_ms, cut=True)
        recording = None
        if self._sent:
            left = np.frombuffer(b"".join(self._sent), dtype=np.int16)
            right = np.frombuffer(b"".join(frame or _SILENCE.tobytes() for frame in self._received), dtype=np.int16)
            self.plan.recording.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(self.plan.recording, np.column_stack([left, right]), SAMPLE_RATE, subtype="PCM_16")
            recording = self.plan.recording
        return PhoneLog(
            call=self.plan.call,
            number=self.plan.number,
            spoken=tuple(self._spoken),
            stages=tuple(self._stages),
            answered_ms=self._answered_ms,
            ended_ms=self.now_ms,
            keys=self._keys,
            hung_up_by=hung_up_by,
            final_code=final_code,
            recording=recording,
            late_ticks=self._late_ticks,
            **network,
        )


def _read(path: Any) -> Pcm:  # noqa: ANN401 - anything soundfile opens
    audio, rate = soundfile.read(path, dtype="int16")
    if rate != SAMPLE_RATE or audio.ndim != 1:
        raise OSError(f"{path}: a line must be mono at {SAMPLE_RATE} Hz")
    samples: Pcm = audio
    return samples
