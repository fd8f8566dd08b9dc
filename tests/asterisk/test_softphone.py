"""The simulated phones, called by a real Asterisk over real SIP: codes, sound both ways, timing, bad lines, clean ends."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import importlib.util
import json
import os
import signal
import socket
import sys
import textwrap
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import psutil
import pytest
import pytest_asyncio
import soundfile

from agi_app.errors import SetupError
from agi_app.interview.events import InterviewEvent, PromptEnded, PromptStarted, TurnGiven
from agi_app.simulate.line import SAMPLE_RATE, SPEECH_DBOV, level_dbov
from agi_app.simulate.measure import heard_spans, measure
from agi_app.simulate.persona import Persona
from agi_app.simulate.phonebank import PhoneBank
from agi_app.simulate.plan import CallPlan, Happened, PhoneLog, TurnGivenCue, Utterance
from agi_app.simulate.runner import Simulation
from agi_app.simulate.utterances import Utterances
from agi_app.telephony.server import AsteriskServer
from hr_sync.records import CallResult, Candidate, Disposition, Speaker
from hr_sync.records import Turn as HeardTurn

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH_MS = 600
"""Upper bound of what two jitter buffers and two passes through Asterisk add, on a busy machine."""


class Exchange:
    """Places calls in the real Asterisk and follows its events."""

    def __init__(self, http: aiohttp.ClientSession, events: aiohttp.ClientWebSocketResponse, app: str) -> None:
        self._http, self._socket, self._app = http, events, app
        self.events: list[dict[str, Any]] = []
        self._news = asyncio.Condition()

    async def follow(self) -> None:
        async for message in self._socket:
            async with self._news:
                self.events.append(json.loads(message.data))
                self._news.notify_all()

    async def wait(self, kind: str, channel: str, *, count: int = 1, seconds: float = 15) -> dict[str, Any]:
        """The event of that kind on a channel, the `count`th."""

        def found() -> list[dict[str, Any]]:
            return [event for event in self.events if event["type"] == kind and event["channel"]["id"] == channel]

        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: len(found()) >= count)
        return found()[count - 1]

    async def post(self, path: str, **parameters: str) -> Any:
        async with self._http.post(path, params=parameters) as response:
            assert response.status < 300, await response.text()
            return await response.json() if response.content_type == "application/json" else None

    async def dial(self, number: str, **more: str) -> str:
        channel = await self.post(
            "channels", endpoint=f"PJSIP/{number}@simulated", app=self._app, channelId=f"leg-{number}", **more
        )
        return str(channel["id"])

    async def answered(self, number: str, **more: str) -> str:
        channel = await self.dial(number, **more)
        await self.wait("StasisStart", channel)
        return channel

    async def join(self, *channels: str) -> None:
        bridge = await self.post("bridges", type="mixing", bridgeId=f"bridge-{channels[0]}")
        for channel in channels:
            await self.post(f"bridges/{bridge['id']}/addChannel", channel=channel)

    async def statistics(self, channel: str) -> dict[str, Any]:
        async with self._http.get(f"channels/{channel}/rtp_statistics") as response:
            return dict(await response.json())

    async def delete(self, path: str) -> None:
        async with self._http.delete(path):
            pass

    async def clear(self) -> None:
        for kind in ("channels", "bridges"):
            async with self._http.get(kind) as response:
                left = [item["id"] for item in await response.json()]
            for each in left:
                await self.delete(f"{kind}/{each}")


@pytest_asyncio.fixture(loop_scope="module")
async def exchange(asterisk: AsteriskServer) -> AsyncIterator[Exchange]:
    app = f"softphone-{uuid.uuid4().hex}"  # its own for each test: Asterisk may end an application after its successor began
    login = base64.b64encode(f"{asterisk.settings.asterisk.ari_user}:{asterisk.secrets.ari_password}".encode()).decode()
    async with (
        aiohttp.ClientSession(f"{asterisk.ari_url}/", headers={"Authorization": f"Basic {login}"}) as http,
        http.ws_connect("events", params={"app": app}) as events,
    ):
        made = Exchange(http, events, app)
        following = asyncio.create_task(made.follow())
        yield made
        await made.clear()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


class Phones:
    """A bank, and plans for it made of tones."""

    def __init__(self) -> None:
        self.folder = Path()
        self.steps: list[Happened] = []
        self.on_step: Callable[[Happened], None] = lambda _: None
        self.bank: PhoneBank
        self._news = asyncio.Event()

    def watch(self, step: Happened) -> None:
        self.steps.append(step)
        self._news.set()
        self.on_step(step)

    async def until(self, condition: Callable[[], bool], seconds: float = 15) -> None:
        """Wait until `condition` holds; looked at after every step of a call."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def seen(self, what: str, call: str | None = None) -> int:
        return sum(step.what == what and call in {None, step.call} for step in self.steps)

    def line(self, key: str, ms: int, hertz: float) -> Utterance:
        path = self.folder / f"{key}-{ms}.wav"
        times = np.arange(ms * SAMPLE_RATE // 1000) / SAMPLE_RATE
        amplitude = 32768 * 10 ** (SPEECH_DBOV / 20) * 2**0.5
        soundfile.write(path, (amplitude * np.sin(2 * np.pi * hertz * times)).astype(np.int16), SAMPLE_RATE)
        return Utterance(key=key, text=key, wav=path, duration_ms=ms)

    async def arm(self, number: str, *, ms: int = 600, hertz: float = 440, seed: int = 7, **persona: Any) -> str:
        pickup = {"after_s": 0.2, **persona.pop("pickup", {})}
        made = Persona.model_validate({"id": f"p{number}", "candidate_id": "c", "job": "j", "pickup": pickup, **persona})
        keys = [f"turn.{n}" for n, turn in enumerate(made.turns) if turn.say]
        keys += [f"interrupt.{n}" for n in range(len(made.interrupts))] + (["pickup"] if made.pickup.says else [])
        lines = {key: self.line(key, ms, hertz) for key in keys}
        recording = self.folder / f"{number}.wav"
        plan = CallPlan(call=f"call-{number}", number=number, persona=made, utterances=lines, recording=recording, seed=seed)
        await self.bank.arm(plan)
        return plan.call

    def heard(self, log: PhoneLog) -> np.ndarray:
        assert log.recording is not None
        return soundfile.read(log.recording, dtype="int16")[0][:, 1]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running_phones(simulated_port: int) -> AsyncIterator[Phones]:
    made = Phones()
    async with PhoneBank(simulated_port, made.watch) as bank:
        made.bank = bank
        yield made


@pytest.fixture
def phones(running_phones: Phones, tmp_path: Path) -> Phones:
    running_phones.folder = tmp_path
    running_phones.steps.clear()
    running_phones.on_step = lambda _: None
    return running_phones


SPEAKS = {"otherwise": "silent", "turns": [{"when": "any", "say": "好", "after_ms": 400}]}
LISTENS = {"otherwise": "silent", "turns": []}


@pytest.mark.parametrize(
    ("pickup", "code"),
    [
        ({"how": "busy"}, 486),
        ({"how": "reject"}, 603),
        ({"how": "reject", "code": 404}, 404),
        ({"how": "announcement", "says": "关机"}, 480),
    ],
)
async def test_a_call_that_is_not_taken_ends_with_its_code(
    exchange: Exchange, phones: Phones, pickup: dict[str, Any], code: int
) -> None:
    call = await phones.arm("201", pickup={"after_s": 0.1, **pickup})
    channel = await exchange.dial("201")
    destroyed = await exchange.wait("ChannelDestroyed", channel)
    assert destroyed["tech_cause"] == code
    log = await phones.bank.log(call)
    assert (log.final_code, log.answered_ms, log.hung_up_by) == (code, None, "nobody")


async def test_an_announcement_is_played_twice_as_early_media(exchange: Exchange, phones: Phones) -> None:
    call = await phones.arm("202", ms=500, pickup={"after_s": 0, "how": "announcement", "says": "关机"})
    await exchange.dial("202")
    log = await phones.bank.log(call)
    assert log.recording is not None
    said = soundfile.read(log.recording, dtype="int16")[0][:, 0]
    assert [last - first for first, last in heard_spans(said)] == pytest.approx([500, 500], abs=20)


async def test_a_phone_that_nobody_answers_rings_until_the_caller_gives_up(exchange: Exchange, phones: Phones) -> None:
    call = await phones.arm("203", pickup={"how": "no_answer"})
    await exchange.dial("203", timeout="1")
    log = await phones.bank.log(call)
    assert (log.final_code, log.answered_ms) == (487, None)
    assert [step.what for step in phones.steps] == ["ringing"]


async def test_an_unknown_number_does_not_exist(exchange: Exchange, phones: Phones) -> None:
    channel = await exchange.dial("204")
    assert (await exchange.wait("ChannelDestroyed", channel))["tech_cause"] == 404


@pytest.mark.parametrize("codec", ["ulaw", "alaw", "g722"])
async def test_speech_is_heard_at_the_other_phone_and_answered_on_time(exchange: Exchange, phones: Phones, codec: str) -> None:
    asks = await phones.arm("210", ms=700, line={"codec": codec}, **SPEAKS)
    answers = await phones.arm("211", ms=500, hertz=700, **SPEAKS)

    def give_turn(step: Happened) -> None:
        """The second phone is asked when it hears the first one."""
        if step.call == answers and step.what == "heard_started":
            phones.bank.stage(answers, TurnGivenCue(question="q"))

    phones.on_step = give_turn
    await exchange.join(await exchange.answered("210"), await exchange.answered("211"))
    phones.bank.stage(asks, TurnGivenCue(question="q"))
    await phones.until(lambda: phones.seen("heard_ended", asks) > 0)
    await exchange.clear()
    first, second = await phones.bank.log(asks), await phones.bank.log(answers)
    assert first.codec == {"ulaw": "PCMU", "alaw": "PCMA", "g722": "G722"}[codec]
    assert first.hung_up_by == "caller"

    (heard,) = heard_spans(phones.heard(second))
    assert heard[1] - heard[0] == pytest.approx(700, abs=100)  # a jitter buffer may stretch it a little
    assert second.spoken[0].start_ms - heard[1] == pytest.approx(400, abs=30)  # what the persona asks, to the frame
    for log in (first, second):  # neither louder nor softer, whatever the codec
        ((start, end),) = heard_spans(phones.heard(log))
        assert level_dbov(phones.heard(log)[start * 8 + 400 : end * 8 - 400]) == pytest.approx(SPEECH_DBOV, abs=1.0)
    (reply_ms,) = measure(first, phones.heard(first)).voice_to_voice_ms
    assert 400 <= reply_ms <= 400 + PATH_MS


async def test_keys_arrive_as_keys(exchange: Exchange, phones: Phones) -> None:
    call = await phones.arm("220", otherwise="silent", turns=[{"when": "consent", "press": "1#", "after_ms": 0}])
    channel = await exchange.answered("220")
    phones.bank.stage(call, TurnGivenCue(question="consent"))
    await exchange.wait("ChannelDtmfReceived", channel, count=2)
    keys = [event["digit"] for event in exchange.events if event["type"] == "ChannelDtmfReceived"]
    assert keys == ["1", "#"]
    phones.bank.disarm(call)
    assert (await phones.bank.log(call)).keys == "1#"


async def test_a_candidate_who_hangs_up_is_gone_at_once(exchange: Exchange, phones: Phones) -> None:
    call = await phones.arm("221", hang_up={"at_s": 0.5}, **LISTENS)
    channel = await exchange.answered("221")
    await exchange.wait("ChannelDestroyed", channel, seconds=2)
    log = await phones.bank.log(call)
    assert log.hung_up_by == "candidate"
    assert log.ended_ms == pytest.approx(500, abs=60)


async def test_packets_are_really_lost_and_late_on_the_wire(exchange: Exchange, phones: Phones) -> None:
    bad = await phones.arm("230", ms=5000, line={"loss_pct": 20, "jitter_ms": 30}, **SPEAKS)
    good = await phones.arm("231", ms=5000, hertz=700, **SPEAKS)
    channel, other = await exchange.answered("230"), await exchange.answered("231")
    await exchange.join(channel, other)
    for call in (bad, good):
        phones.bank.stage(call, TurnGivenCue(question="q"))
    await phones.until(lambda: phones.seen("speech_ended") == 2)
    counted = await exchange.statistics(channel)
    clean = await exchange.statistics(other)
    await exchange.clear()
    log, clean_log = await phones.bank.log(bad), await phones.bank.log(good)
    assert log.rtp_relayed > 400
    assert log.rtp_lost / log.rtp_relayed == pytest.approx(0.20, abs=0.06)
    assert (clean_log.rtp_relayed, clean_log.rtp_lost) == (0, 0)
    # Asterisk saw it too, on that leg alone.
    seen = counted["rxploss"] / (counted["rxploss"] + counted["rxcount"])
    assert seen == pytest.approx(0.20, abs=0.08)
    assert clean["rxploss"] <= 2


async def test_an_echo_is_heard_by_who_spoke(exchange: Exchange, phones: Phones) -> None:
    echoing = await phones.arm("240", line={"echo_db": -15, "echo_delay_ms": 300}, **LISTENS)
    speaks = await phones.arm("241", ms=1000, **SPEAKS)
    await exchange.join(await exchange.answered("240"), await exchange.answered("241"))
    phones.bank.stage(speaks, TurnGivenCue(question="q"))
    await phones.until(lambda: phones.seen("heard_ended", speaks) > 0)
    await exchange.clear()
    log = await phones.bank.log(speaks)
    await phones.bank.log(echoing)
    (back,) = heard_spans(phones.heard(log))
    delay = back[0] - log.spoken[0].start_ms
    assert 300 <= delay <= 300 + PATH_MS
    sound = phones.heard(log)[back[0] * 8 + 400 : back[1] * 8 - 400]
    assert level_dbov(sound) == pytest.approx(SPEECH_DBOV - 15, abs=1.0)


async def test_more_calls_than_one_process_takes_at_once(exchange: Exchange, phones: Phones) -> None:
    numbers = [str(300 + n) for n in range(6)]
    calls = [await phones.arm(number, **LISTENS) for number in numbers]
    await asyncio.gather(*(exchange.answered(number) for number in numbers))
    await exchange.clear()
    logs = await asyncio.gather(*(phones.bank.log(call) for call in calls))
    assert all(log.answered_ms is not None and log.hung_up_by == "caller" for log in logs)


async def test_a_call_that_never_comes_leaves_an_empty_log(phones: Phones) -> None:
    call = await phones.arm("250", **LISTENS)
    with pytest.raises(SetupError, match="in use"):
        await phones.arm("250", **LISTENS)
    for _ in range(2):  # the number is free again afterwards
        phones.bank.disarm(call)
        log = await phones.bank.log(call)
        assert (log.answered_ms, log.recording, log.spoken) == (None, None, ())
        assert await phones.arm("250", **LISTENS) == call
    phones.bank.disarm(call)
    await phones.bank.log(call)


# ---- a whole run, with a stand-in for the phone wing ----------------------------------------------------------------


class StandIn:
    """An interview without ears: asks with a tone, replies with another when it is told that the candidate has spoken."""

    def __init__(self, exchange: Exchange, phones: Phones) -> None:
        self._exchange, self._phones = exchange, phones
        self.called: list[tuple[str, str]] = []

    async def interview(
        self, candidate_id: str, job_id: str, to: str | None = None, *, listener: Callable[[InterviewEvent], None] | None = None
    ) -> CallResult:
        assert listener is not None
        self.called.append((candidate_id, job_id))
        number = str(to).removeprefix("PJSIP/").removesuffix("@simulated")
        before = self._phones.seen("speech_ended")
        channel = await self._exchange.answered(number)
        listener(PromptStarted("c", "expected_pay", "question", "words that the phone never gets", "expected_pay"))
        await self._exchange.post(f"channels/{channel}/play", media="tone:!440/1000", playbackId=f"ask-{number}")
        await asyncio.sleep(1.1)
        listener(PromptEnded("c", "expected_pay", "question", 1000, False))
        listener(TurnGiven("c", "expected_pay", "question"))
        await self._phones.until(lambda: self._phones.seen("speech_ended") > before)
        await self._exchange.delete(f"playbacks/ask-{number}")
        await self._exchange.post(f"channels/{channel}/play", media="tone:!600/500")
        await asyncio.sleep(0.8)
        await self._exchange.delete(f"channels/{channel}")
        now = datetime.now(UTC)
        said = HeardTurn(who=Speaker.CANDIDATE, text="一万三", start_ms=1500, end_ms=2000)
        return CallResult(
            call_id="c",
            attempt=1,
            candidate_id=candidate_id,
            job_id=job_id,
            disposition=Disposition.COMPLETED,
            started_at=now,
            ended_at=now,
            slots={"expected_pay": {"min": 13000, "max": 13000, "period": "month"}},
            transcript=(said,),
        )


class CandidateShelf:
    def __init__(self) -> None:
        self.put: list[str] = []
        self.unblocked: list[str] = []

    def put_candidates(self, candidates: Sequence[Candidate]) -> None:
        self.put += [candidate.id for candidate in candidates]

    def unblock(self, number: str) -> None:
        self.unblocked.append(number)


async def test_a_run_calls_measures_and_judges(exchange: Exchange, phones: Phones, tmp_path: Path) -> None:
    async def hum(text: str) -> np.ndarray:
        times = np.arange(150 * len(text) * 8) / SAMPLE_RATE
        return (3000 * np.sin(2 * np.pi * 300 * times)).astype(np.int16)

    persona = Persona.model_validate(
        {
            "id": "run",
            "candidate": {"name": "张伟", "phone": "+8613800000001"},
            "job": "sales",
            "pickup": {"after_s": 0.1},
            "turns": [{"when": "expected_pay", "say": "一万二", "after_ms": 300}],
            "expect": {"disposition": "completed", "slots": {"expected_pay": {"min": 12000, "max": 12000, "period": "month"}}},
        }
    )
    app, shelf = StandIn(exchange, phones), CandidateShelf()
    utterances = Utterances(hum, voice_name="hum", folder=tmp_path / "lines")
    simulation = Simulation(app, phones.bank, utterances, folder=tmp_path / "calls", store=shelf)
    first, second = await simulation.run([persona], calls=2)
    assert app.called == [("run", "sales")] * 2
    assert (shelf.put, shelf.unblocked) == (["run"], ["+8613800000001"])
    assert first.number != second.number
    for call in (first, second):
        assert call.log is not None
        assert [said.text for said in call.log.spoken] == ["一万二"]
        assert [mark.cue.cue for mark in call.log.stages] == ["prompt_started", "prompt_ended", "turn_given"]
        (reply_ms,) = call.measures.voice_to_voice_ms
        assert 0 < reply_ms < 500
        assert call.accuracy.characters.rate == pytest.approx(1 / 4)  # 一万二千 against 一万三千
        assert call.unmet == ["slot expected_pay: 12000 wanted, 13000 found"]


# ---- trouble --------------------------------------------------------------------------------------------------------


async def test_a_taken_port_is_told() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        with pytest.raises(SetupError, match=f"UDP port {port}"):
            async with PhoneBank(port):
                pass


async def test_a_missing_pjsua2_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SetupError, match="pjsua2") as caught:
        async with PhoneBank():
            pass
    assert "hireline[simulate]" in str(caught.value)


