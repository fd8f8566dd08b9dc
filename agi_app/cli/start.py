"""What every command that runs the phone wing does first."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from rich.console import Console

from agi_app.app import Hireline
from agi_app.cli.logs import log_to_file
from agi_app.config import Settings, load_settings


def load_and_log() -> Settings:
    """The settings; from now on the log goes to the state folder as well."""
    settings = load_settings()
    log_to_file(settings.state / "log", settings.log_level)
    return settings


@asynccontextmanager
async def phone_wing(
    settings: Settings, console: Console, *, simulated_trunk: tuple[str, int] | None = None
) -> AsyncIterator[Hireline]:
    """The phone wing, started with its progress shown."""
    async with AsyncExitStack() as stack:
        with console.status("starting") as status:
            hireline = Hireline(settings, simulated_trunk=simulated_trunk, progress=lambda step: status.update(f"starting: {step}"))
            await stack.enter_async_context(hireline)
        yield hireline


def stop_signals() -> asyncio.Queue[int]:
    """Ctrl-C and SIGTERM from now on, as they arrive; the loop must run."""
    arrived: asyncio.Queue[int] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, arrived.put_nowait, int(number))
    return arrived
