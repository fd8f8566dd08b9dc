"""Figures that are looked at when somebody asks: what is going on now, and what other parts count themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Protocol

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from agi_app import __version__
from agi_app.interview.conversation import Services
from agi_app.interview.ledger import Ledger
from agi_app.monitoring.logged import LogCounter
from agi_app.monitoring.metrics import LIVE, CallMetrics
from agi_app.monitoring.watch import TrunkWatch
from agi_app.telephony.ari.connection import AriConnection


class Watched(Protocol):
    """What is looked at of the phone wing."""

    services: Services
    ari: AriConnection

    @property
    def ledger(self) -> Ledger:
        """Writes to the HR database."""

    @property
    def asterisk_restarts(self) -> int:
        """How often Asterisk was brought back."""

    @property
    def asterisk_version(self) -> str:
        """Of our own Asterisk."""


class LiveCollector(Collector):
    """Asked at each scrape.

    Args:
        hireline: the running phone wing.
        calls: knows which calls are going on.
        watch: knows the trunks.
        logged: knows how often each warning was logged.
    """

    def __init__(self, hireline: Watched, calls: CallMetrics, watch: TrunkWatch, logged: LogCounter) -> None:
        self._hireline = hireline
        self._calls = calls
        self._watch = watch
        self._logged = logged

    def collect(self) -> Iterable[Metric]:
        """All families, with a sample each where there is something to say."""
        yield InfoMetricFamily("hireline_build", "Versions.", {"version": __version__, "asterisk": self._hireline.asterisk_version})
        yield from self._calls_now()
        yield from self._models()
        yield from self._asterisk()
        yield from self._trunks()
        yield from self._store()
        logged = CounterMetricFamily(
            "hireline_log_events", "Warnings and errors logged, by name: every fallback is among them.", labels=["level", "event"]
        )
        for (level, event), count in sorted(self._logged.counts().items()):
            logged.add_metric([level, event], count)
        yield logged

    def _calls_now(self) -> Iterator[Metric]:
        counted = Counter(self._calls.states.values())
        yield _gauge("hireline_calls_in_progress", "Calls going on now.", sum(counted.values()))
        states = GaugeMetricFamily("hireline_calls", "Calls going on now, by state.", labels=["state"])
        for state in sorted(LIVE):
            states.add_metric([state], counted[state])
        yield states

    def _models(self) -> Iterator[Metric]:
        services = self._hireline.services
        jobs = GaugeMetricFamily("hireline_model_queue_jobs", "Jobs that wait for a model now.", labels=["model"])
        refused = CounterMetricFamily("hireline_model_refused", "Jobs turned away: the queue was full.", labels=["model"])
        for worker in (services.recognition.worker, services.speech.worker):
            jobs.add_metric([worker.name], worker.waiting)
            refused.add_metric([worker.name], worker.refused)
        yield from (jobs, refused)
        spoken = CounterMetricFamily("hireline_speech", "Clauses, by what became of them.", labels=["what"])
        for what in ("clauses", "cached", "fallbacks", "failures", "warmed", "not_warmed"):
            spoken.add_metric([what], services.speech.counters[what])
        yield spoken

    def _asterisk(self) -> Iterator[Metric]:
        ari = self._hireline.ari
        yield _gauge("hireline_ari_connected", "1 while Asterisk's event stream is up.", ari.connected.is_set())
        yield _counter("hireline_ari_losses", "Times an event stream that was up was lost.", ari.losses)
        yield _counter("hireline_ari_orphans", "Channels and bridges removed because nobody owned them.", ari.orphans)
        yield _counter("hireline_asterisk_restarts", "Times Asterisk was brought back.", self._hireline.asterisk_restarts)

    def _trunks(self) -> Iterator[Metric]:
        picture = self._watch.picture
        yield _gauge("hireline_ami_up", "1 when Asterisk's manager interface answered the last time.", picture is not None)
        up = GaugeMetricFamily("hireline_trunk_up", "0 when calls through this trunk are known to fail.", labels=["trunk"])
        channels = GaugeMetricFamily("hireline_trunk_channels", "Calls on this trunk now.", labels=["trunk"])
        trip = GaugeMetricFamily("hireline_trunk_round_trip_seconds", "Of the last answered OPTIONS.", labels=["trunk"])
        registered = GaugeMetricFamily("hireline_registration_up", "1 when we are registered.", labels=["registration"])
        for trunk in picture.trunks if picture else ():
            up.add_metric([trunk.name], trunk.up)
            channels.add_metric([trunk.name], trunk.channels)
            if trunk.round_trip_ms is not None:
                trip.add_metric([trunk.name], trunk.round_trip_ms / 1000)
        for item in picture.registrations if picture else ():
            registered.add_metric([item.name], item.registered)
        yield from (up, channels, trip, registered)

    def _store(self) -> Iterator[Metric]:
        ledger = self._hireline.ledger
        yield _gauge("hireline_store_spool_files", "Results in files that the database could not take yet.", ledger.spooled())
        yield _gauge("hireline_store_waiting_writes", "Writes that are noted and not made yet.", ledger.waiting)
        yield _counter("hireline_store_retries", "Writes that found the database locked.", ledger.retries)
        yield _counter("hireline_store_failures", "Writes given up; the result still holds what they said.", ledger.failures)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=float(value))


def _counter(name: str, text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(name, text, value=float(value))
