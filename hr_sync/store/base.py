"""What every HR database must do, whatever it is built on. One contract test runs over all of them.

Rules that hold for each operation:

- It is one transaction: all of it is durable when the call returns, none of it when the call raises.
- Every write is idempotent by its key: doing it twice leaves what doing it once leaves.
- It may be called from any thread, and by several processes at once.
- It blocks for at most the busy limit, then raises `StoreBusyError`. Nothing here may run on an event loop.
- Times come back in UTC, except inside a `CallResult`, which comes back byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import TracebackType
from typing import Any, Protocol, Self

from hr_sync.records import (
    CallAttempt,
    CallBrief,
    CallResult,
    CallState,
    Candidate,
    Company,
    Contact,
    DoNotCallEntry,
    Job,
    LearnedItem,
    PayStructure,
    Record,
    Requirements,
    ScreenedCandidate,
    Screening,
    ScreeningOutcome,
    ScreeningReason,
    Sector,
    Turn,
)
from hr_sync.records.assessment import Assessment, Decision
from hr_sync.records.resumes import Resume, ResumeState


@dataclass(frozen=True, slots=True)
class PutCounts:
    """What a `put_…` did with the records it was given."""

    new: int = 0
    changed: int = 0
    same: int = 0

    @property
    def total(self) -> int:
        """Records given."""
        return self.new + self.changed + self.same


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result with its place in the order of arrival."""

    cursor: int
    """Counts up from 1. A reader that has seen n has seen everything up to n, and nothing will appear below it.

    A result that is revised leaves its cursor and takes the next one: it appears once more, and readers from the start see it once.
    """
    result: CallResult
    revision: int = 1
    """1 as the call left it; each revision counts one up. `call_id` says which results are the same."""


@dataclass(frozen=True, slots=True)
class ImportBatch:
    """Records about to be written together, and where they came from."""

    id: str
    at: datetime
    kind: str
    """candidates, companies, jobs, pay, facts, contacts or do-not-call."""
    file: str
    sha256: str
    record: type[Record]
    """Candidate, Company, PayStructure, Job, Contact or DoNotCallEntry."""
    records: Sequence[Record]
    birth_dates: Mapping[str, date] = field(default_factory=dict)
    """By candidate."""


@dataclass(frozen=True, slots=True)
class ImportedRecords:
    """What an import has written and not yet made durable, for the checks to look at."""

    before: int
    """Records of this kind in the database before."""
    after: int
    new: int
    fields: Callable[[Sequence[str]], Iterable[tuple[Any, ...]]]
    """Columns, in the order named, of every record of the import, as the database gives them back."""
    read: Callable[[Sequence[str]], Mapping[str, Record]]
    """Records by key, as the database gives them back."""


@dataclass(frozen=True, slots=True)
class ScreeningDraft:
    """A screening about to be written; a reason that is true of many candidates is given once."""

    id: str
    job_id: str
    at: datetime
    as_of: date
    sector: Sector
    requirements: Requirements
    reasons: Sequence[ScreeningReason]
    candidates: Sequence[tuple[str, ScreeningOutcome, float | None, Sequence[int]]]
    """Candidate, outcome, score, places in `reasons`; in the order in which each outcome's candidates are listed."""


