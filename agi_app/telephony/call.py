"""Values a placed call is described by, shared by everything in this room and by the interview above it."""

from __future__ import annotations

from dataclasses import dataclass

from hr_sync.records import Disposition


@dataclass(frozen=True, slots=True)
class DialRequest:
    """One call to place."""

    call_id: str
    """Also the stem of the channel and bridge ids, so that they can be found after a crash."""
    endpoint: str
    """Asterisk dial string, e.g. PJSIP/13800000001@carrier-a."""
    caller_id: str | None = None
    ring_timeout_s: float = 45.0


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """One call that came in and waits to be answered."""

    call_id: str
    channel: str
    """Id that Asterisk gave it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The far end is being reached; early media may be heard from now on."""

    status: str
    """Asterisk's dial status: PROGRESS, PROCEEDING or RINGING."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody, or something, picked up. `at_s` is the loop's time."""

    at_s: float


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A DTMF key: 0-9, *, #."""

    key: str


@dataclass(frozen=True, slots=True)
class CallEnding:
    """How and why the call ended, as the network said it."""

    disposition: Disposition | None
    """What the network's answer alone decides (busy, no_answer, invalid_number …); None for a call that was answered."""
    sip_code: int | None
    hangup_cause: int | None
    """ITU-T Q.850 cause."""
    evidence: str
    ended_by: str
    """candidate, us, network, failure."""


CallEvent = Progress | Answered | KeyPressed | CallEnding
"""CallEnding is always the last one."""
