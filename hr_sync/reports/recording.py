"""A call's recording small enough to lie inside its report."""

from __future__ import annotations

import base64
import io

import soundfile

from hr_sync.errors import ReportError


def as_data_uri(recording: bytes) -> str:
    """The sound of a WAV file as MP3 in a data URI; about a quarter megabyte a minute.

    Raises:
        ReportError: it is no sound file.
    """
    try:
        sound, rate = soundfile.read(io.BytesIO(recording), dtype="float32", always_2d=True)
        packed = io.BytesIO()
        soundfile.write(packed, sound, rate, format="MP3", subtype="MPEG_LAYER_III")
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        raise ReportError(
            "the recording cannot be read", remedy="make the report without it: --no-audio, and look at the file"
        ) from error
    return "data:audio/mpeg;base64," + base64.b64encode(packed.getvalue()).decode("ascii")
