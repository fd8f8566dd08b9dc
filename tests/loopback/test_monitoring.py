"""The pages a Prometheus server and a load balancer read, over real HTTP, and that the sample dashboard asks for nothing else."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import aiohttp
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from agi_app.config import CHECKOUT, MonitoringSettings
from agi_app.errors import AmiLostError, AriError, AriLostError, SetupError
from agi_app.interview.events import CallFinished, Interrupted, InterviewEvent, Replied, StateChanged, Trouble
from agi_app.monitoring import MonitoringServer
from agi_app.speech.worker import ModelWorker, Priority
from hr_sync.records import CallResult, CallState, Disposition

DASHBOARD = CHECKOUT / "docker" / "grafana" / "hireline.json"
ALARMS = CHECKOUT / "docker" / "prometheus" / "alarms.yml"
NOW = datetime(2026, 1, 5, 10, 15, tzinfo=UTC)


class Ami:
    """Stands for Asterisk's manager interface: one trunk, which is up until the test says otherwise."""

    def __init__(self) -> None:
        self.up = self.answers = True

    async def ask(self, action: str, **fields: str) -> list[dict[str, str]]:
        if not self.answers:
            raise AmiLostError("Asterisk's manager interface does not answer")
        match action:
            case "PJSIPShowEndpoints":
                return [{"event": "EndpointList", "objectname": "carrier"}]
            case "PJSIPShowEndpoint":
                status = {
                    "event": "ContactStatusDetail",
                    "status": "Reachable" if self.up else "Unreachable",
                    "roundtripusec": "12500",
                }
                channels = {"event": "EndpointDetail", "activechannels": "PJSIP/carrier-1, PJSIP/carrier-2"}
                return [status, channels, {"event": "AorDetail", "qualifyfrequency": "60"}]
            case _:
                return [{"event": "OutboundRegistrationDetail", "objectname": "carrier-reg", "status": "Rejected"}]


