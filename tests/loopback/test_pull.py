"""The pull connector against a real server: torn files, pauses, refusals."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hr_sync.api.rules import ApiRules
from hr_sync.api.scopes import Role, Scope
from hr_sync.connectors.pull import ResultFile, pull
from hr_sync.errors import ConflictError, InvalidDataError, ServiceError
from tests.loopback.api_stage import Stage, api_stage
from tests.unit.store.store_cases import attempt, result


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with api_stage(tmp_path, ApiRules(rate_per_s=20, burst=3)) as stage:
        for number in range(1, 8):
            stage.store.open_attempt(attempt(f"call-{number}"))
            stage.store.finish(result(f"call-{number}", attempt=number))
        yield stage


def cursors(path: Path) -> list[int]:
    return [json.loads(line)["cursor"] for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("torn", [0, 1, 5, 200])
async def test_a_file_that_was_torn_is_gone_on_with(stage: Stage, tmp_path: Path, torn: int) -> None:
    path = tmp_path / "out" / "results.jsonl"
    with ResultFile(path) as file:
        assert await pull(stage.url, stage.token(), file, limit=3) == 7
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - torn])
    with ResultFile(path) as file:
        assert file.cursor == (7 if torn == 0 else 6)
        await pull(stage.url, stage.token(), file)
    assert path.read_bytes() == whole
    assert path.stat().st_mode & 0o077 == 0


async def test_a_server_that_asks_for_patience_gets_it(stage: Stage, tmp_path: Path) -> None:
    with ResultFile(tmp_path / "results.jsonl") as file:  # more requests than the burst allows
        await pull(stage.url, stage.token(), file, limit=1)
    assert cursors(tmp_path / "results.jsonl") == [1, 2, 3, 4, 5, 6, 7]


async def test_what_comes_later_comes(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with ResultFile(path) as file:
        following = asyncio.create_task(pull(stage.url, stage.token(), file, every_s=0.02))
        stage.store.revise_result("call-2", {"interest": "hesitant"}, reason="corrected")
        async with asyncio.timeout(10):
            while 8 not in cursors(path):  # noqa: ASYNC110 - the file is written by what is tested
                await asyncio.sleep(0.02)
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following


async def test_a_refusal_is_told_at_once(stage: Stage, tmp_path: Path) -> None:
    with ResultFile(tmp_path / "results.jsonl") as file:
        for token, why in [("hl_x", "missing or opens nothing"), (stage.token(Role.ADMIN, Scope.JOBS_READ), "results:read")]:
            with pytest.raises(ServiceError, match=why):
                await pull(stage.url, token, file)
        with pytest.raises(ServiceError, match="Not Found"):
            await pull(f"{stage.url}/elsewhere", stage.token(), file)
        with pytest.raises(ServiceError, match="gives no results"):
            await pull("http://127.0.0.1:1", stage.token(), file, patience_s=0.1)


def test_a_file_is_pulled_into_by_one(tmp_path: Path) -> None:
    with ResultFile(tmp_path / "results.jsonl"), pytest.raises(ConflictError):
        ResultFile(tmp_path / "results.jsonl")


@pytest.mark.parametrize("content", ["notes\n", '{"cursor": null}\n', "[1]\n"])
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(content)
    with pytest.raises(InvalidDataError):
        ResultFile(path)
    assert path.read_text() == content
