"""Chaos: a campaign whose app, Asterisk and database connections are killed again and again; what must hold afterwards.

`python -m tests.asterisk.campaign_chaos --seed 7` (or `make chaos SEED=7`) runs 500 calls; the same code runs a small one in the tests.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import sqlite3
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import psycopg

from agi_app.campaign.retry import RetryRules
from agi_app.config import CampaignSettings, Settings, StoreSettings, TrunkLimits
from agi_app.telephony.secrets import load_secrets
from agi_app.telephony.server import AsteriskInstallation, AsteriskServer, ensure_asterisk
from hr_sync.calling_hours import CallingHours
from hr_sync.records import Disposition
from hr_sync.records.campaigns import CampaignState, JourneyState
from hr_sync.store import SqliteStore
from hr_sync.store.campaigns import Campaigns
from tests.asterisk.campaign_line import invites, telephones
from tests.asterisk.conftest import free_port, settings_on_free_ports
from tests.campaign_stage import ALWAYS, begin, faults, people
from tests.postgres import VAR, Cluster

RULES = {
    "busy": {"again": 1, "after": ["0.5s"]},
    "rejected": {"again": 2, "after": ["0.5s", "1s"]},
    "no_answer": {"again": 1, "after": ["0.5s"]},
    "partial": {"again": 1, "after": ["0.5s"]},
    "unreachable": {"again": 1, "after": ["0.5s"]},
    "system_failed": {"again": 2, "after": ["0.5s"]},
    "trunk_failed": {"again": 5, "after": ["1s"], "counts": False},
}
ATTEMPTS = 4
KINDS = ("app", "asterisk", "connections", "lock")
_OWN = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@dataclass
class Report:
    """What was done, and what was found."""

    kills: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    calls: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    dispositions: dict[str, int] = field(default_factory=dict)
    invites: int = 0
    faults: list[str] = field(default_factory=list)


class Chaos:
    """One campaign under attack.

    Args:
        folder: for everything it makes.
        installation: the Asterisk to run.
        postgres: holds the durable engine's database.
        candidates: how many are called.
        seed: of the dice.
    """

    def __init__(self, folder: Path, installation: AsteriskInstallation, postgres: Cluster, *, candidates: int, seed: int) -> None:
        self._folder, self._dice, self._candidates = folder, random.Random(seed), candidates
        base = settings_on_free_ports(folder / "state")
        self._phones = free_port(socket.SOCK_DGRAM)
        self.settings = base.model_copy(
            update={
                "asterisk": base.asterisk.model_copy(update={"managed": False, "request_timeout_s": 4.0, "reconnect_max_s": 0.5}),
                "campaign": CampaignSettings(
                    database=postgres.database(f"chaos_{random.randrange(16**8):08x}").replace(
                        "postgresql://", "postgresql+psycopg://"
                    ),
                    calls_at_once=20,
                    trunk=TrunkLimits(channels=20, calls_per_second=50),
                ),
                "store": StoreSettings(busy_limit_s=1.0, patience_s=20.0),
                "calling_hours": CallingHours(**ALWAYS, holidays="none"),
            }
        )
        self._server = AsteriskServer(self.settings, installation, simulated_trunk=("127.0.0.1", self._phones))
        self._database = self.settings.campaign.database
        self._notebook = folder / "dialled.jsonl"
        self._app: asyncio.subprocess.Process | None = None
        self.report = Report()

    async def run(self, kills: list[tuple[float, str]] | None = None, *, limit_s: float = 900) -> Report:
        """Run to the end. `kills`: share of journeys ended at which to kill what; None: at random, all the time."""
        started = time.monotonic()
        with SqliteStore(self.settings.database) as store:
            campaigns = begin(store, people(self._candidates), attempts=ATTEMPTS, retry=RULES)
            async with AsyncExitStack() as stack:
                stack.callback(self._server.instance.remove)
                await stack.enter_async_context(self._server)
                log = await stack.enter_async_context(telephones(self._phones, self._folder / "phones", longest_ms=8000))
                stack.push_async_callback(self._end_app)
                await self._start_app()
                async with asyncio.timeout(limit_s):
                    await self._attack(campaigns, kills)
                left = await self._left_in_asterisk()
                await self._end_app()
            self._judge(store, campaigns, log, left)
        self.report.seconds = round(time.monotonic() - started, 1)
        return self.report

    # ---- attacking --------------------------------------------------------------------------------------------------

    async def _attack(self, campaigns: Campaigns, kills: list[tuple[float, str]] | None) -> None:
        planned = list(kills or [])
        while True:
            if self._app is not None and self._app.returncode is not None:
                self.report.faults.append(f"the app ended by itself with code {self._app.returncode}")
                await self._start_app()
            counts = await asyncio.to_thread(campaigns.counts, "spring")
            ended = counts.journeys.get(JourneyState.ENDED, 0) / self._candidates
            if ended == 1 and (await asyncio.to_thread(campaigns.campaign, "spring")).state is CampaignState.FINISHED:
                return
            if kills is None and ended < 0.97:
                await asyncio.sleep(self._dice.uniform(0.5, 4.0))
                await self._kill(self._dice.choice(KINDS))
            elif planned and ended >= planned[0][0]:
                await self._kill(planned.pop(0)[1])
            else:
                await asyncio.sleep(0.1)

    async def _kill(self, kind: str) -> None:
        self.report.kills[kind] = self.report.kills.get(kind, 0) + 1
        match kind:
            case "app":
                assert self._app is not None
                if self._app.returncode is None:
                    self._app.kill()
                    await self._app.wait()
                await asyncio.sleep(self._dice.uniform(0, 1.0))
                await self._start_app()
            case "asterisk":
                await self._server.kill()
                await asyncio.sleep(self._dice.uniform(0, 1.0))
                await self._server.start()
            case "connections":
                await asyncio.to_thread(self._cut_connections)
            case _:
                await asyncio.to_thread(self._lock, self._dice.uniform(0.2, 2.5))

    def _cut_connections(self) -> None:
        assert self._database is not None
        with psycopg.connect(self._database.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(_OWN)

    def _lock(self, seconds: float) -> None:
        """Nobody can write to the HR database for a while."""
        connection = sqlite3.connect(self.settings.database, timeout=10, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            connection.execute("ROLLBACK")
        finally:
            connection.close()

    async def _start_app(self) -> None:
        path = self._folder / "settings.json"
        path.write_text(self.settings.model_dump_json())
        with (self._folder / "app.log").open("ab") as log:
            self._app = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.asterisk.campaign_line", str(path), str(self._notebook)),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )

    async def _end_app(self) -> None:
        if self._app is None or self._app.returncode is not None:
            return
        self._app.terminate()
        try:
            await asyncio.wait_for(self._app.wait(), 15)
        except TimeoutError:
            self._app.kill()
            await self._app.wait()
            self.report.faults.append("the app did not end by itself")

    # ---- judging ----------------------------------------------------------------------------------------------------

    async def _left_in_asterisk(self) -> list[str]:
        login = aiohttp.encode_basic_auth(self.settings.asterisk.ari_user, load_secrets(self.settings.state).ari_password)
        found: list[str] = []
        async with aiohttp.ClientSession(f"{self._server.ari_url}/", headers={"Authorization": login}) as http:
            for _ in range(100):
                found = []
                for kind in ("channels", "bridges"):
                    async with http.get(kind) as response:
                        found += [f"{kind}/{item['id']}" for item in await response.json()]
                if not found:
                    break
                await asyncio.sleep(0.1)
        return found

    def _judge(self, store: SqliteStore, campaigns: Campaigns, log: Path, left: list[str]) -> None:
        report, counts = self.report, campaigns.counts("spring")
        lines = [json.loads(line) for line in self._notebook.read_text().splitlines()]
        report.calls, report.outcomes = counts.calls, dict(counts.outcomes)
        report.dispositions = {str(key): number for key, number in counts.dispositions.items()}
        report.faults += faults(store, "spring", [line["call_id"] for line in lines], attempts=ATTEMPTS + 5)
        report.faults += [f"left in Asterisk: {thing}" for thing in left]
        dialled = invites(log)
        report.invites = sum(dialled.values())
        since = datetime.now(UTC) - timedelta(days=1)
        rules = RetryRules({}).replaced_by(RULES)
        for journey in campaigns.journeys("spring", limit=100_000):
            facts = campaigns.facts("spring", journey.candidate_id, once_since=since)
            if dialled.get(facts.phone, 0) > len(facts.calls):
                report.faults.append(f"{journey.candidate_id}: {dialled[facts.phone]} INVITEs, {len(facts.calls)} calls")
            report.faults += budget_faults(journey.candidate_id, [call.disposition for call in facts.calls], rules)


def budget_faults(candidate: str, made: list[Disposition | None], rules: RetryRules) -> list[str]:
    """What is wrong with a journey's calls, by the rules alone: one too many, or one too few."""

    def spent(calls: list[Disposition | None]) -> bool:
        last = calls[-1]
        assert last is not None
        again = calls.count(last) <= rules[last].again
        left = sum(rules[one].counts for one in calls if one is not None) < ATTEMPTS
        return not (again and left)

    wrong = [f"{candidate}: a call too many after {made[:place]}" for place in range(1, len(made)) if spent(made[:place])]
    if not made or not spent(made):
        wrong.append(f"{candidate}: a call too few after {made}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--candidates", type=int, default=500)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chaos-", dir=VAR) as name:
        folder = Path(name)
        (folder / "postgres").mkdir()
        folder.chmod(0o755)  # PostgreSQL runs as another user
        cluster = Cluster(folder / "postgres")
        try:
            cluster.make()
            cluster.start()
            installation = ensure_asterisk(Settings(), print)
            chaos = Chaos(folder, installation, cluster, candidates=arguments.candidates, seed=arguments.seed)
            report = asyncio.run(chaos.run())
        finally:
            cluster.close()
            kept = VAR / "chaos-app.log"
            kept.write_bytes((folder / "app.log").read_bytes())
            print(f"the app's log: {kept}")  # noqa: T201
    print(json.dumps({"seed": arguments.seed, **vars(report)}, indent=2, ensure_ascii=False))  # noqa: T201
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
