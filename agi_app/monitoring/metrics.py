"""Figures that grow with what happens in calls, in the form Prometheus takes them."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from agi_app.interview.events import CallFinished, Interrupted, InterviewEvent, Replied, StateChanged, Trouble
from agi_app.speech.worker import ModelWorker, Priority
from hr_sync.records import CallState, Disposition

_REPLY_S = (0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0)
_STAGE_S = (0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.2, 2.0, 4.0)
_QUEUE_S = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
_CALL_S = (10, 30, 60, 120, 180, 300, 450, 600, 900)
_MEDIA = ("frames_in", "frames_out", "frames_late", "frames_dropped", "underruns")
LIVE = frozenset({CallState.PLANNED, CallState.DIALLING, CallState.RINGING, CallState.TALKING})


class CallMetrics:
    """Fed with the events of all calls and the jobs of the model workers.

    Args:
        registry: where the figures are kept.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.states: dict[str, CallState] = {}
        """Calls that have not ended, by id."""
        ProcessCollector(registry=registry)
        self._ended = Counter("hireline_calls_ended", "Calls that ended, by disposition.", ["disposition"], registry=registry)
        self._length = Histogram(
            "hireline_call_duration_seconds", "From the answer to the end.", buckets=_CALL_S, registry=registry
        )
        self._reply = Histogram(
            "hireline_voice_to_voice_seconds",
            "From the end of the candidate's speech to the first audio of the reply, as the server hears and sends it.",
            buckets=_REPLY_S,
            registry=registry,
        )
        self._stage = Histogram(
            "hireline_reply_stage_seconds", "The parts of a reply's time.", ["stage"], buckets=_STAGE_S, registry=registry
        )
        self._interruptions = Counter(
            "hireline_interruptions", "Candidates who spoke over us, and whether we gave way.", ["stopped"], registry=registry
        )
        self._troubles = Counter("hireline_troubles", "What failed inside a call and was dealt with.", ["what"], registry=registry)
        self._media = {
            name: Counter(f"hireline_media_{name}", f"Of the calls that ended: {name.replace('_', ' ')}.", registry=registry)
            for name in _MEDIA
        }
        self._wait = Histogram(
            "hireline_model_queue_wait_seconds",
            "Time jobs waited for a model.",
            ["model", "priority"],
            buckets=_QUEUE_S,
            registry=registry,
        )
        self._work = Histogram(
            "hireline_model_work_seconds", "Time a model worked on a job.", ["model"], buckets=_QUEUE_S, registry=registry
        )
        for disposition in Disposition:
            self._ended.labels(disposition)
        for stopped in ("true", "false"):
            self._interruptions.labels(stopped)

    def take(self, event: InterviewEvent) -> None:
        """Count an event of a call."""
        match event:
            case StateChanged(call_id=call_id, state=state) if state in LIVE:
                self.states[call_id] = state
            case Replied(total_ms=total_ms, stages_ms=stages_ms):
                self._reply.observe(total_ms / 1000)
                for stage, value in stages_ms.items():
                    self._stage.labels(stage).observe(value / 1000)
            case Interrupted(stopped=stopped):
                self._interruptions.labels(str(stopped).lower()).inc()
            case Trouble(what=what):
                self._troubles.labels(what).inc()
            case CallFinished():
                self._finished(event)
            case _:
                pass

    def watch(self, worker: ModelWorker) -> None:
        """Count the jobs of a model's worker from now on."""
        waits = {priority: self._wait.labels(worker.name, priority.name.lower()) for priority in Priority}
        work = self._work.labels(worker.name)

        def observe(priority: Priority, waited_s: float, worked_s: float) -> None:
            waits[priority].observe(waited_s)
            work.observe(worked_s)

        worker.observer = observe

    def _finished(self, event: CallFinished) -> None:
        self.states.pop(event.call_id, None)
        result = event.result
        self._ended.labels(result.disposition).inc()
        if result.answered_at is not None:
            self._length.observe(max(0.0, (result.ended_at - result.answered_at).total_seconds()))
        for name, counter in self._media.items():
            counter.inc(max(0, result.metrics.get(name) or 0))
