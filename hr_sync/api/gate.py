"""What stands before every operation: who asks, how often, and with what parameters and body."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from hr_sync.api import problems
from hr_sync.api.limits import RateLimiter
from hr_sync.api.operation import KEY_ID, Ask, Operation
from hr_sync.api.problems import ProblemError
from hr_sync.api.work import Workers
from hr_sync.records import Identifier
from hr_sync.store.api_keys import ApiKey, ApiKeys

_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="hireline"'}


class Gate:
    """Lets requests through.

    Args:
        keys: that open the API.
        workers: threads that may ask the database.
        limiter: how often each key may ask; the same for addresses that send wrong keys.
        now: the time.
    """

    def __init__(self, keys: ApiKeys, workers: Workers, limiter: RateLimiter, now: Callable[[], datetime]) -> None:
        self._keys = keys
        self._workers = workers
        self._limiter = limiter
        self._now = now

    async def look(self, request: web.Request, operation: Operation) -> Ask:
        """Everything that must hold before the operation runs. Raises ProblemError."""
        key = await self._caller(request, operation)
        return Ask(
            key=key,
            query=_query(request, operation),
            body=await _body(request, operation),
            id=_id(request),
            http=request,
            workers=self._workers,
        )

    async def _caller(self, request: web.Request, operation: Operation) -> ApiKey | None:
        if operation.scope is None:
            self._limit(f"peer {request.remote}")
            return None
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        key = await self._workers(self._keys.find, token.strip(), self._now()) if scheme.lower() == "bearer" else None
        if key is None:
            self._limit(f"peer {request.remote}")
            raise ProblemError(
                401,
                "unauthorised",
                "the key is missing or opens nothing",
                remedy="send Authorization: Bearer KEY with a key made by `hireline api keys create`",
                headers=_CHALLENGE,
            )
        self._limit(f"key {key.id}")
        request[KEY_ID] = key.id
        if operation.scope not in key.scopes:
            raise ProblemError(
                403, "forbidden", f"the key does not allow {operation.scope}", remedy="use a key whose role allows it"
            )
        return key

    def _limit(self, caller: str) -> None:
        wait_s = self._limiter.take(caller, time.monotonic())
        if wait_s > 0:
            raise problems.too_many(wait_s)


def _query(request: web.Request, operation: Operation) -> BaseModel:
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name in given:
            fault = problems.Fault(field=name, message="given more than once")
            raise ProblemError(422, "invalid_data", "the parameters cannot be taken", faults=(fault,))
        given[name] = value
    try:
        return operation.query.model_validate(given)
    except ValidationError as error:
        raise problems.invalid("parameters", error) from None  # the cause quotes what was sent


async def _body(request: web.Request, operation: Operation) -> BaseModel | None:
    if operation.body is None:
        return None
    if request.content_type != "application/json":
        raise ProblemError(415, "unsupported_media_type", "the body is not application/json", remedy="send JSON")
    try:
        document = from_json(await request.read(), allow_inf_nan=False)  # the models would take NaN, which no column does
    except ValueError as error:
        raise ProblemError(400, "malformed_json", "the body is not JSON", detail=str(error)) from None
    try:
        return operation.body.model_validate_json(to_json(_whole(document)), strict=True)
    except ValidationError as error:
        raise problems.invalid("body", error) from None


def _id(request: web.Request) -> str:
    for value in request.match_info.values():
        try:
            return _IDENTIFIER.validate_python(value)
        except ValidationError:
            raise ProblemError(404, "not_found", "there is nothing with this id", remedy="correct the id") from None
    return ""


def _whole(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can carry
    """The same with 12000.0 as 12000: JSON does not tell them apart, the strict models do."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
