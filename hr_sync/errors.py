"""The root of Hireline's one error tree, and the HR wing's branches.

HirelineError
├── StoreError
│   ├── StoreBusyError       the database stayed locked past the limit (retryable)
│   ├── StoreCorruptError    the file is no database of ours, or is newer than this program
│   ├── NotFoundError        no such candidate, job, call
│   ├── ConflictError        what is stored contradicts what was asked: an illegal move, a second different result
│   ├── DoNotCallError       the number asked never to be called again
│   └── NotAdmittedError     a campaign's call may not be dialled now: paused, called recently, out of turn
├── DurableError             the engine of durable work cannot run, or not yet
├── ReportError              a report cannot be made
├── DeliveryError            a mail or message cannot be handed over (retryable, unless `final`)
├── LinkError                a link of an invitation is forged, altered or too old
├── InvalidDataError         a row, field or file that cannot be taken; names where
├── ServiceError             a service of ours cannot be started or reached: port taken, certificate, address, key
├── SecrecyError             a key for data at rest is missing or wrong, or what lies there was tampered with
└── (the phone wing's branches: agi_app/errors.py)
"""

from __future__ import annotations

from typing import ClassVar


class HirelineError(Exception):
    """Something went wrong that a person can be told about.

    Args:
        what: what happened, one sentence, no personal data.
        where: file, line, row, port, endpoint: whatever lets the reader go there.
        remedy: what to do about it.
    """

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        parts = [self.what]
        if self.where:
            parts.append(f"where: {self.where}")
        if self.remedy:
            parts.append(f"what to do: {self.remedy}")
        return "\n  ".join(parts)


class StoreError(HirelineError):
    """The HR database could not do what was asked."""

    code = "store"


class StoreBusyError(StoreError):
    """The database stayed locked by someone else longer than the busy limit."""

    code = "store_busy"
    retryable = True


class StoreCorruptError(StoreError):
    """The file is not a Hireline database, is damaged, or was written by a newer version."""

    code = "store_corrupt"


class NotFoundError(StoreError):
    """No record with that id."""

    code = "not_found"


class ConflictError(StoreError):
    """What is stored contradicts what was asked: an illegal change of state, a second and different result."""

    code = "conflict"


class DoNotCallError(StoreError):
    """The candidate's number is on the do-not-call list."""

    code = "do_not_call"


class NotAdmittedError(StoreError):
    """A campaign's call may not be dialled now.

    Args:
        reason: why, one word: paused, draft, finished, ended, out_of_turn, number_changed, called_recently,
            engaged, out_of_hours.
    """

    code = "not_admitted"

    def __init__(self, reason: str, *, where: str | None = None) -> None:
        super().__init__(f"the call may not be dialled now: {reason}", where=where, remedy="nothing: the journey is planned again")
        self.reason = reason


class ReportError(HirelineError):
    """A report cannot be made."""

    code = "report"


class DeliveryError(HirelineError):
    """A mail or message could not be handed over.

    Args:
        final: trying again is of no use: the address does not exist, the content was refused.
    """

    code = "delivery"
    retryable = True

    def __init__(self, what: str, *, final: bool = False, where: str | None = None, remedy: str | None = None) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.final = final


class LinkError(HirelineError):
    """A link of an invitation is forged, altered or too old."""

    code = "link"


class InvalidDataError(HirelineError):
    """Data that cannot be taken as it is; `where` names file, row and field."""

    code = "invalid_data"


class ServiceError(HirelineError):
    """A service of ours cannot be started or reached."""

    code = "service"


class SecrecyError(HirelineError):
    """A key for data at rest is missing or wrong, or what lies there was tampered with."""

    code = "secrecy"


class DurableError(HirelineError):
    """The engine of durable work (campaigns, follow-ups) cannot run, or does not run."""

    code = "durable"
