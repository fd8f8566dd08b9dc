"""Two processes share one campaign on a real PostgreSQL; one is killed."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import psycopg

from agi_app.config import CHECKOUT
from hr_sync.records.campaigns import CampaignState, JourneyState
from hr_sync.store import SqliteStore
from tests.campaign_stage import begin, campaign_settings, faults, people
from tests.postgres import Cluster


async def start(folder: Path, name: str) -> asyncio.subprocess.Process:
    arguments = (str(folder / "settings.json"), str(folder / f"{name}.jsonl"))
    with (folder / f"{name}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.campaign_child", *arguments), cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE, stderr=log
        )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"running\n", (folder / f"{name}.log").read_text()
    return process


def dialled(folder: Path, name: str) -> list[str]:
    path = folder / f"{name}.jsonl"
    return [json.loads(line)["call_id"] for line in path.read_text().splitlines()] if path.exists() else []


async def test_two_processes_share_a_campaign_and_one_is_killed(postgres: Cluster, tmp_path: Path) -> None:
    url = postgres.database("shared_campaign")
    settings = campaign_settings(tmp_path, database=url.replace("postgresql://", "postgresql+psycopg://"), calls_at_once=3)
    (tmp_path / "settings.json").write_text(settings.model_dump_json())
    retry = {"system_failed": {"again": 2, "after": ["0.2s"]}}
    processes = []
    with SqliteStore(settings.database) as store:
        campaigns = begin(store, people(50), retry=retry)
        try:
            processes += [await start(tmp_path, "one")]
            processes += [await start(tmp_path, "two")]
            async with asyncio.timeout(60):
                while min(len(dialled(tmp_path, name)) for name in ("one", "two")) < 8:  # noqa: ASYNC110 - other processes
                    await asyncio.sleep(0.05)
                processes[0].kill()
                await processes[0].wait()
                before = len(dialled(tmp_path, "one"))
                while campaigns.campaign("spring").state is not CampaignState.FINISHED:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)
        finally:
            for process in processes:
                if process.returncode is None:
                    process.kill()
                await process.wait()
        calls = dialled(tmp_path, "one") + dialled(tmp_path, "two")
        assert faults(store, "spring", calls, attempts=3) == []
        assert len(dialled(tmp_path, "one")) == before
        assert campaigns.counts("spring").journeys == {JourneyState.ENDED: 50}
        assert campaigns.counts("spring").outcomes == {"completed": 50}
        cut = campaigns.counts("spring").dispositions.get("system_failed", 0)
        assert cut <= 3  # no more than it carried at once
        assert len(calls) == 50 + cut
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT status, count(*) FROM dbos.workflow_status GROUP BY 1").fetchall()
    assert dict(found) == {"SUCCESS": 50 + len(calls)}
