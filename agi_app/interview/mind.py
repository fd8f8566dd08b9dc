"""The dialogue's thinking, off the loop: one thread at a time for one call, since a dialogue has state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import ParamSpec, TypeVar

from agi_app.dialogue.dialogue import Dialogue
from agi_app.dialogue.reply import Prompt, Reply
from agi_app.dialogue.understanding import Heard, Understanding

P = ParamSpec("P")
T = TypeVar("T")


class Mind:
    """One call's dialogue, thought with in worker threads.

    Args:
        threads: shared by all calls; understanding takes tens of milliseconds.
    """

    def __init__(self, dialogue: Dialogue, threads: Executor) -> None:
        self.dialogue = dialogue
        self._threads = threads
        self._one = asyncio.Lock()
        self.move = 0
        """Counts our moves: what was understood before the last one was understood for another question."""

    async def decide(self, operation: Callable[P, Reply], *args: P.args, **kwargs: P.kwargs) -> Reply:
        """Make the next move by one of the dialogue's operations."""
        async with self._one:
            self.move += 1
            return await self._run(lambda: operation(*args, **kwargs))

    async def consider(self, heard: Heard) -> tuple[Understanding, bool]:
        """What words mean for the open question, and whether they are nothing but a nod."""
        async with self._one:
            return await self._run(lambda: (self.dialogue.understand(heard), self.dialogue.is_backchannel(heard.text)))

    async def foresee(self, heard: Heard, understanding: Understanding, move: int) -> tuple[Prompt, ...]:
        """What we would say should the utterance end here; nothing once another move was made."""
        async with self._one:
            return await self._run(lambda: self.dialogue.foresee(heard, understanding)) if move == self.move else ()

    def hints(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """For the recogniser: what to expect now, and short answers to score against the sound."""
        return self.dialogue.hints()

    async def _run(self, operation: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, operation)
