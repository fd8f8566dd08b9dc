"""What is written down about a whole interview beside the HR database: log, metrics, Asterisk's log. No personal data in any of it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
import structlog

from agi_app.cli.logs import configure_logs, log_to_file
from agi_app.config import MonitoringSettings
from agi_app.monitoring import MonitoringServer
from hr_sync.records import Disposition
from tests.asterisk.interview_stage import Theatre, candidate

HEARD = {
    "greeting": "对，我是张伟",
    "consent": "可以，你说吧",
    "pitch": "我很感兴趣",
    "expected_pay": "我期望一万二",
    "closing": "没有问题了",
}
"""What is understood, by the question it answers; the phone says the same."""
PAY = re.compile(r"(?<![\d.])12,?000(?!\d)|一万二")


@pytest.fixture
def log_folder(tmp_path: Path) -> Iterator[Path]:
    """Logs as a command writes them, at the most talkative level."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configure_logs(verbose=False)
    log_to_file(tmp_path / "log", "debug")
    yield tmp_path / "log"
    for handler in list(root.handlers):
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def test_no_name_number_pay_or_word_of_the_candidate_is_logged_or_counted(stage: Theatre, log_folder: Path) -> None:
    turns = [
        {"when": question, "say": words, "after_ms": 1500 if question == "greeting" else 400} for question, words in HEARD.items()
    ]
    persona = candidate(turns=turns)
    since = stage.server.log_path.stat().st_size
    async with stage.hearing(HEARD), MonitoringServer(stage.hireline, MonitoringSettings(port=0)) as monitoring:
        call = await stage.call(persona)
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{monitoring.port}/metrics") as response:
            metrics = await response.text()
    row = stage.row(call)
    assert row.disposition in {Disposition.COMPLETED, Disposition.PARTIAL}
    heard = [turn.text for turn in row.transcript if turn.text]
    assert "我期望一万二" in heard  # there was something to leak

    log = (log_folder / "hireline.log").read_text("utf-8")
    events = [json.loads(line) for line in log.splitlines()]
    assert {"call_dialled", "call_ended"} <= {event["event"] for event in events}
    assert all(row.call_id == event["call_id"] for event in events if event["event"] == "call_ended")
    asterisk = stage.server.log_path.read_bytes()[since:].decode("utf-8", "replace")

    number = persona.candidate.phone.removeprefix("+86") if persona.candidate else ""
    secrets = [number, "张伟", "张先生", *HEARD.values(), *heard]
    for name, text in {"the log": log, "the metrics": metrics, "Asterisk's log": asterisk}.items():
        leaked = [secret for secret in secrets if secret and secret in text]
        assert leaked == [], f"{name} holds personal data"
        assert not PAY.search(text), f"{name} tells the pay"

    assert 'hireline_calls_ended_total{disposition="' + row.disposition + '"} 1.0' in metrics
    assert 'hireline_trunk_up{trunk="simulated"} 1.0' in metrics
    assert "hireline_calls_in_progress 0.0" in metrics
    counted = dict(line.split(" ") for line in metrics.splitlines() if line.startswith("hireline_") and "{" not in line)
    assert float(counted["hireline_voice_to_voice_seconds_count"]) >= 2
    assert float(counted["hireline_media_frames_in_total"]) > 100
