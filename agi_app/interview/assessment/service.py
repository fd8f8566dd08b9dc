"""Assesses calls after they ended: in one thread of low priority, so that calls under way come first.

What is to be done stands in the database: answered calls with a result and no assessment. So a crash loses nothing, and what an
earlier run left is made up for at the next start.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import structlog

from agi_app.interview.assessment.assessor import Assessor, scores_of
from hr_sync.errors import HirelineError
from hr_sync.records import CallResult
from hr_sync.records.assessment import Assessment
from hr_sync.store import Store

log = structlog.get_logger(__name__)

_BATCH = 100
_NICE = 10
_BUSY_PAUSE_S = 5.0


class AssessmentService:
    """Assesses whatever has no assessment yet, until it is closed. Use it as an async context manager.

    Args:
        store: the HR database.
        make_assessor: makes the assessor in the thread, when the first call needs it.
    """

    def __init__(self, store: Store, make_assessor: Callable[[], Assessor]) -> None:
        self._store = store
        self._make_assessor = make_assessor
        self._assessor: Assessor | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="assessment", initializer=_step_back)
        self._wake = asyncio.Event()
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._given_up: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self.failures = 0
        """Calls that could not be assessed in this run; they are tried again at the next start."""

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="assessment")
        self._wake.set()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End; what is not assessed yet stays to be done."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.to_thread(self._thread.shutdown)

    async def assessed(self, result: CallResult, wait_s: float) -> CallResult:
        """The result of a call that has just ended, with its scores if they are there in time."""
        if result.answered_at is None:
            return result
        done = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(result.call_id, set())
        waiting.add(done)
        self._wake.set()
        try:
            async with asyncio.timeout(wait_s):
                await done
            return await asyncio.to_thread(self._store.result, result.call_id)
        except TimeoutError:
            log.info("assessment_takes_longer", call_id=result.call_id)
            return result
        except HirelineError as error:
            log.warning("assessed_result_not_read", call_id=result.call_id, error=error.code)
            return result
        finally:
            waiting.discard(done)
            if not waiting:
                self._waiting.pop(result.call_id, None)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._catch_up(loop)
            except HirelineError as error:  # the database is locked, or the pack was broken meanwhile
                log.warning("assessment_put_off", error=error.code)
                await asyncio.sleep(_BUSY_PAUSE_S)
                self._wake.set()

    async def _catch_up(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            found = await loop.run_in_executor(self._thread, lambda: self._store.unassessed(limit=_BATCH + len(self._given_up)))
            todo = [call_id for call_id in found if call_id not in self._given_up]
            if not todo:
                self._release(tuple(self._waiting))
                return
            todo.sort(key=lambda call_id: call_id not in self._waiting)  # those somebody waits for come first
            for call_id in todo:
                await self._assess(loop, call_id)
                self._release((call_id,))

    async def _assess(self, loop: asyncio.AbstractEventLoop, call_id: str) -> None:
        try:
            await loop.run_in_executor(self._thread, self._assess_one, call_id)
        except HirelineError as error:
            if error.retryable:
                raise
            self._give_up(call_id)
            log.error("not_assessed", call_id=call_id, error=error.code)  # noqa: TRY400 - told without a traceback
        except Exception:  # one odd transcript must not keep all others from being assessed
            self._give_up(call_id)
            log.exception("not_assessed", call_id=call_id)

    def _assess_one(self, call_id: str) -> None:
        if self._assessor is None:
            self._assessor = self._make_assessor()
        assess_call(self._store, self._assessor, call_id)

    def _give_up(self, call_id: str) -> None:
        self.failures += 1
        self._given_up.add(call_id)

    def _release(self, call_ids: tuple[str, ...]) -> None:
        for call_id in call_ids:
            for done in self._waiting.get(call_id, ()):
                if not done.done():
                    done.set_result(None)


def assess_call(store: Store, assessor: Assessor, call_id: str) -> Assessment:
    """Assess one call that has its result, and write what was found. Doing it again changes nothing.

    The result is revised first; the assessment's own row says that all was done.

    Raises:
        StoreError: no such call, no result yet, or the database cannot be written.
        PackError: the pack lacks the job's interview script.
    """
    result = store.result(call_id)
    brief = store.brief(result.candidate_id, result.job_id)
    assessment = assessor.assess(result, brief, datetime.now(UTC).astimezone())
    store.revise_result(call_id, {"competencies": scores_of(assessment)}, reason="assessed")
    store.put_assessment(assessment)
    log.info("assessed", call_id=call_id, scored=sum(one.score is not None for one in assessment.competencies))
    return assessment


def _step_back() -> None:
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
