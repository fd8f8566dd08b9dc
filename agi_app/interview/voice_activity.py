"""Voice activity off the loop: one thread runs the model for all calls, taking whatever blocks have arrived in one go."""

from __future__ import annotations

import asyncio
import queue
import threading
from dataclasses import dataclass

from agi_app.audio.vad import Samples, SileroVad, VadStream


@dataclass(frozen=True, slots=True)
class _Job:
    stream: VadStream
    block: Samples
    loop: asyncio.AbstractEventLoop
    result: asyncio.Future[float]


class VoiceActivity:
    """Shared voice activity detector.

    A call hands in one block at a time and awaits its probability, so that the queue holds at most one block a call.
    """

    _MOST_AT_ONCE = 16

    def __init__(self, model: SileroVad) -> None:
        self.model = model
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="voice-activity", daemon=True)
        self._thread.start()

    async def probability(self, stream: VadStream, block: Samples) -> float:
        """Probability of speech in the block; blocks of one stream must be awaited one after the other."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[float] = loop.create_future()
        self._jobs.put(_Job(stream, block, loop, result))
        return await result

    def close(self) -> None:
        """Finish what is queued and end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            batch = [job]
            ending = False
            while len(batch) < self._MOST_AT_ONCE:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    ending = True
                    break
                batch.append(more)
            self._run(batch)
            if ending:
                return

    def _run(self, batch: list[_Job]) -> None:
        try:
            values: list[float] | Exception = self.model.probabilities([job.stream for job in batch], [job.block for job in batch])
        except Exception as error:  # noqa: BLE001 - whatever the model raises belongs to the calls that wait
            values = error
        for index, job in enumerate(batch):
            job.loop.call_soon_threadsafe(_deliver, job.result, values if isinstance(values, Exception) else values[index])


def _deliver(result: asyncio.Future[float], value: float | Exception) -> None:
    if result.done():  # the call ended meanwhile
        return
    if isinstance(value, Exception):
        result.set_exception(value)
    else:
        result.set_result(value)
