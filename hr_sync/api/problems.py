"""Errors as the caller sees them: problem details of RFC 9457. Nothing of the data appears in them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hr_sync.errors import (
    ConflictError,
    DoNotCallError,
    HirelineError,
    InvalidDataError,
    NotFoundError,
    StoreBusyError,
)

CONTENT_TYPE = "application/problem+json"
_STATUSES: tuple[tuple[type[HirelineError], int], ...] = (
    (NotFoundError, 404),
    (InvalidDataError, 422),
    (DoNotCallError, 409),
    (ConflictError, 409),
    (StoreBusyError, 503),
)


class Fault(BaseModel):
    """What is wrong with one field."""

    model_config = ConfigDict(frozen=True)

    field: str
    """Where, e.g. `employments.0.start`."""
    message: str


class ProblemBody(BaseModel):
    """The body of every error."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"description": "Problem details, RFC 9457."})

    type: str = Field(default="about:blank", description="Always about:blank: `code` tells errors apart.")
    title: str
    status: int
    code: str = Field(description="For programs, e.g. not_found.")
    detail: str | None = None
    remedy: str | None = Field(default=None, description="What to do about it.")
    request_id: str = ""
    faults: tuple[Fault, ...] = ()


class ProblemError(Exception):
    """An answer that is an error.

    Args:
        status: HTTP status.
        code: for programs.
        title: one sentence.
        detail: more of it.
        remedy: what to do.
        headers: of the answer.
        faults: field by field.
    """

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        *,
        detail: str | None = None,
        remedy: str | None = None,
        headers: Mapping[str, str] | None = None,
        faults: tuple[Fault, ...] = (),
    ) -> None:
        super().__init__(title)
        self.body = ProblemBody(title=title, status=status, code=code, detail=detail, remedy=remedy, faults=faults)
        self.headers = dict(headers or {})

    def response(self, request_id: str) -> web.Response:
        """The answer."""
        body = self.body.model_copy(update={"request_id": request_id})
        return web.Response(
            status=self.body.status,
            body=body.model_dump_json().encode(),
            headers=self.headers,
            content_type=CONTENT_TYPE,
        )


def of_error(error: HirelineError) -> ProblemError | None:
    """How an error of the HR wing is told; None when it is one the caller can do nothing about."""
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            headers = {"Retry-After": "1"} if status == 503 else None
            return ProblemError(status, error.code, error.what, remedy=error.remedy, headers=headers)
    return None


def of_http(error: web.HTTPException) -> ProblemError:
    """aiohttp's own refusals in our form: unknown path, wrong method, body too large."""
    headers = {name: value for name, value in error.headers.items() if name in {"Allow", "Retry-After"}}
    code = error.reason.lower().replace(" ", "_").replace("-", "_")
    return ProblemError(error.status, code, error.reason, headers=headers)


def invalid(what: str, error: ValidationError, *, status: int = 422) -> ProblemError:
    """What is wrong with parameters or a body, field by field, without the values."""
    faults = tuple(
        Fault(field=".".join(map(str, item["loc"])), message=item["msg"])
        for item in error.errors(include_url=False, include_context=False, include_input=False)[:50]
    )
    return ProblemError(status, "invalid_data", f"the {what} cannot be taken", faults=faults, remedy="see /openapi.json")


def too_many(wait_s: float) -> ProblemError:
    """The caller's bucket is empty."""
    return ProblemError(
        429,
        "too_many_requests",
        "too many requests with this key",
        remedy="wait as long as Retry-After says",
        headers={"Retry-After": str(math.ceil(wait_s))},
    )