class Wing:
    """Stands for the phone wing."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[InterviewEvent], None]] = []
        self.recognition, self.voice = ModelWorker("recognition", queue=1), ModelWorker("voice")
        self.services = SimpleNamespace(
            recognition=SimpleNamespace(worker=self.recognition),
            speech=SimpleNamespace(worker=self.voice, counters=Counter(fallbacks=2)),
        )
        self.ari = SimpleNamespace(connected=asyncio.Event(), losses=3, orphans=1)
        self.ari.connected.set()
        self.ledger = SimpleNamespace(spooled=lambda: 4, waiting=0, retries=5, failures=6)
        self.asterisk_restarts, self.asterisk_version = 7, "22.10.1"
        self.ami = Ami()
        self.failed: asyncio.Future[AriError] = asyncio.get_running_loop().create_future()

    def subscribe(self, listener: Callable[[InterviewEvent], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def tell(self, *events: InterviewEvent) -> None:
        for event in events:
            for listener in self.listeners:
                listener(event)


class Pages:
    """Reads the pages."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def families(self) -> tuple[dict[str, float], set[str]]:
        """Samples by `name{label="value"}`, and the names of all there could be."""
        async with self._http.get("metrics") as response:
            assert response.status == 200
            assert response.content_type == "text/plain"
            text = await response.text()
        samples, names = {}, set()
        for family in text_string_to_metric_families(text):
            names |= {family.name, f"{family.name}_total", *(f"{family.name}_{part}" for part in ("bucket", "sum", "count"))}
            for sample in family.samples:
                labels = ",".join(f'{key}="{value}"' for key, value in sorted(sample.labels.items()))
                samples[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
        return samples, names

    async def samples(self) -> dict[str, float]:
        return (await self.families())[0]

    async def health(self) -> tuple[int, list[str]]:
        async with self._http.get("healthz") as response:
            return response.status, (await response.json())["wrong"]


@pytest.fixture
async def wing() -> AsyncIterator[Wing]:
    made = Wing()
    yield made
    await made.recognition.close()
    await made.voice.close()


@pytest.fixture
async def pages(wing: Wing) -> AsyncIterator[Pages]:
    settings = MonitoringSettings(port=0, trunk_interval_s=1)
    async with MonitoringServer(wing, settings) as server, aiohttp.ClientSession(f"http://127.0.0.1:{server.port}/") as http:  # type: ignore[arg-type]
        await asyncio.sleep(0)
        yield Pages(http)
    assert wing.listeners == []


def ended(call_id: str, disposition: Disposition, answered: bool = True) -> CallFinished:
    result = CallResult(
        call_id=call_id,
        attempt=1,
        candidate_id="zhang-wei",
        job_id="sales",
        disposition=disposition,
        started_at=NOW,
        answered_at=NOW if answered else None,
        ended_at=NOW + timedelta(seconds=75),
        metrics={"frames_in": 100, "frames_late": 2, "frames_dropped": 1} if answered else {},
    )
    return CallFinished(call_id, result)


async def test_calls_are_counted_as_they_go(wing: Wing, pages: Pages) -> None:
    wing.tell(
        StateChanged("a", CallState.DIALLING),
        StateChanged("a", CallState.TALKING),
        StateChanged("b", CallState.RINGING),
        StateChanged("c", CallState.DIALLING),
        Replied("a", "", 620, {"endpoint": 500, "speech": 12}),
        Interrupted("a", "p", stopped=True),
        Trouble("a", "recognition_failed"),
    )
    now = await pages.samples()
    assert now["hireline_calls_in_progress"] == 3
    assert now['hireline_calls{state="talking"}'] == 1
    assert now['hireline_calls{state="ringing"}'] == 1
    wing.tell(StateChanged("a", CallState.ENDED), ended("a", Disposition.COMPLETED), ended("b", Disposition.BUSY, answered=False))
    now = await pages.samples()
    assert now["hireline_calls_in_progress"] == 1
    assert now['hireline_calls_ended_total{disposition="completed"}'] == 1
    assert now['hireline_calls_ended_total{disposition="busy"}'] == 1
    assert now['hireline_calls_ended_total{disposition="voicemail"}'] == 0
    assert now["hireline_call_duration_seconds_count"] == 1
    assert now["hireline_call_duration_seconds_sum"] == 75
    assert now['hireline_voice_to_voice_seconds_bucket{le="0.6"}'] == 0
    assert now['hireline_voice_to_voice_seconds_bucket{le="0.8"}'] == 1
    assert now['hireline_reply_stage_seconds_sum{stage="speech"}'] == pytest.approx(0.012)
    assert now['hireline_interruptions_total{stopped="true"}'] == 1
    assert now['hireline_troubles_total{what="recognition_failed"}'] == 1
    assert (now["hireline_media_frames_late_total"], now["hireline_media_frames_dropped_total"]) == (2, 1)


async def test_what_other_parts_know_is_asked_of_them(wing: Wing, pages: Pages) -> None:
    now = await pages.samples()
    assert now["hireline_ari_connected"] == 1
    assert (now["hireline_ari_losses_total"], now["hireline_asterisk_restarts_total"]) == (3, 7)
    assert (now["hireline_store_spool_files"], now["hireline_store_retries_total"], now["hireline_store_failures_total"]) == (
        4,
        5,
        6,
    )
    assert now['hireline_speech_total{what="fallbacks"}'] == 2
    assert now["process_resident_memory_bytes"] > 1e6
    assert now['hireline_trunk_up{trunk="carrier"}'] == 1
    assert now['hireline_trunk_channels{trunk="carrier"}'] == 2
    assert now['hireline_trunk_round_trip_seconds{trunk="carrier"}'] == 0.0125
    assert now['hireline_registration_up{registration="carrier-reg"}'] == 0
    wing.ari.connected.clear()
    assert (await pages.samples())["hireline_ari_connected"] == 0


async def test_jobs_of_the_models_are_measured(wing: Wing, pages: Pages) -> None:
    await wing.recognition.run(lambda: None)
    await wing.voice.run(lambda: None, priority=Priority.WARM)
    now = await pages.samples()
    assert now['hireline_model_queue_wait_seconds_count{model="recognition",priority="live"}'] == 1
    assert now['hireline_model_queue_wait_seconds_count{model="voice",priority="warm"}'] == 1
    assert now['hireline_model_queue_wait_seconds_count{model="voice",priority="live"}'] == 0
    assert now['hireline_model_work_seconds_count{model="voice"}'] == 1
    assert now['hireline_model_queue_jobs{model="recognition"}'] == 0


async def test_every_warning_is_counted_by_its_name_and_never_by_its_values(pages: Pages) -> None:
    logger = logging.getLogger("agi_app.somewhere")
    for _ in range(2):
        logger.warning({"event": "reload_went_back", "who": "张伟"})
    logger.error({"event": "result_spooled"})
    logger.info({"event": "call_ended"})
    logging.getLogger("aiohttp.server").warning("张伟 13800000001")
    now = await pages.samples()
    assert now['hireline_log_events_total{event="reload_went_back",level="warning"}'] == 2
    assert now['hireline_log_events_total{event="result_spooled",level="error"}'] == 1
    assert now['hireline_log_events_total{event="aiohttp.server",level="warning"}'] == 1
    assert not any("张伟" in name or "call_ended" in name for name in now)


async def test_health_says_whether_calls_can_be_made(wing: Wing, pages: Pages) -> None:
    assert await pages.health() == (200, [])
    wing.ari.connected.clear()
    assert await pages.health() == (503, ["asterisk: no event stream"])
    wing.ari.connected.set()
    wing.failed.set_result(AriLostError("gone"))
    assert (await pages.health())[0] == 503


async def test_trunks_that_go_down_and_an_asterisk_that_is_silent(wing: Wing) -> None:
    wing.ami.up = False
    settings = MonitoringSettings(port=0, trunk_interval_s=1)
    async with MonitoringServer(wing, settings) as server, aiohttp.ClientSession(f"http://127.0.0.1:{server.port}/") as http:  # type: ignore[arg-type]
        pages = Pages(http)
        assert await pages.health() == (503, ["trunks: all are down"])
        assert (await pages.samples())['hireline_trunk_up{trunk="carrier"}'] == 0
        wing.ami.answers = False
        async with asyncio.timeout(5):
            while (await pages.samples())["hireline_ami_up"]:  # noqa: ASYNC110 - the next look is a second away
                await asyncio.sleep(0.1)
        assert (await pages.health())[1] == ["asterisk: the manager interface does not answer"]


async def test_a_taken_port_is_named(wing: Wing) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        with pytest.raises(SetupError, match="monitoring port") as caught:
            async with MonitoringServer(wing, MonitoringSettings(port=holder.getsockname()[1])):  # type: ignore[arg-type]
                pass
    assert "monitoring.enabled" in str(caught.value.remedy)
    assert wing.listeners == []


async def test_the_sample_dashboard_and_alarms_ask_only_for_what_there_is(pages: Pages) -> None:
    _, names = await pages.families()
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    alarms = yaml.safe_load(ALARMS.read_text("utf-8"))
    expressions += [rule["expr"] for group in alarms["groups"] for rule in group["rules"]]
    asked = {name for expression in expressions for name in re.findall(r"\b((?:hireline|process)_\w+)", expression)}
    assert len(expressions) > 25
    assert asked - names == set()
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
