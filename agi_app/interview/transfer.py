"""转人工: the recruiter's extension rings in working hours, hears in a whisper who it is, and is joined with the candidate."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, time
from enum import Enum
from zoneinfo import ZoneInfo

import numpy as np
import structlog

from agi_app.config import TransferSettings
from agi_app.errors import ConfigError
from agi_app.telephony.handover import Handover
from agi_app.telephony.placed_call import PlacedCall
from hr_sync.records import CallBrief

log = structlog.get_logger(__name__)
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_RING_HZ, _RING_S, _PAUSE_S = 450, 1.0, 4.0
"""What the candidate hears meanwhile: China's ringing tone (ITU-T E.180 supplement 2)."""
_LEVEL = 2300


class Transferred(Enum):
    """What came of a transfer."""

    TALKED = "talked"
    NOT_ANSWERED = "not_answered"
    HUNG_UP = "hung_up"
    """The candidate did not wait."""


def spans(settings: TransferSettings) -> tuple[tuple[time, time], ...]:
    """The working hours. Raises ConfigError for hours that cannot be read."""
    found = []
    for text in settings.hours:
        match = _SPAN.fullmatch(text)
        if match is None or text[:5] >= text[6:]:
            raise ConfigError(f"transfer.hours: {text!r} is no span of a day", remedy="write it like 09:00-12:00")
        first, second, third, fourth = map(int, match.groups())
        found.append((time(first, second), time(third, fourth)))
    return tuple(found)


def at_work(settings: TransferSettings, now: datetime) -> bool:
    """Whether recruiters are at work. Raises ConfigError."""
    hours, local = spans(settings), now.astimezone(ZoneInfo(settings.time_zone))
    return local.isoweekday() in settings.days and any(start <= local.time() < end for start, end in hours)


class Transfer:
    """Whom a job's candidates are handed to, and how.

    Args:
        settings: of transfers.
    """

    def __init__(self, settings: TransferSettings) -> None:
        self._settings = settings

    def available(self, brief: CallBrief, now: datetime) -> bool:
        """Whether a transfer may be tried now."""
        return self._settings.enabled and bool(self._stages(brief)) and at_work(self._settings, now)

    def _stages(self, brief: CallBrief) -> list[list[str]]:
        """Who rings first, and who rings then: dial strings."""
        own = brief.job.recruiter.extension
        stages = [[own]] if own else []
        if group := [extension for extension in self._settings.group if extension != own]:
            stages.append(group)
        return [[self._settings.dial.format(extension=extension) for extension in stage] for stage in stages]

    async def hand_over(self, call: PlacedCall, brief: CallBrief, whisper: Callable[[], Awaitable[None]]) -> Transferred:
        """Ring, whisper, join; returns when the talk is over or nobody answered, with the candidate back with us then.

        Args:
            whisper: says to the recruiter who is on the line.
        """
        shown = {"CONNECTEDLINE(name,i)": f"{brief.candidate.name} {brief.job.title}"[:60]}
        async with Handover(call) as handover:
            for stage in self._stages(brief):
                ringing = call.media.play(_ringback(call.media.rate))
                channel = await handover.ring(stage, self._settings.ring_s, shown=shown)
                await ringing.stop()
                if call.ending.done():
                    return Transferred.HUNG_UP
                if channel is None:
                    continue
                await handover.confide(channel)
                await whisper()
                if not handover.present(channel):  # put the receiver down during the whisper
                    await handover.back()
                    continue
                await handover.join(channel)
                return Transferred.TALKED
        return Transferred.NOT_ANSWERED


async def _ringback(rate: int) -> AsyncIterator[bytes]:
    times = np.arange(round(_RING_S * rate)) / rate
    tone = (_LEVEL * np.sin(2 * np.pi * _RING_HZ * times)).astype("<i2").tobytes()
    while True:
        yield tone
        yield bytes(2 * round(_PAUSE_S * rate))