async def test_a_phone_that_dies_is_told_to_who_waits(exchange: Exchange, phones: Phones) -> None:
    call = await phones.arm("260", **LISTENS)
    await exchange.answered("260")
    pid = phones.bank._of_call[call].child.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(SetupError, match="softphone ended"):
        await phones.bank.log(call)
    await exchange.clear()
    again = await phones.arm("261", hang_up={"at_s": 0.2}, **LISTENS)  # a new phone takes the place of the dead one
    await exchange.answered("261")
    assert (await phones.bank.log(again)).hung_up_by == "candidate"


async def test_nothing_outlives_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(
            """
            import asyncio, psutil
            from pathlib import Path
            from agi_app.simulate.persona import Persona
            from agi_app.simulate.phonebank import PhoneBank
            from agi_app.simulate.plan import CallPlan

            async def main():
                async with PhoneBank() as bank:
                    persona = Persona.model_validate({"id": "p", "candidate_id": "c", "job": "j"})
                    await bank.arm(CallPlan(call="c", number="1", persona=persona, utterances={}, recording=Path("x.wav")))
                    print(*(child.pid for child in psutil.Process().children()), flush=True)
                    await asyncio.sleep(60)

            asyncio.run(main())
            """
        )
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, str(script), stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    children = [psutil.Process(int(pid)) for pid in (await parent.stdout.readline()).split()]
    assert len(children) == 2
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    gone, alive = await asyncio.to_thread(psutil.wait_procs, children, timeout=10)
    for child in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    assert not alive
    assert len(gone) == 2
