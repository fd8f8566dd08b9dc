"""The pages on integration: their pull job runs, their settings are settings, their operations exist."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from hr_sync.api.rules import ApiRules
from hr_sync.api.scopes import SCOPES, Role
from hr_sync.api.server import OPERATIONS
from hr_sync.outbox.targets import OutboxRules
from tests.loopback.api_stage import api_stage
from tests.unit.store.store_cases import attempt, result

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ["hr-integration.md", "hr-integration.zh-CN.md"]


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text("utf-8")
    return [re.sub(r"(?m)^  ", "", block) for block in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)]


@pytest.mark.parametrize("page", PAGES)
def test_the_pull_job_runs(page: str, tmp_path: Path) -> None:
    (job,) = blocks(page, "python")
    assert len([line for line in job.splitlines() if line.strip()]) <= 15
    (tmp_path / "job.py").write_text(job, "utf-8")
    with api_stage(tmp_path) as stage:
        for number in range(1, 4):
            stage.store.open_attempt(attempt(f"call-{number}"))
            stage.store.finish(result(f"call-{number}", attempt=number))

        def run() -> list[str]:
            environment = os.environ | {"HIRELINE_URL": stage.url, "HIRELINE_API_KEY": stage.token(Role.INTEGRATION)}
            command = [sys.executable, "job.py"]
            done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True, timeout=60)
            return done.stdout.splitlines()

        assert run() == [f"call-{number} 1 completed undetermined" for number in (1, 2, 3)]
        assert run() == []
        stage.store.revise_result("call-2", {"interest": "interested"}, reason="decided")
        assert run() == ["call-2 2 completed interested"]


@pytest.mark.parametrize("page", PAGES)
def test_the_settings_are_settings(page: str) -> None:
    outbox, api = (tomllib.loads(block) for block in blocks(page, "toml"))
    rules = OutboxRules.model_validate(outbox["outbox"])
    assert [target.kind for target in rules.destinations] == ["webhook", "drop", "postgres"]
    assert ApiRules.model_validate(api["api"]).certificate == Path("/etc/hireline/api.crt")


@pytest.mark.parametrize("page", PAGES)
def test_every_operation_and_role_is_described(page: str) -> None:
    text = (DOCS / page).read_text("utf-8").replace("…/transcript", "/v1/calls/{call_id}/transcript")
    for operation in OPERATIONS:
        path = re.sub(r"\{(candidate|job)_id\}", "{id}", operation.path)
        assert path in text or operation.scope is None, operation.path
    assert all(f"`{role}`" in text for role in SCOPES)


def test_both_languages_show_the_same_code_but_for_the_remarks() -> None:
    code = [[re.sub(r"#.*", "", block) for block in blocks(page, r"\w*")] for page in PAGES]
    assert code[0] == code[1]
