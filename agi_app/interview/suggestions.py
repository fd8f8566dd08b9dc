"""Asks a language model for a follow-up question while the candidate's answer is being acknowledged.

Any server that speaks OpenAI's chat completions will do. It is told the job's title, our question and the candidate's answer
without protected matters, and nothing of the resume. What it proposes is checked. When it is late, fails or proposes what must not
be asked, the pack's rules decide, and the reason is logged and counted.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import structlog

from agi_app.dialogue.reply import Reply
from agi_app.dialogue.suggestion import SuggestionRequest, refusal, tidied
from agi_app.interview.notes import CallNotes

log = structlog.get_logger(__name__)

_MOST_BYTES = 65_536
"""Of a server's answer; a question fits into much less."""
_MOST_TOKENS = 80
_TEMPERATURE = 0.3
_CONNECTIONS = 20


class _UnusableError(Exception):
    """The server's answer holds no proposal; the text says why."""


class SuggestionService:
    """One language model for all calls.

    Args:
        url: base of the API, e.g. http://127.0.0.1:8000/v1.
        model: name of the model.
        api_key: sent as a bearer token; None: none is.
        limit_s: how long a proposal is waited for.
    """

    def __init__(self, url: str, model: str, *, api_key: str | None, limit_s: float) -> None:
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._model = model
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._limit_s = limit_s
        self._session: aiohttp.ClientSession | None = None

    async def suggest(self, request: SuggestionRequest, *, call_id: str, trouble: Callable[[str], None]) -> str | None:
        """A follow-up question that may be asked, or None.

        Args:
            request: what may be told.
            call_id: for the log.
            trouble: counts why there is none: suggestion_late, suggestion_failed, suggestion_refused.
        """
        try:
            async with asyncio.timeout(self._limit_s):
                text = tidied(await self._ask(request))
        except TimeoutError:
            return self._none("suggestion_late", f"none within {self._limit_s} s", call_id, trouble)
        except (aiohttp.ClientError, _UnusableError) as error:
            reason = str(error) if isinstance(error, _UnusableError) else type(error).__name__
            return self._none("suggestion_failed", reason, call_id, trouble)
        refused = refusal(text, request)
        if refused is not None:
            return self._none("suggestion_refused", refused, call_id, trouble)
        log.info("suggestion_taken", call_id=call_id)
        return text

    async def close(self) -> None:
        """End the connections."""
        if self._session is not None:
            await self._session.close()

    async def _ask(self, request: SuggestionRequest) -> str:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=_CONNECTIONS)
            self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))
        order = {
            "model": self._model,
            "messages": [{"role": "system", "content": request.instruction}, {"role": "user", "content": request.material}],
            "temperature": _TEMPERATURE,
            "max_tokens": _MOST_TOKENS,
            "stream": False,
        }
        async with self._session.post(self._url, json=order, headers=self._headers, allow_redirects=False) as response:
            if response.status != 200:
                raise _UnusableError(f"status {response.status}")
            return _proposal(await _read(response))

    @staticmethod
    def _none(what: str, reason: str, call_id: str, trouble: Callable[[str], None]) -> None:
        log.warning(what, call_id=call_id, reason=reason, instead="the pack's rules")
        trouble(what)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(8192):
        body += chunk
        if len(body) > _MOST_BYTES:
            raise _UnusableError("the answer is too long")
    return bytes(body)


def _proposal(body: bytes) -> str:
    try:
        answer: Any = json.loads(body)
        text = answer["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        raise _UnusableError("the answer is no chat completion") from None
    if not isinstance(text, str):
        raise _UnusableError("the answer is no text")
    return text


async def carry_out(
    reply: Reply,
    perform: Callable[[Reply], Awaitable[None]],
    go_on: Callable[[str | None], Awaitable[Reply]],
    service: SuggestionService | None,
    notes: CallNotes,
) -> Reply:
    """Perform a move; where it waits for a proposal, ask for one meanwhile and perform the rest of it, too.

    Args:
        reply: the move.
        perform: says its prompts.
        go_on: `Dialogue.follow_up`.
        service: who proposes; None: the pack's rules do.
        notes: of the call.

    Returns:
        The move that was performed last.
    """
    if reply.suggestion is None or service is None:
        await perform(reply)
        return reply
    proposal = asyncio.create_task(service.suggest(reply.suggestion, call_id=notes.call_id, trouble=notes.trouble))
    try:  # no TaskGroup: whoever performs raises what the caller knows by name
        await perform(reply)
        rest = await go_on(await proposal)
    finally:
        proposal.cancel()
    await perform(rest)
    return rest
