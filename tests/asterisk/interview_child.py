"""The phone wing as a process of its own, for tests that kill it: places calls, and tells what happens in them.

Arguments: a file with the settings, the UDP port of the simulated phones. Standard input: the orders, one JSON list
`[[candidate, endpoint], …]`. Standard output: one JSON object an event, with the candidate.
"""

from __future__ import annotations

import asyncio
import json
import sys
from functools import partial
from pathlib import Path

import structlog

from agi_app.app import Hireline
from agi_app.config import Settings
from agi_app.interview.events import InterviewEvent, event_to_json
from agi_app.simulate.stage import PHONES
from tests.asterisk.interview_stage import JOB, terse


def tell(candidate: str, event: InterviewEvent) -> None:
    sys.stdout.write(json.dumps({"candidate": candidate, **event_to_json(event)}) + "\n")
    sys.stdout.flush()


async def main(settings: Settings, orders: list[list[str]]) -> None:
    async with Hireline(settings, simulated_trunk=(PHONES, int(sys.argv[2]))) as hireline:
        hireline.pack = terse(hireline.pack)
        calls = [hireline.interview(who, JOB, to, listener=partial(tell, who)) for who, to in orders]
        await asyncio.gather(*calls)


structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
asyncio.run(main(Settings.model_validate_json(Path(sys.argv[1]).read_text()), json.loads(sys.stdin.readline())))
