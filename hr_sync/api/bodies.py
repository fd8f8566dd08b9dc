"""What goes through the API: parameters, bodies and answers, as the description at /openapi.json shows them."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hr_sync.records import (
    CallAttempt,
    CallResult,
    Candidate,
    DoNotCallReason,
    Identifier,
    Job,
    PhoneNumber,
    Turn,
)

_LARGEST = 2**63 - 1  # of the database's integers


class Body(BaseModel):
    """Base of all of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ResultsQuery(Body):
    """Which results."""

    after: int = Field(default=0, ge=0, le=_LARGEST, description="Cursor of the last result seen; 0 for the first page.")
    limit: int = Field(default=100, ge=1, le=500, description="Results at most.")


class PageQuery(Body):
    """Which page of a list."""

    after: Identifier | None = Field(default=None, description="Id of the last record seen; none for the first page.")
    limit: int = Field(default=100, ge=1, le=500, description="Records at most.")


class CallsQuery(PageQuery):
    """Which calls."""

    candidate_id: Identifier | None = Field(
        default=None, description="Only attempts to reach this candidate; they come in one page."
    )


class NoQuery(Body):
    """No parameters."""


class ResultItem(Body):
    """One result with its place in the order."""

    cursor: int
    call_id: str = Field(description="The idempotency key: write what you get by it.")
    revision: int = Field(description="Grows with each revision of the result; keep the highest.")
    recording: str | None = Field(description="Where the recording is had, relative to this server; null when there is none.")
    result: CallResult


class ResultsPage(Body):
    """A page of results in the order of cursors."""

    results: tuple[ResultItem, ...]
    next: int = Field(description="Ask for what comes after this cursor next.")
    more: bool = Field(description="Whether there is more already.")

    def __len__(self) -> int:
        return len(self.results)


class CandidatesPage(Body):
    """A page of candidates in the order of ids."""

    candidates: tuple[Candidate, ...]
    next: str | None = Field(description="Ask for what comes after this id next; null at the end.")

    def __len__(self) -> int:
        return len(self.candidates)


class JobsPage(Body):
    """A page of jobs in the order of ids."""

    jobs: tuple[Job, ...]
    next: str | None = Field(description="Ask for what comes after this id next; null at the end.")


class CallsPage(Body):
    """A page of call attempts in the order of ids."""

    calls: tuple[CallAttempt, ...]
    next: str | None = Field(description="Ask for what comes after this id next; null at the end.")


class Transcript(Body):
    """What was said so far, also while the call lasts."""

    call_id: str
    turns: tuple[Turn, ...]


class PhoneSearch(Body):
    """A search by number; in the body, because numbers do not belong into addresses and their logs."""

    phone: PhoneNumber


class Candidates(Body):
    """Candidates that were found."""

    candidates: tuple[Candidate, ...]

    def __len__(self) -> int:
        return len(self.candidates)


class Written(Body):
    """What writing a record did."""

    id: str
    outcome: str = Field(pattern="^(new|changed|same)$")


class Block(Body):
    """A number that is never dialled again."""

    number: PhoneNumber
    reason: DoNotCallReason = DoNotCallReason.HR_DECIDED
    note: str = Field(default="", max_length=500)


class Blocked(Body):
    """What blocking did."""

    blocked: bool = True
    at: AwareDatetime
    new: bool = Field(description="False when the number stood on the list already.")


class ErasuresQuery(Body):
    """Which erasures."""

    after: int = Field(default=0, ge=0, le=_LARGEST, description="Number of the last erasure seen; 0 for the first page.")
    limit: int = Field(default=100, ge=1, le=500, description="Erasures at most.")


class ErasureItem(Body):
    """A person whose data was deleted: delete your copy."""

    number: int
    candidate_id: str
    call_ids: tuple[str, ...]
    reason: str
    at: AwareDatetime


class ErasuresPage(Body):
    """A page of erasures in order."""

    erasures: tuple[ErasureItem, ...]
    next: int = Field(description="Ask for what comes after this number next.")


class Health(Body):
    """The server answers."""

    status: str
