"""Worker threads: order, bounds, cancellation, shutdown. Jobs are held by events, never by sleeping."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest

from agi_app.errors import OverloadError, RecognitionError
from agi_app.speech.asr.protocol import Audio, Recognition, RecognitionHints
from agi_app.speech.worker import ModelWorker, Priority, RecognitionService


class Gate:
    """A job that tells when it runs and ends when it is let go."""

    def __init__(self) -> None:
        self.running = threading.Event()
        self.go = threading.Event()

    def __call__(self) -> str:
        self.running.set()
        assert self.go.wait(10)
        return "gate"


@pytest.fixture
async def worker() -> AsyncIterator[ModelWorker]:
    worker = ModelWorker("test", threads=1, queue=3)
    yield worker
    await worker.close()


@pytest.fixture
async def held(worker: ModelWorker) -> AsyncIterator[Gate]:
    """The worker's only thread is busy until the gate opens."""
    gate = Gate()
    task = asyncio.create_task(worker.run(gate))
    await asyncio.to_thread(gate.running.wait, 10)
    yield gate
    gate.go.set()
    await asyncio.gather(task, return_exceptions=True)


def _noting(order: list[str], name: str) -> Callable[[], str]:
    def job() -> str:
        order.append(name)
        return name

    return job


async def _queued(worker: ModelWorker, number: int) -> None:
    while worker.waiting < number:  # noqa: ASYNC110 - the queue is filled by other tasks
        await asyncio.sleep(0)


async def test_a_job_runs_off_the_loop_and_its_times_are_measured(worker: ModelWorker) -> None:
    done = await worker.run(threading.get_ident)
    assert done.value != threading.get_ident()
    assert done.wait_ms >= 0
    assert done.compute_ms >= 0


async def test_live_work_goes_before_warming_and_equals_keep_their_order(worker: ModelWorker, held: Gate) -> None:
    order: list[str] = []
    tasks = []
    for number, (name, priority) in enumerate(
        [("warm", Priority.WARM), ("live 1", Priority.LIVE), ("live 2", Priority.LIVE)], start=1
    ):
        tasks.append(asyncio.create_task(worker.run(_noting(order, name), priority=priority)))
        await _queued(worker, number)
    held.go.set()
    await asyncio.gather(*tasks)
    assert order == ["live 1", "live 2", "warm"]


async def test_one_of_several_threads_keeps_free_for_live_work() -> None:
    worker = ModelWorker("test", threads=2, queue=8)
    gate = Gate()
    warming = asyncio.create_task(worker.run(gate, priority=Priority.WARM))
    await asyncio.to_thread(gate.running.wait, 10)
    order: list[str] = []
    more = asyncio.create_task(worker.run(_noting(order, "warm"), priority=Priority.WARM))
    await _queued(worker, 1)
    for name in ("live 1", "live 2"):
        await worker.run(_noting(order, name))
    assert order == ["live 1", "live 2"]  # while the other thread still holds the first warming
    gate.go.set()
    await asyncio.gather(warming, more)
    assert order[-1] == "warm"
    await worker.close()


async def test_a_full_queue_refuses_at_once(worker: ModelWorker, held: Gate) -> None:
    order: list[str] = []
    tasks = [asyncio.create_task(worker.run(_noting(order, str(i)))) for i in range(3)]
    await _queued(worker, 3)
    with pytest.raises(OverloadError, match="3 jobs wait") as caught:
        await worker.run(_noting(order, "one too many"))
    assert caught.value.retryable
    held.go.set()
    await asyncio.gather(*tasks)
    assert "one too many" not in order


async def test_live_work_takes_the_place_of_warming_in_a_full_queue(worker: ModelWorker, held: Gate) -> None:
    order: list[str] = []
    warming = [asyncio.create_task(worker.run(_noting(order, f"warm {i}"), priority=Priority.WARM)) for i in range(3)]
    await _queued(worker, 3)
    live = asyncio.create_task(worker.run(_noting(order, "live")))
    with pytest.raises(OverloadError, match="gave way"):
        await warming[2]
    held.go.set()
    await asyncio.gather(live, *warming[:2])
    assert order == ["live", "warm 0", "warm 1"]


async def test_cancelling_a_queued_job_frees_its_place_and_it_never_runs(worker: ModelWorker, held: Gate) -> None:
    order: list[str] = []
    task = asyncio.create_task(worker.run(_noting(order, "cancelled")))
    await _queued(worker, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert worker.waiting == 0
    held.go.set()
    await worker.run(_noting(order, "after"))
    assert order == ["after"]


async def test_cancelling_a_running_job_lets_it_end_and_the_worker_goes_on(worker: ModelWorker) -> None:
    gate = Gate()
    task = asyncio.create_task(worker.run(gate))
    await asyncio.to_thread(gate.running.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.go.set()
    assert (await worker.run(lambda: "next")).value == "next"


async def test_an_error_reaches_whoever_awaits_and_the_thread_survives(worker: ModelWorker) -> None:
    def broken() -> None:
        raise RecognitionError("broken")

    with pytest.raises(RecognitionError, match="broken"):
        await worker.run(broken)
    assert (await worker.run(lambda: 1)).value == 1


async def test_closing_fails_what_waits_ends_what_runs_and_joins_the_threads() -> None:
    before = threading.active_count()
    worker = ModelWorker("closing", threads=2, queue=4)
    gates = [Gate(), Gate()]
    running = [asyncio.create_task(worker.run(gate)) for gate in gates]
    for gate in gates:
        await asyncio.to_thread(gate.running.wait, 10)
    waiting = asyncio.create_task(worker.run(lambda: 1))
    await _queued(worker, 1)
    closing = asyncio.create_task(worker.close())
    with pytest.raises(OverloadError, match="shutting down"):
        await waiting
    for gate in gates:
        gate.go.set()
    await closing
    assert [done.value for done in await asyncio.gather(*running)] == ["gate", "gate"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("closing-")]
    assert threading.active_count() <= before + 5  # the loop's own helper threads
    with pytest.raises(OverloadError, match="shut down"):
        await worker.run(lambda: 1)


class _Echo:
    name = "echo"
    sample_rate = 8000

    def load(self) -> None:
        pass

    def recognise(self, audio: Audio, hints: RecognitionHints) -> Recognition:
        return Recognition(text=" ".join(hints.words), confidence=1.0, audio_ms=audio.size // 8)


async def test_recognition_reports_its_wait(worker: ModelWorker, held: Gate) -> None:
    service = RecognitionService(_Echo(), worker=worker)
    task = asyncio.create_task(service.recognise(np.zeros(800, np.float32), RecognitionHints(words=("好",))))
    await _queued(worker, 1)
    held.go.set()
    result = await task
    assert (result.text, result.audio_ms) == ("好", 100)
    assert result.wait_ms > 0


async def test_it_is_busy_while_no_thread_is_free_and_after_a_failed_job_no_longer() -> None:
    worker = ModelWorker("pair", threads=2, queue=3)
    gates = [Gate(), Gate()]
    tasks = []
    try:
        assert not worker.busy
        for number, gate in enumerate(gates, start=1):
            tasks.append(asyncio.create_task(worker.run(gate)))
            await asyncio.to_thread(gate.running.wait, 10)
            assert worker.busy == (number == 2)
        gates[0].go.set()
        await tasks[0]
        assert not worker.busy
        with pytest.raises(ZeroDivisionError):
            await worker.run(lambda: 1 // 0)
        assert not worker.busy
    finally:
        for gate in gates:
            gate.go.set()
        await asyncio.gather(*tasks)
        await worker.close()
