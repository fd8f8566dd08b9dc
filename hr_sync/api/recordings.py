"""Recordings, whole or by ranges (RFC 9110, section 14), so that a player can jump to a sentence."""

from __future__ import annotations

from aiohttp import web
from pydantic import BaseModel

from hr_sync.api.operation import HEADERS, Ask, Operation, Resources
from hr_sync.api.problems import ProblemError
from hr_sync.api.scopes import Scope
from hr_sync.care.recordings import OpenRecording

_PIECE = 1 << 18
"""Bytes read and sent at a time."""


class Wav(BaseModel):
    """Sound, RIFF WAVE: left the candidate, right us."""


async def _send(resources: Resources, ask: Ask) -> web.StreamResponse:
    def find() -> OpenRecording:
        return resources.recordings.open(ask.id, resources.store.result(ask.id).recording)

    recording: OpenRecording = await ask.workers(find)
    try:
        start, length, headers = _part(ask.http, recording)
        response = web.StreamResponse(status=206 if "Content-Range" in headers else 200, headers=ask.http[HEADERS] | headers)
        response.content_type = "audio/wav"
        response.content_length = length
        await response.prepare(ask.http)
        while length > 0:
            piece = await ask.workers(recording.read, start, min(length, _PIECE))
            if not piece:  # it was deleted or cut meanwhile: the caller sees that bytes are missing
                break
            await response.write(piece)
            start, length = start + len(piece), length - len(piece)
        await response.write_eof()
        return response
    finally:
        recording.close()


def _part(request: web.Request, recording: OpenRecording) -> tuple[int, int, dict[str, str]]:
    """First byte, number of bytes, headers. A range we cannot read is ignored, as the standard says; several become the whole."""
    size, tag = recording.size, f'"{recording.version}"'
    headers = {"Accept-Ranges": "bytes", "ETag": tag}
    if request.headers.get("If-Range", tag) != tag:
        return 0, size, headers
    try:
        start, stop = request.http_range.start, request.http_range.stop
    except ValueError:
        return 0, size, headers
    if start is None and stop is None:
        return 0, size, headers
    if start is None or start < 0:  # the last bytes
        start, stop = max(0, size + (start or 0)), size
    stop = size if stop is None else min(stop, size)
    if start >= stop:
        raise ProblemError(
            416, "range_not_satisfiable", "the recording has no such part", headers={"Content-Range": f"bytes */{size}"}
        )
    return start, stop - start, headers | {"Content-Range": f"bytes {start}-{stop - 1}/{size}"}


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/recordings/{call_id}",
        id="getRecording",
        summary="The recording of a call, whole or by a range; only with the candidate's consent is there one",
        scope=Scope.RECORDINGS_READ,
        answer=Wav,
        stream=_send,
        errors=(404, 416),
        audit="recording.read",
        tag="recordings",
    ),
)