class Store(Protocol):
    """The HR database."""

    # ---- people

    def put_candidates(self, candidates: Iterable[Candidate]) -> PutCounts:
        """Insert or replace by id, all or nothing.

        Raises InvalidDataError when an id occurs twice.
        """

    def candidate(self, candidate_id: str) -> Candidate:
        """One candidate. Raises NotFoundError."""

    def candidates(self, *, after: str | None = None, limit: int = 100) -> tuple[Candidate, ...]:
        """A page in the order of ids, from behind `after`; shorter than `limit` only at the end."""

    def find_by_phone(self, number: str) -> tuple[Candidate, ...]:
        """All candidates with this number, by id; several may share one. Raises InvalidDataError unless it is E.164."""

    def put_contacts(self, contacts: Iterable[Contact]) -> PutCounts:
        """Insert or replace by id, all or nothing. Raises NotFoundError when a candidate or job is unknown."""

    def contacts(self, candidate_id: str, *, limit: int = 50) -> tuple[Contact, ...]:
        """Earlier contacts, newest first: those put in, and every call that left a result. Raises NotFoundError."""

    # ---- jobs

    def put_jobs(self, jobs: Iterable[Job]) -> PutCounts:
        """Insert or replace by id, all or nothing, with their companies, pay structures and facts.

        A company or pay structure that several jobs name is one record: jobs that disagree about it are refused with
        InvalidDataError.
        """

    def job(self, job_id: str) -> Job:
        """One job. Raises NotFoundError."""

    def jobs(self, *, after: str | None = None, limit: int = 100) -> tuple[Job, ...]:
        """A page in the order of ids, from behind `after`."""

    def brief(self, candidate_id: str, job_id: str) -> CallBrief:
        """All that is known before a call, read at one moment. Raises NotFoundError."""

    # ---- numbers that are never dialled

    def block(self, entry: DoNotCallEntry) -> bool:
        """Put a number on the do-not-call list; False when it stood there already (the older entry stays)."""

    def unblock(self, number: str) -> bool:
        """Take a number off the list, on the person's own wish; False when it was not there. Raises InvalidDataError."""

    def is_blocked(self, number: str) -> bool:
        """Whether the number must not be dialled. Raises InvalidDataError unless it is written in E.164 (+8613…)."""

    def blocked(self, *, after: str | None = None, limit: int = 100) -> tuple[DoNotCallEntry, ...]:
        """A page of the list in the order of numbers."""

    # ---- calls

    def open_attempt(self, attempt: CallAttempt, *, called_us: bool = False) -> CallAttempt:
        """Write an attempt down before anything is dialled; returns it as stored, with its number decided.

        The same `call_id` again returns what is stored, unchanged: look at its owner and state before going on.
        `called_us`: the candidate called; who is on the do-not-call list may do so.
        Raises NotFoundError (candidate, job), DoNotCallError, and ConflictError when the `call_id` stands for another
        candidate or job.
        """

    def attempt(self, call_id: str) -> CallAttempt:
        """One attempt. Raises NotFoundError."""

    def attempts(self, candidate_id: str, job_id: str | None = None) -> tuple[CallAttempt, ...]:
        """Attempts to reach a candidate, oldest first."""

    def calls(self, *, after: str | None = None, limit: int = 100) -> tuple[CallAttempt, ...]:
        """A page of all attempts in the order of call ids, from behind `after`."""

    def set_state(self, call_id: str, state: CallState, at: datetime) -> bool:
        """Move an attempt on; False when it was in this state already. Only who got True for DIALLING may dial.

        The legal moves: planned → dialling → ringing → talking → ended; dialling → talking; any → ended.
        Raises ConflictError on any other, NotFoundError.
        """

    def add_turn(self, call_id: str, index: int, turn: Turn) -> bool:
        """Write a turn of the transcript; `index` counts from 0 in the order of the transcript.

        False when it stood there already. Raises ConflictError when another turn stands there, or when the call has its
        result; NotFoundError.
        """

    def turns(self, call_id: str) -> tuple[Turn, ...]:
        """The transcript so far, in order. Raises NotFoundError."""

    def learn(self, call_id: str, item: LearnedItem) -> bool:
        """Write down what was learned; the same kind and key again replaces what stood there, False when nothing changes.

        A wish never to be called again blocks the candidate's number in the same transaction. Raises ConflictError when the
        call has its result; NotFoundError.
        """

    def learned(self, call_id: str) -> tuple[LearnedItem, ...]:
        """What was learned so far, in the order in which each thing was first learned. Raises NotFoundError."""

    # ---- results

    def finish(self, result: CallResult) -> bool:
        """Write the result and end the attempt; False when the same result stands there already.

        Turns of the result that were not written during the call are written now. `stop_calling` blocks the candidate's
        number in the same transaction. Raises ConflictError when another result stands there or when candidate, job or
        attempt number are not those of the attempt; NotFoundError when the attempt was never opened.
        """

    def result(self, call_id: str) -> CallResult:
        """One result. Raises NotFoundError, also while the call is under way."""

    def stored_result(self, call_id: str) -> StoredResult:
        """One result with its cursor and revision. Raises NotFoundError as `result`."""

    def results(self, after: int = 0, limit: int = 100) -> tuple[StoredResult, ...]:
        """Results behind a cursor, in the order of arrival; see `StoredResult.cursor`."""

    def revise_result(self, call_id: str, changes: Mapping[str, Any], *, reason: str) -> StoredResult:
        """Replace fields of a result: scores that were worked out after the call, a person's decision or correction.

        Read, changed and written in one transaction, so that two who revise different fields at once both succeed. When nothing
        changes, nothing is written, and what is stored comes back. Otherwise the result takes the next cursor and revision.

        Args:
            call_id: the call.
            changes: fields of `CallResult` with their new values, whole; other fields stay.
            reason: one word for what revised it, e.g. `assessed`, `decided`, `corrected`.

        Raises:
            NotFoundError: the call is unknown, or has no result yet.
            InvalidDataError: a value does not fit, or the field is not one to revise: what happened in the call (ids, times,
                disposition and its evidence, transcript, consent) stays.
        """

    def unfinished(self, *, except_owner: str | None = None) -> tuple[CallAttempt, ...]:
        """Attempts without a result, oldest first, leaving out those of one owner.

        An attempt found here may belong to a process that is alive: ask hr_sync.owner before abandoning it.
        """

    def abandon(self, call_id: str, at: datetime, evidence: str, *, recording: str | None = None) -> CallResult:
        """End a call that its process left behind, with a result made of the turns and things learned that were written.

        The disposition is `partial` when the candidate had said something, `stop_calling` when that was never to call again,
        `system_failed` otherwise. The call ends at its last sign of life; `metrics.abandoned_at` keeps `at`. A call that has a
        result keeps it. Raises NotFoundError.

        Args:
            call_id: the attempt.
            at: now.
            evidence: why it is taken for dead.
            recording: where its sound was found, if it was.
        """

    # ---- data in

    def candidate_keys(self) -> list[tuple[str, str, str]]:
        """Id, number and name of every candidate, in the order of ids."""

    def candidates_of(self, ids: Iterable[str]) -> dict[str, Candidate]:
        """Those of these candidates that there are, by id."""

    def companies(self) -> dict[str, Company]:
        """All companies, by id."""

    def pay_structures(self) -> dict[str, PayStructure]:
        """All pay structures, by id."""

    def contacts_of(self, ids: Iterable[str]) -> dict[str, Contact]:
        """Those of these contacts that there are, by their own id."""

    def write_import(self, batch: ImportBatch, check: Callable[[ImportedRecords], Mapping[str, Any]]) -> PutCounts:
        """Write an import and keep it only if `check`, which runs before anything is durable, returns.

        What `check` returns is kept with the import; when it raises, nothing was written. Raises InvalidDataError when a key
        occurs twice, NotFoundError for contacts of strangers.
        """

    # ---- resumes that wait for a person

    def put_resumes(self, resumes: Iterable[Resume]) -> int:
        """Keep what was read from resumes, all or nothing; returns how many are new. A file that is known is left as it is."""

    def resume(self, resume_id: str) -> Resume:
        """One resume. Raises NotFoundError."""

    def resumes(self, state: ResumeState | None = None, *, after: str | None = None, limit: int = 100) -> tuple[Resume, ...]:
        """A page in the order of ids, from behind `after`."""

    def read_resumes(self) -> frozenset[str]:
        """SHA-256 of every file that was read."""

    def decide_resume(self, resume_id: str, candidate: Candidate | None, *, by: str, at: datetime) -> Resume:
        """Confirm a resume, writing the candidate it becomes in the same transaction; or reject it (None).

        Raises ConflictError when that was decided before; NotFoundError.
        """

    # ---- screening

    def candidate_columns(self, names: Sequence[str]) -> dict[str, list[Any]]:
        """Columns of all candidates as they are stored, in the order of ids; JSON columns as text.

        Raises InvalidDataError for a column that screening has no business with: names, numbers, notes, pay.
        """

    def put_birth_dates(self, dates: Mapping[str, date]) -> int:
        """Write days of birth by candidate; returns how many are new or differ. Raises StoreError for unknown candidates."""

    def birth_dates(self, job_id: str) -> dict[str, date]:
        """Days of birth of all candidates who have one, for a job whose notice sets an age limit.

        There is no other way to read them. Raises ConflictError for a job without an age rule; NotFoundError.
        """

    def put_screening(self, draft: ScreeningDraft) -> Screening:
        """Write a screening, all or nothing. Raises ConflictError when its id is taken; NotFoundError (job)."""

    def screening(self, screening_id: str) -> Screening:
        """One screening with those who matched, best first. Raises NotFoundError."""

    def screenings(self, job_id: str | None = None, *, limit: int = 100) -> tuple[Screening, ...]:
        """Screenings, newest first, without their candidates (`matched` is empty)."""

    def screened(
        self, screening_id: str, outcome: ScreeningOutcome, *, after: int = 0, limit: int = 100
    ) -> tuple[ScreenedCandidate, ...]:
        """A page of one outcome's candidates from behind place `after`, which counts from 1. Raises NotFoundError."""

    # ---- assessments and decisions

    def put_assessment(self, assessment: Assessment) -> bool:
        """Write or replace the assessment of a call that has its result; False when the same stands there already.

        Raises NotFoundError: no such call, or no result yet.
        """

    def assessment(self, call_id: str) -> Assessment:
        """The assessment of a call. Raises NotFoundError, also when it was not assessed yet."""

    def unassessed(self, *, limit: int = 100) -> tuple[str, ...]:
        """Answered calls with a result and no assessment, oldest first."""

    def decide(self, decision: Decision) -> bool:
        """Write a person's decision down; it is never changed or removed by itself, a later one follows it.

        False when the same stands there already. Raises ConflictError when its id stands for another; NotFoundError.
        """

    def decisions(self, call_id: str) -> tuple[Decision, ...]:
        """Decisions about a call, oldest first; the last one counts. Raises NotFoundError."""

    # ---- the database itself

    def check(self) -> tuple[str, ...]:
        """Examine the whole database; returns what is wrong with it, one sentence each. Takes seconds on a large one."""

    def close(self) -> None:
        """Close all connections; using the store afterwards raises StoreError."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None: ...
