"""How many calls a campaign makes in an hour, how punctually, and what each costs: real Asterisk, real SIP, no speech.

`python -m tests.bench.campaign_throughput --candidates 2000 --at-once 20 --json report.json`

The telephones (sipp) pick up after 50 ms; a talk of some seconds follows, in silence both ways through the real media path; then we
hang up. Every twentieth candidate asks to be called back some seconds later. Asterisk, sipp and the app share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import socket
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import structlog

from agi_app.campaign.caller import CampaignCall
from agi_app.config import CampaignSettings, Settings, TrunkLimits
from agi_app.telephony.server import AsteriskServer, ensure_asterisk
from hr_sync.calling_hours import CallingHours
from hr_sync.records.campaigns import CampaignState
from hr_sync.store import SqliteStore
from tests.asterisk.campaign_line import telephones, wing
from tests.asterisk.conftest import free_port, settings_on_free_ports
from tests.campaign_stage import ALWAYS, begin, number_of, people
from tests.postgres import VAR

_ANSWERING = "0456789"
"""Last digits of the numbers that pick up."""
_SAMPLE_S = 2.0


def callees(number: int) -> list[Any]:
    """Candidates whose telephones pick up."""
    places = (place for place in itertools.count(10_000) if number_of(place)[-1] in _ANSWERING)
    some = people(number)
    return [one.model_copy(update={"phone": number_of(next(places))}) for one in some]


def spread(values: list[float], digits: int = 1) -> dict[str, float | int]:
    """p50, p95, max and n."""
    if not values:
        return {"n": 0}
    points = {"p50": np.percentile(values, 50), "p95": np.percentile(values, 95), "max": max(values)}
    return {name: round(float(value), digits) for name, value in points.items()} | {"n": len(values)}


class Meter:
    """CPU time and memory of the app and of Asterisk, sampled."""

    def __init__(self, asterisk: int) -> None:
        self._processes = {"app": psutil.Process(), "asterisk": psutil.Process(asterisk)}
        self._begun = {name: self._cpu(process) for name, process in self._processes.items()}
        self.rss: list[tuple[float, float]] = []
        """Seconds, and MB of the app."""
        self._started = time.monotonic()

    @staticmethod
    def _cpu(process: psutil.Process) -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    async def run(self) -> None:
        while True:
            self.rss.append((time.monotonic() - self._started, self._processes["app"].memory_info().rss / 1e6))
            await asyncio.sleep(_SAMPLE_S)

    def cpu_s(self) -> dict[str, float]:
        return {name: self._cpu(process) - self._begun[name] for name, process in self._processes.items()}

    def slope_mb_per_s(self) -> float:
        """Of the second half, when everything is warm."""
        half = self.rss[len(self.rss) // 2 :]
        if len(half) < 3:
            return float("nan")
        seconds, megabytes = zip(*half, strict=True)
        return float(np.polyfit(seconds, megabytes, 1)[0])


async def bench(folder: Path, *, candidates: int, at_once: int, talk_s: tuple[float, float], per_second: float) -> dict[str, Any]:
    """Run one campaign, and measure."""
    base, phones = settings_on_free_ports(folder / "state"), free_port(socket.SOCK_DGRAM)
    settings = base.model_copy(
        update={
            "asterisk": base.asterisk.model_copy(update={"managed": False}),
            "campaign": CampaignSettings(
                calls_at_once=at_once, trunk=TrunkLimits(channels=at_once, calls_per_second=per_second), once_within_days=0
            ),
            "calling_hours": CallingHours(**ALWAYS, holidays="none"),
        }
    )
    dice = random.Random(1)
    server = AsteriskServer(settings, ensure_asterisk(Settings(), print), simulated_trunk=("127.0.0.1", phones))

    def asks_back(call: CampaignCall) -> dict[str, object] | None:
        """Every twentieth, once."""
        if int(call.candidate_id[1:]) % 20 or not call.call_id.endswith("-1"):
            return None
        return {"callback_time": {"at": (datetime.now(UTC) + timedelta(seconds=dice.uniform(5, 30))).isoformat()}}

    with SqliteStore(settings.database) as store:
        campaigns = begin(store, callees(candidates))
        try:
            async with server, telephones(phones, folder / "phones"):
                meter = Meter(server.pid)
                metering = asyncio.create_task(meter.run())
                started = time.monotonic()
                async with wing(settings, talk_s=talk_s, asks_back=asks_back) as (_, talk):
                    while campaigns.campaign("spring").state is not CampaignState.FINISHED:  # noqa: ASYNC110 - told by a database
                        await asyncio.sleep(0.5)
                    seconds = time.monotonic() - started
                cpu = meter.cpu_s()
                metering.cancel()
        finally:
            server.instance.remove()
        return _report(store, campaigns.counts("spring").dispositions, seconds, cpu, meter, talk.set_up_ms, at_once, talk_s)


def _report(
    store: SqliteStore, dispositions: dict[Any, int], seconds: float, cpu: dict[str, float], meter: Meter,
    set_up_ms: list[float], at_once: int, talk_s: tuple[float, float],
) -> dict[str, Any]:  # fmt: skip
    with store.connections.read() as db:
        rows = db.execute(
            "SELECT k.number, k.due_at, k.opened_at, c.ended_at FROM campaign_calls k JOIN calls c USING (call_id) ORDER BY k.opened_at"
        ).fetchall()
    opened = [datetime.fromisoformat(row[2]) for row in rows]
    ended = [datetime.fromisoformat(row[3]) for row in rows]
    late = [
        1000 * (at - datetime.fromisoformat(row[1])).total_seconds() for row, at in zip(rows, opened, strict=True) if row[0] > 1
    ]
    steady = slice(at_once, len(rows) - len(rows) // 10)  # neither the filling of the lines nor the last call-backs
    gaps = [1000 * (after - before).total_seconds() for before, after in itertools.pairwise(opened[steady])]
    first, last = opened[steady][0], opened[steady][-1]
    overlaps = (min(end, last) - max(start, first) for start, end in zip(opened, ended, strict=True))
    carried = sum(max(0.0, overlap.total_seconds()) for overlap in overlaps)
    steady_s = (last - first).total_seconds()
    return {
        "calls": len(rows),
        "at_once": at_once,
        "talk_s": talk_s,
        "seconds": round(seconds, 1),
        "calls_per_hour": round(3600 * len(rows) / seconds),
        "steady_calls_per_hour": round(3600 * len(gaps) / steady_s),
        "steady_lines_used_pct": round(100 * carried / (at_once * steady_s), 1),
        "dispositions": {str(key): number for key, number in dispositions.items()},
        "promised_call_back_late_ms": spread(late),
        "between_dial_starts_ms": spread(gaps),
        "set_up_ms": spread(set_up_ms),
        "cpu_s_per_call": {name: round(value / len(rows), 4) for name, value in cpu.items()},
        "cores_used": {name: round(value / seconds, 3) for name, value in cpu.items()},
        "rss_mb": {"first": round(meter.rss[0][1], 1), "last": round(meter.rss[-1][1], 1)},
        "memory_slope_kb_per_call": round(1000 * meter.slope_mb_per_s() * seconds / len(rows), 2),
        "load_average": psutil.getloadavg()[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--candidates", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=20)
    parser.add_argument("--talk", type=float, nargs=2, default=(2.0, 4.0), metavar=("SHORTEST", "LONGEST"), help="seconds")
    parser.add_argument("--per-second", type=float, default=10, help="new calls a second")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    with tempfile.TemporaryDirectory(prefix="bench-", dir=VAR) as name:
        work = bench(
            Path(name),
            candidates=arguments.candidates,
            at_once=arguments.at_once,
            talk_s=tuple(arguments.talk),
            per_second=arguments.per_second,
        )
        report = asyncio.run(work)
    text = json.dumps(report, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text)


if __name__ == "__main__":
    main()
