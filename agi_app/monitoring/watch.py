"""The state of trunks and registrations, asked of Asterisk again and again."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import structlog

from agi_app.errors import AmiError
from agi_app.telephony.ami import AmiClient, trunk_picture
from agi_app.telephony.ami.trunks import TrunkPicture

_log = structlog.get_logger(__name__)


class TrunkWatch:
    """Use as an async context manager.

    Args:
        client: to Asterisk's manager interface.
        interval_s: between two looks.
    """

    def __init__(self, client: AmiClient, interval_s: float) -> None:
        self._client = client
        self._interval_s = interval_s
        self._task: asyncio.Task[None] | None = None
        self.picture: TrunkPicture | None = None
        """As last seen; None while Asterisk cannot be asked."""

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._look(), name="trunk-watch")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _look(self) -> None:
        known, before = True, dict[str, bool]()
        while True:
            try:
                self.picture = await trunk_picture(self._client)
            except AmiError as error:
                self.picture = None
                if known:
                    _log.warning("trunks_unknown", reason=error.what)
                known = False
            else:
                known, before = True, _tell_changes(before, self.picture)
            await asyncio.sleep(self._interval_s)


def _tell_changes(before: dict[str, bool], picture: TrunkPicture) -> dict[str, bool]:
    """Log what went up or down since `before`; what is up now."""
    now = {trunk.name: trunk.up for trunk in picture.trunks}
    now |= {f"registration {item.name}": item.registered for item in picture.registrations}
    for name, is_up in now.items():
        if is_up and not before.get(name, True):
            _log.info("trunk_up", trunk=name)
        elif not is_up and before.get(name, True):
            _log.warning("trunk_down", trunk=name)
    return now
