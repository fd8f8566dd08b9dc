"""One ordered queue of events a call. Putting never waits, so a call that is slow to read holds up nobody but itself."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import structlog

from agi_app.errors import AriError
from agi_app.telephony.ari.events import AriEvent, entity_id
from agi_app.telephony.ari.ids import call_of

_log = structlog.get_logger(__name__)
_CAPACITY = 512


class CallQueue:
    """The events of one call, in the order they came. When it is full the oldest is dropped and counted."""

    def __init__(self, call_id: str, capacity: int = _CAPACITY) -> None:
        self.call_id = call_id
        self.dropped = 0
        self._events: deque[AriEvent] = deque()
        self._capacity = capacity
        self._filled = asyncio.Event()

    def put(self, event: AriEvent) -> None:
        """Append an event; never waits."""
        if len(self._events) >= self._capacity:
            self._events.popleft()
            self.dropped += 1
            if self.dropped == 1:
                _log.warning("ari_queue_full", call_id=self.call_id, capacity=self._capacity)
        self._events.append(event)
        self._filled.set()

    async def get(self) -> AriEvent:
        """The next event; waits for one."""
        while not self._events:
            self._filled.clear()
            await self._filled.wait()
        return self._events.popleft()

    async def __aiter__(self) -> AsyncIterator[AriEvent]:
        while True:
            yield await self.get()


class Router:
    """Hands each event to the queue of the call it belongs to, by the id of the channel or bridge it names."""

    def __init__(self) -> None:
        self._queues: dict[str, CallQueue] = {}
        self._aliases: dict[str, str] = {}

    @property
    def call_ids(self) -> frozenset[str]:
        """The calls that have an owner."""
        return frozenset(self._queues)

    def open(self, call_id: str) -> CallQueue:
        """Own a call from now on. Raises AriError when it has an owner."""
        if call_id in self._queues:
            raise AriError("this call is being driven already", where=call_id, remedy="give each attempt an id of its own")
        queue = self._queues[call_id] = CallQueue(call_id)
        return queue

    def close(self, call_id: str) -> None:
        """Let go of a call."""
        self._queues.pop(call_id, None)
        self._aliases = {entity: owner for entity, owner in self._aliases.items() if owner != call_id}

    def alias(self, entity: str, call_id: str) -> None:
        """A channel that Asterisk named belongs to an owned call, until the call is closed."""
        self._aliases[entity] = call_id

    def call_of(self, entity: str) -> str | None:
        """The call a channel or bridge belongs to, by its id or its alias."""
        return self._aliases.get(entity) or call_of(entity)

    def owns(self, entity: str) -> bool:
        """Whether the channel or bridge of that id belongs to an owned call."""
        return self.call_of(entity) in self._queues

    def route(self, event: AriEvent) -> str | None:
        """Deliver an event. Returns the id of a call of our making that has no owner, else None."""
        named = entity_id(event)
        call_id = None if named is None else self.call_of(named)
        if call_id is None:
            return None
        queue = self._queues.get(call_id)
        if queue is None:
            return call_id
        queue.put(event)
        return None

    def deliver(self, call_id: str, event: AriEvent) -> None:
        """Put an event of our own into one call's queue, if it is owned still."""
        queue = self._queues.get(call_id)
        if queue is not None:
            queue.put(event)

    def broadcast(self, event: AriEvent) -> None:
        """Put an event of our own into every queue."""
        for queue in self._queues.values():
            queue.put(event)
