"""One operation of the API: what the router, the checks before it and the description all read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from hr_sync.api.bodies import NoQuery
from hr_sync.api.scopes import Scope
from hr_sync.care.recordings import RecordingFolder
from hr_sync.store.api_keys import ApiKey
from hr_sync.store.base import Store
from hr_sync.store.erasing import Erasing

HEADERS: web.RequestKey[dict[str, str]] = web.RequestKey("headers", dict)
"""Headers that every answer to the request carries; one that is streamed sets them itself."""
KEY_ID: web.RequestKey[str] = web.RequestKey("key_id", str)
"""Who asks, for the log."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What operations work on."""

    store: Store
    recordings: RecordingFolder
    erasing: Erasing
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that was looked over: who asks, and for what."""

    key: ApiKey | None
    query: Any
    """Of the operation's `query` model."""
    body: Any
    """Of the operation's `body` model."""
    id: str
    """The id in the path; empty when there is none."""
    http: web.Request
    workers: Callable[..., Awaitable[Any]]
    """Runs blocking work, for operations that stream."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path."""

    method: str
    path: str
    id: str
    """Name in the description, unique."""
    summary: str
    scope: Scope | None
    """What a key must allow; None: no key is asked for."""
    answer: type[BaseModel]
    run: Callable[[Resources, Ask], BaseModel] | None = None
    """Runs in a thread; may block, raises HirelineError."""
    stream: Callable[[Resources, Ask], Awaitable[web.StreamResponse]] | None = None
    """Instead of `run`: makes its response itself, on the loop."""
    query: type[BaseModel] = NoQuery
    body: type[BaseModel] | None = None
    errors: tuple[int, ...] = ()
    """Statuses it may answer with beside those every operation has."""
    audit: str | None = None
    """Under what name it stands in the audit log; None: it shows no one's data."""
    tag: str = ""
