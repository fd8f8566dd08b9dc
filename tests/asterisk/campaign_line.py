"""Campaigns over a real Asterisk and real SIP, without speech: a scripted talk, and telephones that pick up, decline or do not exist.

As a program (`python -m tests.asterisk.campaign_line SETTINGS NOTEBOOK`) it is the phone wing of the chaos tests, to be killed.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from agi_app.campaign.caller import CampaignCall, Opening, new_attempt
from agi_app.campaign.runner import CampaignRunner
from agi_app.config import Settings
from agi_app.interview.ledger import Ledger
from agi_app.interview.recovery import recover
from agi_app.telephony.ari.connection import AriConnection
from agi_app.telephony.call import Answered, CallEnding, DialRequest
from agi_app.telephony.call import Progress as Ringing
from agi_app.telephony.dial import Dialler
from agi_app.telephony.media.server import MediaServer
from agi_app.telephony.placed_call import PlacedCall
from agi_app.telephony.secrets import load_secrets
from hr_sync.errors import HirelineError
from hr_sync.records import CallResult, CallState, Disposition
from hr_sync.store import SqliteStore
from tests.asterisk.sipp_phone import SCENARIOS, _listening
from tests.campaign_stage import result_of

RING_S = 6.0


class ScriptedTalk:
    """Places calls through the real dialler; the talk is a silence of some length, then we hang up.

    Args:
        store: the HR database.
        ledger: what interviews write through.
        dialler: of a running phone wing.
        talk_s: shortest and longest talk.
        notebook: every dialling is written here, the moment it happens.
        asks_back: the slots of a candidate who wants to be called back, or None.
    """

    def __init__(
        self,
        store: SqliteStore,
        ledger: Ledger,
        dialler: Dialler,
        *,
        talk_s: tuple[float, float],
        notebook: Path | None = None,
        asks_back: Callable[[CampaignCall], dict[str, object] | None] = lambda _: None,
    ) -> None:
        self._store, self._ledger, self._dialler = store, ledger, dialler
        self._talk_s, self._notebook, self._asks_back = talk_s, notebook, asks_back
        self.set_up_ms: list[float] = []

    async def endpoint(self, number: str) -> str:
        return f"PJSIP/{number.removeprefix('+')}@simulated"

    async def campaign_call(self, call: CampaignCall, opening: Opening) -> CallResult:
        attempt = await opening(new_attempt(call))
        if not await self._ledger.ask(self._store.set_state, call.call_id, CallState.DIALLING, datetime.now(UTC)):
            raise AssertionError(f"{call.call_id} was dialled before")
        if self._notebook is not None:
            with self._notebook.open("a") as file:
                file.write(json.dumps({"call_id": call.call_id, "number": call.number, "at": datetime.now(UTC).isoformat()}) + "\n")
        ending: CallEnding | None = None
        failure = "the call was left"
        try:
            request = DialRequest(call.call_id, call.endpoint, call.caller_id, RING_S)
            async with self._dialler.place(request) as placed:
                ending = await self._follow(placed, call.call_id)
                self.set_up_ms += [placed.set_up_ms] if placed.set_up_ms is not None else []
        except HirelineError as error:
            failure = error.what
        finally:
            disposition, slots = _disposition(ending), None
            if disposition is Disposition.COMPLETED and (slots := self._asks_back(call)) is not None:
                disposition = Disposition.CALLBACK
            evidence = ending.evidence if ending else failure
            result = result_of(call, attempt.attempt, attempt.started_at, disposition, evidence=evidence, slots=slots or {})
            await asyncio.shield(self._ledger.finish(result))
        return result

    async def _follow(self, placed: PlacedCall, call_id: str) -> CallEnding | None:
        hanging_up: asyncio.Task[None] | None = None
        try:
            async for event in placed.events():
                match event:
                    case Ringing():
                        self._ledger.note(call_id, self._store.set_state, call_id, CallState.RINGING, datetime.now(UTC))
                    case Answered():
                        self._ledger.note(call_id, self._store.set_state, call_id, CallState.TALKING, datetime.now(UTC))
                        hanging_up = asyncio.create_task(self._talk(placed))
                    case CallEnding():
                        return event
        finally:
            if hanging_up is not None:
                hanging_up.cancel()
                await asyncio.wait({hanging_up})
        return None

    async def _talk(self, placed: PlacedCall) -> None:
        await asyncio.sleep(random.uniform(*self._talk_s))
        await placed.hang_up("the scripted talk is over")


def _disposition(ending: CallEnding | None) -> Disposition:
    if ending is None:
        return Disposition.SYSTEM_FAILED
    if ending.disposition is not None:
        return ending.disposition
    return Disposition.COMPLETED if ending.ended_by == "us" else Disposition.PARTIAL


@asynccontextmanager
async def wing(
    settings: Settings, *, notebook: Path | None = None, **talk: Any
) -> AsyncIterator[tuple[CampaignRunner, ScriptedTalk]]:
    """Everything of the phone wing that a campaign needs, but speech; Asterisk runs elsewhere."""
    secrets = load_secrets(settings.state)
    with SqliteStore(settings.database, busy_limit_s=settings.store.busy_limit_s) as store:
        ledger = Ledger(store, settings.state / "spool", settings.store.patience_s)
        await recover(ledger, settings.state / "recordings")
        async with (
            MediaServer(settings.media, secrets.media_token) as media,
            AriConnection(settings.asterisk, secrets.ari_password) as ari,
        ):
            await ari.wait_connected(settings.asterisk.start_timeout_s)
            scripted = ScriptedTalk(store, ledger, Dialler(ari, media, settings), notebook=notebook, **talk)
            async with CampaignRunner(store, ledger, scripted, settings, recordings=settings.state / "recordings") as runner:
                yield runner, scripted
        await ledger.close()


@asynccontextmanager
async def telephones(port: int, folder: Path, *, answer_ms: int = 50, longest_ms: int = 20_000) -> AsyncIterator[Path]:
    """As many telephones as are called, on one UDP port; yields the log of INVITEs."""
    program = shutil.which("sipp")
    assert program, "sipp is missing: apt-get install sip-tester"
    script, log = _script(folder, answer=str(answer_ms), longest=str(longest_ms)), folder / "invites.log"
    command = [program, "-sf", str(script), "-nostdin", "-i", "127.0.0.1", "-p", str(port), "-mi", "127.0.0.1"]
    command += ["-mp", str(random.randrange(32_000, 60_000, 4)), "-trace_logs", "-log_file", str(log), "-log_overwrite", "false"]
    with (folder / "sipp.out").open("wb") as output:
        process = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output, cwd=folder)
    try:
        async with asyncio.timeout(10):
            while not _listening(port):
                assert process.returncode is None, (folder / "sipp.out").read_text(errors="replace")[-2000:]
                await asyncio.sleep(0.02)
        yield log
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 3)
            except TimeoutError:
                process.kill()
                await process.wait()


def _script(folder: Path, **words: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = (SCENARIOS / "campaign.xml").read_text(encoding="ascii")
    for name, value in words.items():
        text = text.replace(f"@{name}@", value)
    script = folder / "campaign.xml"
    script.write_text(text, encoding="ascii")
    return script


def invites(log: Path) -> dict[str, int]:
    """How often each number was dialled, as the telephones saw it: INVITEs with different Call-IDs."""
    seen: dict[str, set[str]] = {}
    text = log.read_text(errors="replace") if log.exists() else ""
    for number, call_id in re.findall(r"INVITE (\d+)@ (\S+)", text):
        seen.setdefault(f"+{number}", set()).add(call_id)
    return {number: len(calls) for number, calls in seen.items()}


async def main(settings: Settings, notebook: Path) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with wing(settings, talk_s=(0.1, 0.4), notebook=notebook) as (runner, _):
        sys.stdout.write("running\n")
        sys.stdout.flush()
        await stop.wait()
        await runner.drain()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(Settings.model_validate_json(Path(sys.argv[1]).read_text()), Path(sys.argv[2])))
