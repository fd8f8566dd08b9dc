"""Our process is killed in the middle of calls: what the next start finds, and what it makes of it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

from agi_app.app import Hireline
from agi_app.config import CHECKOUT
from agi_app.interview.events import event_from_json
from agi_app.simulate.persona import Persona
from agi_app.simulate.plan import CallPlan
from agi_app.simulate.runner import ENDPOINT, cue_for
from agi_app.simulate.stage import PHONES
from agi_app.telephony.server import AsteriskInstallation, Instance
from hr_sync.records import CallState, Disposition, Speaker
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore
from tests.asterisk.conftest import quick, settings_on_free_ports
from tests.asterisk.interview_stage import Theatre, candidate

CHILD = "tests.asterisk.interview_child"
GONE_S = 10.0
UNWRITTEN = b"\1" * 802
"""Audio that was written after the header was, and half a frame of it."""


class Wing:
    """A phone wing in a process of its own, calling these personas."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []
        self.call_ids: dict[str, str] = {}
        self._news = asyncio.Event()

    async def follow(self, told: Callable[[str, dict[str, Any]], None]) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            event = json.loads(line)
            who = event.pop("candidate")
            self.call_ids[who] = event["call_id"]
            told(who, event)
            self.events.append({"who": who, **event})
            self._news.set()

    async def until(self, **wanted: str) -> None:
        async with asyncio.timeout(45):
            while not any(wanted.items() <= event.items() for event in self.events):
                self._news.clear()
                await self._news.wait()


async def arm(stage: Theatre, persona: Persona, number: str, folder: Path) -> None:
    lines = await stage.simulation._utterances.render(persona)
    await stage.bank.arm(
        CallPlan(call=persona.id, number=number, persona=persona, utterances=lines, recording=folder / f"{persona.id}.wav")
    )


async def test_what_was_said_before_the_process_was_killed_is_kept(
    stage: Theatre, installation: AsteriskInstallation, tmp_path: Path
) -> None:
    settings = quick(settings_on_free_ports(tmp_path / "state"))
    settings = settings.model_copy(update={"trunk": settings.trunk.model_copy(update={"ring_timeout_s": 60.0})})
    turns = [
        {"when": "greeting", "say": "喂，你好", "after_ms": 100},
        {"when": "greeting", "say": "对，我是", "after_ms": 400},
        {"when": "consent", "say": "可以，你说吧", "after_ms": 400},
    ]
    agreed = candidate(turns=turns)
    asked = candidate(turns=turns[:2], pickup={"after_s": 4})
    ringing = candidate(pickup={"how": "no_answer"})
    personas = {persona.called_id: persona for persona in (agreed, asked, ringing)}
    numbers = {who: f"1980000000{place}" for place, who in enumerate(personas)}
    with SqliteStore(settings.database) as store:
        load_sample(store)
        store.put_candidates([persona.candidate for persona in personas.values() if persona.candidate])
    for who, persona in personas.items():
        await arm(stage, persona, numbers[who], tmp_path)
    (tmp_path / "settings.json").write_text(settings.model_dump_json())

    with (tmp_path / "child.log").open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", CHILD, str(tmp_path / "settings.json"), str(stage.bank.port)),
            cwd=CHECKOUT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    assert process.stdin is not None
    wing = Wing(process)

    def stage_cue(who: str, event: dict[str, Any]) -> None:
        if (cue := cue_for(event_from_json(event))) is not None:
            stage.bank.stage(personas[who].id, cue)

    following = asyncio.create_task(wing.follow(stage_cue))
    orders = [[who, ENDPOINT.format(number=number)] for who, number in numbers.items()]
    process.stdin.write(json.dumps(orders).encode() + b"\n")
    try:
        await wing.until(who=agreed.called_id, event="PromptStarted", question="pitch")
        await wing.until(who=asked.called_id, event="PromptEnded")
        await asyncio.sleep(0.5)  # in the middle of our sentence
        process.send_signal(signal.SIGKILL)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await following

    # Nothing outlives it: Asterisk ends, and the phones are hung up.
    instance = Instance.of(settings, installation)
    async with asyncio.timeout(GONE_S):
        while await asyncio.to_thread(instance.running_pid) is not None:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
    for persona in (agreed, asked):
        log = await asyncio.wait_for(stage.bank.log(persona.id), GONE_S)
        assert log.hung_up_by == "caller"
    stage.bank.disarm(ringing.id)
    await asyncio.wait_for(stage.bank.log(ringing.id), GONE_S)

    recordings = settings.state / "recordings"
    kept, dropped = (recordings / f"{wing.call_ids[persona.called_id]}.wav" for persona in (agreed, asked))
    assert kept.exists()
    assert dropped.exists()
    with kept.open("ab") as file:
        file.write(UNWRITTEN)
    before = len(stage.steps)

    async with Hireline(settings, simulated_trunk=(PHONES, stage.bank.port)) as hireline:
        store = hireline.store
        assert store.unfinished() == ()
        for persona in personas.values():
            [attempt] = store.attempts(persona.called_id)  # nothing was dialled again
            assert attempt.state is CallState.ENDED
        rows = {who: store.result(call_id) for who, call_id in wing.call_ids.items()}
        for call_id in wing.call_ids.values():
            assert store.turns(call_id) == store.result(call_id).transcript
    instance.remove()
    assert len(stage.steps) == before

    talked = rows[agreed.called_id]
    assert talked.disposition is Disposition.PARTIAL
    assert "gone" in talked.evidence
    assert talked.consent.recording
    assert talked.questions_asked == ("greeting", "consent", "pitch")
    said = [(turn.who, turn.text) for turn in talked.transcript]
    assert [who for who, _ in said].count(Speaker.CANDIDATE) >= 2
    assert any("录音" in text for who, text in said if who is Speaker.SYSTEM)
    assert talked.recording == str(kept)
    whole = soundfile.info(kept)
    assert whole.frames * 4 + 44 == kept.stat().st_size
    assert talked.answered_at is not None
    assert whole.frames / whole.samplerate == pytest.approx(talked.transcript[-1].end_ms / 1000, abs=3)

    begun = rows[asked.called_id]
    assert begun.disposition in {Disposition.PARTIAL, Disposition.SYSTEM_FAILED}
    assert (begun.consent.recording, begun.recording) == (False, None)
    assert begun.transcript[0].who in Speaker
    assert not dropped.exists()

    never = rows[ringing.called_id]
    assert (never.disposition, never.answered_at, never.transcript) == (Disposition.SYSTEM_FAILED, None, ())
