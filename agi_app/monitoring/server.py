"""The pages: GET /metrics for Prometheus, GET /healthz for whoever asks whether calls can be made."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Protocol, Self

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from agi_app.campaign import metrics as campaigns
from agi_app.config import MonitoringSettings
from agi_app.errors import AriError, SetupError
from agi_app.interview.events import InterviewEvent
from agi_app.monitoring.collector import LiveCollector, Watched
from agi_app.monitoring.logged import LogCounter
from agi_app.monitoring.metrics import CallMetrics
from agi_app.monitoring.watch import TrunkWatch
from agi_app.telephony.ami import AmiClient


class Monitored(Watched, Protocol):
    """What the pages need of the phone wing."""

    ami: AmiClient

    @property
    def failed(self) -> asyncio.Future[AriError]:
        """Done when Asterisk was given up."""

    def subscribe(self, listener: Callable[[InterviewEvent], None]) -> Callable[[], None]:
        """Hear of everything that happens in calls."""


class MonitoringServer:
    """Use as an async context manager.

    Args:
        hireline: the running phone wing.
        settings: where to listen; port 0: any free one, see `port`.

    Raises:
        SetupError: the port is taken.
    """

    def __init__(self, hireline: Monitored, settings: MonitoringSettings) -> None:
        self._hireline = hireline
        self._settings = settings
        self._stack = AsyncExitStack()
        self._registry = CollectorRegistry()
        self.port = settings.port

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stack.aclose()

    async def _start(self) -> None:
        logged, root = LogCounter(), logging.getLogger()
        root.addHandler(logged)
        self._stack.callback(root.removeHandler, logged)
        calls = CallMetrics(self._registry)
        self._stack.callback(self._hireline.subscribe(calls.take))
        for worker in (self._hireline.services.recognition.worker, self._hireline.services.speech.worker):
            calls.watch(worker)
            self._stack.callback(setattr, worker, "observer", None)
        self._watch = await self._stack.enter_async_context(TrunkWatch(self._hireline.ami, self._settings.trunk_interval_s))
        self._registry.register(campaigns.REGISTRY)
        self._registry.register(LiveCollector(self._hireline, calls, self._watch, logged))
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._health)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        try:
            await web.TCPSite(runner, self._settings.host, self._settings.port).start()
        except OSError as error:
            raise SetupError(
                f"the monitoring port {self._settings.port} cannot be opened: {error.strerror}",
                where="setting monitoring.port",
                remedy="set another port, or monitoring.enabled = false",
            ) from error
        self.port = runner.addresses[0][1]

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})

    async def _health(self, _: web.Request) -> web.Response:
        """200 when calls can be made, else 503; what is wrong stands in the answer."""
        wrong = []
        if self._hireline.failed.done() or not self._hireline.ari.connected.is_set():
            wrong.append("asterisk: no event stream")
        picture = self._watch.picture
        if picture is None:
            wrong.append("asterisk: the manager interface does not answer")
        elif picture.trunks and not any(trunk.up for trunk in picture.trunks):
            wrong.append("trunks: all are down")
        return web.json_response({"status": "failing" if wrong else "ok", "wrong": wrong}, status=503 if wrong else 200)
