"""Results pulled from a server's REST API into a file of JSON lines. Stopped and started anywhere, it misses and doubles nothing.

The file is its own memory: every line carries its cursor, and the next pull goes on behind the last whole line.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from hr_sync.errors import ConflictError, InvalidDataError, ServiceError

_TAIL = 1 << 16
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 30.0
_TEMPORARY = {408, 429, 500, 502, 503, 504}


class ResultFile:
    """A file of results, one JSON object a line, that one process at a time appends to.

    Raises:
        ConflictError: another process pulls into it.
        InvalidDataError: its last line is none of ours.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise ConflictError("another process pulls into this file", remedy="let it, or name another file") from None
        try:
            self.cursor = self._recover()
            """Of the last whole line; 0 in an empty file."""
        except BaseException:
            self._file.close()
            raise

    def _recover(self) -> int:
        """Cut off a line that was not written to its end; the cursor of the one before."""
        end = position = self._file.seek(0, os.SEEK_END)
        tail = b""
        while position and tail.count(b"\n") < 2:
            position = max(0, position - _TAIL)
            self._file.seek(position)
            tail = self._file.read(end - position)
        whole = tail[: tail.rfind(b"\n") + 1]
        self._file.truncate(position + len(whole))
        self._file.seek(0, os.SEEK_END)
        last = whole.rstrip(b"\n").rsplit(b"\n", 1)[-1]
        if not last:
            return 0
        try:
            return int(json.loads(last)["cursor"])
        except (ValueError, KeyError, TypeError):
            raise InvalidDataError(
                "the last line of the file is not a result that was pulled", where=str(self.path), remedy="name another file"
            ) from None

    def append(self, items: Sequence[dict[str, Any]]) -> None:
        """Write results behind those that are there; durable when it returns."""
        lines = "".join(json.dumps(item, ensure_ascii=False, separators=(",", ":")) + "\n" for item in items)
        self._file.write(lines.encode())
        self._file.flush()
        os.fsync(self._file.fileno())
        self.cursor = items[-1]["cursor"]

    def close(self) -> None:
        """Let others pull."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


async def pull(
    url: str,
    token: str,
    file: ResultFile,
    *,
    limit: int = 100,
    every_s: float | None = None,
    patience_s: float = 60.0,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Pull all results behind the file's cursor.

    Args:
        url: of the server, e.g. https://hr.example:18092.
        token: a key that allows results:read.
        file: where they go.
        limit: results in a request.
        every_s: look again after so many seconds, for ever; None: end when there are no more.
        patience_s: how long a server that does not answer is asked again.
        progress: told the number of results so far.

    Returns:
        How many came.

    Raises:
        ServiceError: the server refuses, or does not answer for so long.
    """
    count = 0
    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        while True:
            page = await _page(session, url, file.cursor, limit, patience_s)
            if page["results"]:
                await asyncio.to_thread(file.append, page["results"])
                count += len(page["results"])
                progress(count)
            if page["more"]:
                continue
            if every_s is None:
                return count
            await asyncio.sleep(every_s)


async def _page(session: aiohttp.ClientSession, url: str, after: int, limit: int, patience_s: float) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_s
    pause_s = _FIRST_PAUSE_S
    while True:
        wait_s = pause_s
        try:
            async with session.get(f"{url.rstrip('/')}/v1/results", params={"after": after, "limit": limit}) as answer:
                if answer.status == 200:
                    page: dict[str, Any] = await answer.json()
                    return page
                if answer.status not in _TEMPORARY:
                    raise await _refused(answer, url)
                reason = f"it answers {answer.status}"
                wait_s = max(wait_s, float(answer.headers.get("Retry-After", 0)))
        except (aiohttp.ClientError, TimeoutError) as error:
            reason = type(error).__name__
        if loop.time() + wait_s > deadline:
            raise ServiceError(f"the server gives no results: {reason}", where=url, remedy="is `hireline serve` running there?")
        await asyncio.sleep(wait_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


async def _refused(answer: aiohttp.ClientResponse, url: str) -> ServiceError:
    try:
        body = await answer.json(content_type="application/problem+json")
        title, remedy = str(body["title"]), body.get("remedy")
    except (aiohttp.ClientError, ValueError, KeyError):
        title, remedy = f"HTTP {answer.status}", None
    return ServiceError(f"the server refuses: {title}", where=url, remedy=remedy or "is this the address of a Hireline server?")
