"""Whether and where a call is recorded: from the answer on, kept only with the candidate's consent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

from agi_app.errors import TelephonyError
from agi_app.interview.notes import CallNotes
from agi_app.telephony.placed_call import PlacedCall
from agi_app.telephony.recording import StereoRecorder


def recording_path(folder: Path, call_id: str) -> Path:
    """Where the recording of a call lies."""
    return folder / f"{call_id}.wav"


class OnConsent(Protocol):
    """Told at once when the candidate agrees or objects to the recording."""

    async def __call__(self, *, agreed: bool) -> None:
        """Act on it."""


class Recording:
    """The recording of one call; a call whose recording cannot be made goes on without one.

    Args:
        folder: where recordings lie; None: this deployment records nothing.
    """

    def __init__(self, call: PlacedCall, folder: Path | None, notes: CallNotes) -> None:
        self._call = call
        self._recorder: StereoRecorder | None = None
        if folder is None:
            return
        answered_at = call.answered_at or asyncio.get_running_loop().time()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._recorder = StereoRecorder(recording_path(folder, call.id), rate=call.media.rate, answered_at=answered_at)
        except (TelephonyError, OSError) as error:
            notes.trouble("not_recorded", error)
        if self._recorder is not None:
            call.media.taps.append(self._recorder)

    async def consent(self, *, agreed: bool) -> None:
        """The candidate said whether the call may be recorded; a no deletes what there is at once."""
        recorder = self._recorder
        if not agreed and recorder is not None:
            self._recorder = None
            self._call.media.taps.remove(recorder)
            await recorder.discard()

    async def finish(self, *, agreed: bool) -> Path | None:
        """End the recording; its file, or None when there is none because nobody agreed."""
        await self.consent(agreed=agreed)
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return None
        self._call.media.taps.remove(recorder)
        return await recorder.close()
