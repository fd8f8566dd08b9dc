"""Questions and orders to Asterisk's manager interface. Connects when it is first asked, and again when the connection was lost."""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Any, Self

from panoramisk.manager import Manager

from agi_app.config import AsteriskSettings
from agi_app.errors import AmiError, AmiLostError

Message = dict[str, str]
"""One answer or event; names in lower case."""

_SILENT = logging.getLogger("panoramisk.silent")
_SILENT.disabled = True  # its messages quote whole actions: numbers and passwords among them. Errors are raised by us


class _Manager(Manager):  # type: ignore[misc]
    """panoramisk's manager without its own reconnecting, which nothing can end: AmiClient connects again when it is asked."""

    def __init__(self, **config: Any) -> None:  # noqa: ANN401 - panoramisk's
        super().__init__(log=_SILENT, events="off", loop=asyncio.get_running_loop(), **config)
        self.lost = self.loop.create_future()

    def connection_made(self, f: asyncio.Future[Any]) -> None:
        if not f.cancelled() and f.exception() is None:
            super().connection_made(f)

    def connection_lost(self, exc: Exception | None) -> None:
        self.close()
        if not self.lost.done():
            self.lost.set_result(None)


class AmiClient:
    """Use as an async context manager.

    Args:
        settings: address, port, user.
        secret: of that user in manager.conf.
    """

    def __init__(self, settings: AsteriskSettings, secret: str) -> None:
        self._settings = settings
        self._secret = secret
        self._manager: _Manager | None = None
        self._connecting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._drop()

    @property
    def where(self) -> str:
        """Address of the manager interface."""
        return f"{self._settings.host}:{self._settings.ami_port}"

    async def ask(self, action: str, **fields: str) -> list[Message]:
        """Send an action and return its answer and the events that belong to it.

        Args:
            action: AMI's name of it, e.g. PJSIPShowContacts.
            fields: its parameters.

        Raises:
            AmiLostError: no connection, or no answer in time.
            AmiError: Asterisk refused.
        """
        if any("\n" in value or "\r" in value for value in fields.values()):
            raise AmiError("a parameter of an AMI action holds a line break", where=action)
        manager = await self._connected()
        future = manager.send_action({"Action": action, **fields})
        await asyncio.wait({future, manager.lost}, timeout=self._settings.request_timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            self._drop(manager)
            raise self._lost(f"no answer to {action}")
        received = future.result()
        messages = [_plain(item) for item in (received if isinstance(received, list) else [received])]
        if messages[0].get("response") == "Error":
            raise AmiError(f"Asterisk refused {action}: {messages[0].get('message', 'no reason given')}", where=self.where)
        return messages

    async def _connected(self) -> _Manager:
        async with self._connecting:
            if self._manager is not None and not self._manager.lost.done():
                return self._manager
            manager = _Manager(
                host=self._settings.host, port=self._settings.ami_port, username=self._settings.ari_user, secret=self._secret
            )
            try:
                async with asyncio.timeout(self._settings.request_timeout_s):
                    await manager.connect()
                    login = manager.authenticated_future
                    await asyncio.wait({login, manager.lost}, return_when=asyncio.FIRST_COMPLETED)
            except (OSError, TimeoutError) as error:
                manager.close()
                raise self._lost(type(error).__name__) from error
            except BaseException:
                manager.close()
                raise
            if not login.done() or not login.result().success:
                manager.close()
                raise AmiError(
                    "Asterisk's manager interface refused our password",
                    where=self.where,
                    remedy="restart Asterisk: it takes ami_secret of secrets.toml at its start",
                )
            self._manager = manager
            return manager

    def _drop(self, manager: _Manager | None = None) -> None:
        """Close a connection; by default the present one."""
        dropped = manager or self._manager
        if dropped is not None:
            dropped.close()
            if not dropped.lost.done():
                dropped.lost.set_result(None)
        if dropped is self._manager:
            self._manager = None

    def _lost(self, how: str) -> AmiLostError:
        return AmiLostError(f"Asterisk's manager interface does not answer: {how}", where=self.where, remedy="is Asterisk running?")


def _plain(message: Any) -> Message:  # noqa: ANN401 - panoramisk's, untyped
    return {str(name).lower(): str(value) for name, value in message.items()}
