"""How many calls this machine carries at once, and how soon they may follow each other."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Slots:
    """A semaphore with priorities: whoever waits gets in by priority, then in the order of coming.

    Args:
        number: calls at once.
    """

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    @asynccontextmanager
    async def taken(self, priority: int) -> AsyncIterator[None]:
        """Hold a slot inside the context; a lower `priority` gets it first."""
        if self._free:
            self._free -= 1
        else:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (priority, next(self._order), turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._pass_on()
                raise
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class Pace:
    """The distance between calls on one trunk: its queue limits a second's calls, but lets them go all at once."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._last_s = float("-inf")

    @asynccontextmanager
    async def kept(self, beat_s: float) -> AsyncIterator[None]:
        """Wait for one's turn. The next one comes `beat_s` after the block was left, sooner when it raised: nothing was dialled."""
        async with self._turn:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(self._last_s + beat_s - loop.time())
            yield
            self._last_s = loop.time()
