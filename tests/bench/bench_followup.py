"""How many invitations a second leave: planned, written, taken, handed to a real SMTP server on loopback, reported.

.venv/bin/python -m tests.bench.bench_followup [COUNT]
"""

import asyncio
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import structlog

from hr_sync.followup.channels.registry import make_channels
from hr_sync.followup.sender import Sender
from hr_sync.followup.settings import MessageRules
from hr_sync.records import CallResult
from hr_sync.store.followups import Followups
from tests.loopback.followup_stage import Mailbox, mail_server
from tests.unit.followup_kit import NOW, case, finish, planner, sample


async def main(count: int) -> None:
    structlog.configure(processors=[lambda *_: (_ for _ in ()).throw(structlog.DropEvent)])
    with tempfile.TemporaryDirectory() as folder, sample(Path(folder)) as store:
        results: list[CallResult] = [finish(store, f"call-{number:05d}", at=NOW) for number in range(count)]
        followups, planning = Followups(store.connections), planner()
        at = datetime(2026, 1, 5, 2, tzinfo=UTC)
        started = time.perf_counter()
        for result in results:
            followups.write_plan(result.call_id, planning.after_call(case(store, result.call_id), at), at)
        planned = time.perf_counter() - started
        async with mail_server(Mailbox()) as mailbox:
            smtp = {"host": "127.0.0.1", "port": mailbox.port}
            settings = MessageRules.model_validate({"channel": "real", "per_second": 1000, "smtp": smtp})
            sender = Sender(store, followups, make_channels(settings, Path(folder)), settings, lambda: at)
            started = time.perf_counter()
            while await sender.round():
                pass
            sent = time.perf_counter() - started
        assert len(set(mailbox.ids)) == len(mailbox.ids) == count
    print(f"{count} invitations: planned {count / planned:.0f} a second, sent {count / sent:.0f} a second")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 600))
