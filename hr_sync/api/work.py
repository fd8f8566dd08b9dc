"""The database's work for the API: in threads, with a bounded queue before them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from hr_sync.api.problems import ProblemError

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """Threads that ask the store.

    Args:
        threads: how many.
        waiting: requests that may wait for one; more are refused.
    """

    def __init__(self, threads: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="api")
        self._most = threads + waiting
        self._under_way = 0

    async def __call__(self, operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking operation; raises what it raises, and ProblemError (503) when too many wait already."""
        if self._under_way >= self._most:
            raise ProblemError(503, "overload", "the server has too much to do", headers={"Retry-After": "1"})
        self._under_way += 1
        done = asyncio.get_running_loop().run_in_executor(self._pool, lambda: operation(*args, **kwargs))
        # A caller who goes away does not free the thread: it is counted until its work is done.
        done.add_done_callback(self._one_less)
        return await asyncio.shield(done)

    def _one_less(self, done: asyncio.Future[T]) -> None:
        self._under_way -= 1
        if not done.cancelled():
            done.exception()  # looked at: its caller may be gone

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)
