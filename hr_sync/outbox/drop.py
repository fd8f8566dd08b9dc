"""Results as files in a folder. A file appears complete under its final name, and never changes after that."""

from __future__ import annotations

import asyncio
import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path

from hr_sync.exports.flat import flat_result
from hr_sync.neutral import neutral
from hr_sync.outbox.delivery import DeliveryError, document
from hr_sync.outbox.targets import DropTarget
from hr_sync.store.outbox import Delivery
from hr_sync.store.rows import to_json


class Drop:
    """One folder. Readers take `results-*.jsonl` or `.csv`; names sort in the order of arrival."""

    concurrency = 1
    batched = True
    lease_s = 120.0

    def __init__(self, target: DropTarget) -> None:
        self._folder = target.folder
        self._form = target.form
        self.size = target.most

    async def send(self, deliveries: Sequence[Delivery]) -> None:
        """See `Adapter.send`. Sent again, the same results make the same file again."""
        try:
            await asyncio.to_thread(self._write, deliveries)
        except OSError as error:
            raise DeliveryError(f"the file could not be written: {error.strerror}") from error

    async def close(self) -> None:
        """See `Adapter.close`."""

    def _write(self, deliveries: Sequence[Delivery]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"results-{deliveries[0].batch:012d}.{self._form}"
        content = _csv(deliveries) if self._form == "csv" else _jsonl(deliveries)
        write_whole(path, content)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, also after a power failure; its owner alone can read it."""
    draft = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _jsonl(deliveries: Sequence[Delivery]) -> bytes:
    return "".join(to_json(document(delivery)) + "\n" for delivery in deliveries).encode()


def _csv(deliveries: Sequence[Delivery]) -> bytes:
    """With a byte order mark, without which Excel reads Chinese wrongly; no cell is a formula."""
    text = io.StringIO(newline="")
    rows = [flat_result(delivery.result, revision=delivery.revision, cursor=delivery.cursor) for delivery in deliveries]
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows({name: neutral(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode("utf-8-sig")
