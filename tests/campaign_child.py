"""A process that runs campaigns with a quick caller, to be killed: `python -m tests.campaign_child SETTINGS NOTEBOOK`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import structlog

from agi_app.config import Settings
from hr_sync.store import SqliteStore
from tests.campaign_stage import spread, troupe


async def main(settings: Settings, notebook: Path) -> None:
    with SqliteStore(settings.database) as store:
        async with troupe(settings, store, seconds=spread(1), notebook=notebook):
            sys.stdout.write("running\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
asyncio.run(main(Settings.model_validate_json(Path(sys.argv[1]).read_text()), Path(sys.argv[2])))
