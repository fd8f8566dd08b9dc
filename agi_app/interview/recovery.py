"""What earlier runs left behind: results that could not be written, and calls whose process died. Nothing is dialled again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import structlog

from agi_app.errors import TelephonyError
from agi_app.interview.ledger import Ledger
from agi_app.interview.recording import recording_path
from agi_app.telephony.recording import HEADER_BYTES, repair
from hr_sync.owner import is_alive
from hr_sync.records import LearnedKind

log = structlog.get_logger(__name__)

_EVIDENCE = "the process that drove the call is gone"


async def recover(ledger: Ledger, recordings: Path, *, dead: str | None = None) -> None:
    """Write what is still to be written, and end the calls that dead processes left, with what was said in them.

    Args:
        ledger: of this run.
        recordings: folder of the recordings; one that nobody agreed to is deleted.
        dead: an owner that is known to be dead although that cannot be seen from this machine.
    """
    await ledger.take_spooled()
    store = ledger.store
    for attempt in await ledger.ask(store.unfinished):
        if attempt.owner != dead and is_alive(attempt.owner) is not False:
            continue
        learned = await ledger.ask(store.learned, attempt.call_id)
        agreed = any(item.kind is LearnedKind.CONSENT and item.value is True for item in learned)
        recording = await asyncio.to_thread(_rescued, recording_path(recordings, attempt.call_id), agreed)
        await ledger.ask(
            store.abandon, attempt.call_id, datetime.now(UTC), _EVIDENCE, recording=str(recording) if recording else None
        )
        if recording is not None:
            log.info("recording_recovered", call_id=attempt.call_id)


def _rescued(path: Path, agreed: bool) -> Path | None:
    """The recording, made whole; None when there is none, or none that may be kept."""
    if not path.exists():
        return None
    if not agreed or path.stat().st_size <= HEADER_BYTES:
        path.unlink()
        return None
    try:
        repair(path)
    except TelephonyError as error:
        log.error("recording_not_repaired", file=path.name, reason=error.what)  # noqa: TRY400 - told without a traceback
        return None
    return path
