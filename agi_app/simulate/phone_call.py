"""pjsua2 around a handset: one SIP call, and the media port whose frames the handset makes and takes.

Only the phone's own process imports this module: pjsua2 is GPL and an extra, and a fault in it must not touch the server.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import pjsua2 as pj

from agi_app.simulate.handset import Handset
from agi_app.simulate.line import FRAME, FRAME_MS, SAMPLE_RATE

SILENT_FRAME = bytes(FRAME * 2)

G722_GAIN = 0.5
"""PJSIP codes G.722 with one bit of headroom that Asterisk (and phones at large) do not use: it is heard 6 dB too low, and hears
6 dB too loud (PJMEDIA_G722_DEFAULT_PCM_SHIFT). Levels are named from the bridge's port: "Tx" is what we hear."""


def frame_bytes(vector: pj.ByteVector) -> bytes:
    """The content of a ByteVector.

    Read straight from the memory of the std::vector behind it (its first two words are begin and end in libstdc++ and libc++),
    because iterating over it costs 0.3 ms a frame. `check_frame_bytes` proves at start-up that this holds here.
    """
    words = ctypes.cast(int(vector.this), ctypes.POINTER(ctypes.c_void_p))
    begin, end = words[0], words[1]
    return ctypes.string_at(begin, end - begin) if begin and end and end > begin else b""


def check_frame_bytes() -> bool:
    """Whether `frame_bytes` reads right on this machine."""
    for size in (1, 7, FRAME * 2):
        pattern = bytes(number % 251 for number in range(size))
        if len(pj.ByteVector(pattern)) != size or frame_bytes(pj.ByteVector(pattern)) != pattern:
            return False
    return True


class HandsetPort(pj.AudioMediaPort):  # type: ignore[misc] # pjsua2 is untyped
    """A port of pjsua's conference bridge, made once and used again: destroying one while the media thread runs is unsafe."""

    def __init__(self, name: str, failed: Callable[[str], None]) -> None:
        super().__init__()
        self._failed = failed
        self.handset: Handset | None = None
        form = pj.MediaFormatAudio()
        form.init(pj.PJMEDIA_FORMAT_PCM, SAMPLE_RATE, 1, FRAME_MS * 1000, 16)
        self.createPort(name, form)

    def onFrameRequested(self, frame: pj.MediaFrame) -> None:  # noqa: N802 - pjsua2's name
        """The bridge wants what we send. An exception would end the process without a word here, so it is caught and told."""
        handset, sound = self.handset, SILENT_FRAME
        if handset is not None:
            try:
                sound = handset.speak()
            except Exception as error:  # noqa: BLE001 - called from C++
                self._give_up(error)
        frame.type = pj.PJMEDIA_FRAME_TYPE_AUDIO
        frame.buf = pj.ByteVector(sound)

    def onFrameReceived(self, frame: pj.MediaFrame) -> None:  # noqa: N802 - pjsua2's name
        """The bridge has what we hear."""
        handset = self.handset
        if handset is None or frame.type != pj.PJMEDIA_FRAME_TYPE_AUDIO:
            return
        try:
            handset.hear(frame_bytes(frame.buf))
        except Exception as error:  # noqa: BLE001 - called from C++
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self.handset = None
        self._failed(f"{type(error).__name__}: {error}")


class PhoneCall(pj.Call):  # type: ignore[misc] # pjsua2 is untyped
    """An incoming call.

    Args:
        account: pjsua's account.
        call_id: pjsua's index of the call.
        port: lent for the length of the call.
        handset: its audio side.
        ended: called once, on the thread that handles pjsua's events, when the call is over.
    """

    def __init__(
        self, account: pj.Account, call_id: int, port: HandsetPort, handset: Handset, ended: Callable[[PhoneCall], None]
    ) -> None:
        super().__init__(account, call_id)
        self.port, self.handset = port, handset
        self._ended = ended
        self._media: pj.AudioMedia | None = None
        self.hung_up = False
        self.was_answered = False
        self.last_code: int | None = None
        self.codec: str | None = None
        self.sip_call_id: str = self.getInfo().callIdString

    def reply(self, code: int) -> None:
        """Answer with this SIP code, unless the caller has just given up."""
        prm = pj.CallOpParam(True)
        prm.statusCode = code
        if not self._done(lambda: self.answer(prm)):
            return
        if code == pj.PJSIP_SC_OK:
            self.was_answered = True
            self.handset.answered()

    def leave(self) -> None:
        """Hang up, as the candidate."""
        self.hung_up = self.drop()

    def drop(self) -> bool:
        """Take the call down, on nobody's behalf; False when the other side has just done so."""
        return self._done(lambda: self.hangup(pj.CallOpParam(True)))

    def _done(self, operation: Callable[[], None]) -> bool:
        """Do it, unless the other side was faster: its BYE or CANCEL may cross ours at any moment, which is no failure."""
        if not self.isActive():
            return False
        try:
            operation()
        except pj.Error:
            if self.isActive():
                raise
            return False
        return True

    def press(self, keys: str) -> None:
        """Send DTMF as RTP events (RFC 4733)."""
        self._done(lambda: self.dialDtmf(keys))

    def onCallMediaState(self, _: pj.OnCallMediaStateParam) -> None:  # noqa: N802 - pjsua2's name
        """Media came up: put the handset on it."""
        info = self.getInfo()
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE and self._media is None:
                self.codec = self.getStreamInfo(index).codecName
                self._media = self.getAudioMedia(index)
                if self.codec == "G722":
                    self._media.adjustTxLevel(G722_GAIN)
                    self._media.adjustRxLevel(1 / G722_GAIN)
                self.port.handset = self.handset
                self.port.startTransmit(self._media)
                self._media.startTransmit(self.port)

    def onCallState(self, _: pj.OnCallStateParam) -> None:  # noqa: N802 - pjsua2's name
        """The call is over: take the handset off the line."""
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.last_code = info.lastStatusCode
            self.port.handset = None
            self._media = None
            self._ended(self)
