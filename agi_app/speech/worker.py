"""Worker threads that run models off the event loop: a bounded queue, priorities, a measured wait, cancellation.

Inference releases the GIL, so a thread is enough; the loop only ever awaits.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, Generic, TypeVar

import structlog

from agi_app.errors import OverloadError
from agi_app.speech.asr.protocol import Audio, Recogniser, Recognition, RecognitionHints

_log = structlog.get_logger(__name__)

T = TypeVar("T")


class Priority(IntEnum):
    """What goes first; among equals, who came first."""

    LIVE = 0
    """A candidate waits for it."""
    AHEAD = 1
    """A candidate will soon wait for it: the next clause."""
    WARM = 2
    """Nobody waits: audio that may be needed."""


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """A finished job."""

    value: T
    wait_ms: float
    """Time in the queue."""
    compute_ms: float


@dataclass(order=True, slots=True)
class _Job:
    priority: int
    number: int
    call: Callable[[], Any] = field(compare=False)
    loop: asyncio.AbstractEventLoop = field(compare=False)
    future: asyncio.Future[Done[Any]] = field(compare=False)
    queued_at: float = field(compare=False)


class ModelWorker:
    """N threads and one bounded queue.

    Args:
        name: of the threads, for stack dumps.
        threads: jobs that run at the same time. Of several, one never takes warming, so that live work need not wait for it.
        queue: jobs that may wait; beyond it `run` raises OverloadError at once.
    """

    def __init__(self, name: str, *, threads: int = 1, queue: int = 32) -> None:
        self.name = name
        self._limit = queue
        self._jobs: list[_Job] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._closing = False
        self._running = 0
        self.refused = 0
        """Jobs turned away because the queue was full."""
        self.observer: Callable[[Priority, float, float], None] | None = None
        """Told of each job that ended: its priority, seconds in the queue, seconds of work. Called in a worker thread."""
        self._threads = [
            threading.Thread(target=self._work, args=(threads > 1 and i == 0,), name=f"{name}-{i}", daemon=True)
            for i in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Jobs in the queue now."""
        return len(self._jobs)

    @property
    def busy(self) -> bool:
        """Whether a job handed in now would have to wait."""
        return self._running + len(self._jobs) >= len(self._threads)

    async def run(self, call: Callable[[], T], *, priority: Priority = Priority.LIVE) -> Done[T]:
        """Run a blocking call in a worker thread.

        When the awaiting task is cancelled while the job is queued, the job leaves the queue and never runs; a job that already
        runs cannot be stopped, its result is dropped. Raises OverloadError when the queue is full, and what the call raises.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Done[Any]] = loop.create_future()
        job = _Job(int(priority), next(self._numbers), call, loop, future, time.perf_counter())
        with self._changed:
            if self._closing:
                raise OverloadError(f"the {self.name} worker is shut down", remedy="start the server again")
            if len(self._jobs) >= self._limit and not self._displace(priority):
                self.refused += 1
                raise OverloadError(
                    f"{len(self._jobs)} jobs wait for {self.name} already",
                    remedy="allow fewer calls at a time, or give the machine more cores",
                )
            heapq.heappush(self._jobs, job)
            self._changed.notify_all()  # one thread alone may be the one that takes no warming
        try:
            return await future
        except asyncio.CancelledError:
            self._withdraw(job)
            raise

    def _displace(self, priority: Priority) -> bool:
        """Make room for live work by refusing the newest waiting job of lower priority. Called with the lock held."""
        worst = max(self._jobs, default=None)
        if worst is None or worst.priority <= priority:
            return False
        self._jobs.remove(worst)
        heapq.heapify(self._jobs)
        error = OverloadError(f"gave way to live work for {self.name}", remedy="nothing: it is done when it is needed")
        _settle(worst, error=error)
        return True

    def _withdraw(self, job: _Job) -> None:
        with self._changed, contextlib.suppress(ValueError):  # ValueError: it runs already
            self._jobs.remove(job)
            heapq.heapify(self._jobs)

    def _has_job(self, live_only: bool) -> bool:
        return bool(self._jobs) and not (live_only and self._jobs[0].priority >= Priority.WARM)

    def _work(self, live_only: bool) -> None:
        while True:
            with self._changed:
                while not self._has_job(live_only) and not self._closing:
                    self._changed.wait()
                if self._closing:
                    return
                job = heapq.heappop(self._jobs)
                self._running += 1
            started = time.perf_counter()
            done: Done[Any] | None = None
            failure: BaseException | None = None
            try:
                value = job.call()
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever awaits the job
                failure = error
            else:
                ended = time.perf_counter()
                if self.observer is not None:
                    self.observer(Priority(job.priority), started - job.queued_at, ended - started)
                done = Done(value, 1000 * (started - job.queued_at), 1000 * (ended - started))
            with self._changed:
                self._running -= 1
            _settle(job, done, error=failure)
            del job

    async def close(self) -> None:
        """Refuse new jobs, fail the waiting ones, let the running ones end, join the threads."""
        with self._changed:
            self._closing = True
            abandoned, self._jobs = self._jobs, []
            self._changed.notify_all()
        for job in abandoned:
            _settle(job, error=OverloadError(f"the {self.name} worker is shutting down", remedy="start the server again"))
        for thread in self._threads:
            await asyncio.to_thread(thread.join)


def _settle(job: _Job, done: Done[Any] | None = None, *, error: BaseException | None = None) -> None:
    """Hand a result to the loop that awaits it."""

    def deliver() -> None:
        if job.future.done():  # cancelled meanwhile
            return
        if error is not None:
            job.future.set_exception(error)
        else:
            assert done is not None  # noqa: S101
            job.future.set_result(done)

    try:
        job.loop.call_soon_threadsafe(deliver)
    except RuntimeError:  # the loop is closed: nobody awaits any more
        _log.info("a model's result came after its loop had closed")


class RecognitionService:
    """Hearing for all calls: one recogniser, run off the loop.

    Args:
        recogniser: the engine.
        worker: its threads.
    """

    def __init__(self, recogniser: Recogniser, *, worker: ModelWorker) -> None:
        self._recogniser = recogniser
        self._worker = worker
        self.name = recogniser.name
        self.sample_rate = recogniser.sample_rate

    @property
    def worker(self) -> ModelWorker:
        """Its threads and their queue."""
        return self._worker

    @property
    def busy(self) -> bool:
        """Whether an utterance handed in now would have to wait."""
        return self._worker.busy

    async def load(self) -> None:
        """Load and warm the engine. Raises ModelError."""
        await self._worker.run(self._recogniser.load)

    async def recognise(self, audio: Audio, hints: RecognitionHints, *, priority: Priority = Priority.LIVE) -> Recognition:
        """Recognise one utterance; cancelling before its turn frees the place in the queue.

        Raises OverloadError when too many wait, RecognitionError when the engine fails.
        """
        done = await self._worker.run(lambda: self._recogniser.recognise(audio, hints), priority=priority)
        return replace(done.value, wait_ms=done.wait_ms, compute_ms=done.compute_ms)

    async def close(self) -> None:
        """Stop the threads."""
        await self._worker.close()
