"""What Asterisk's events mean for one call: a pure machine, events in, call events out, exactly one ending."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from agi_app.telephony.ari import events as ari
from agi_app.telephony.ari.models import Channel
from agi_app.telephony.call import Answered, CallEnding, CallEvent, KeyPressed, Progress
from agi_app.telephony.dispositions import classify
from hr_sync.records import Disposition

_NORMAL_CLEARING = (0, 16, 31, 32)
"""Causes of an answered call that one of the two simply ended (32 is what Asterisk gives a program's request)."""
_SIGNS_OF_LIFE = ("PROGRESS", "PROCEEDING", "RINGING")


class HangUp(Enum):
    """Why we end a call ourselves."""

    WANTED = "wanted"
    """The interview is over, or given up."""
    RING_TIMEOUT = "ring_timeout"
    """Nobody answered in time."""
    CONCLUDED = "concluded"
    """What was heard on the line says how the attempt ends."""


@dataclass(slots=True)
class Signalling:
    """One call as Asterisk tells it. Every method returns the call events that are new, in order.

    Args:
        leg: id of the candidate's channel.
        media: id of the channel that carries its audio to us.
    """

    leg: str
    media: str
    leg_ready: bool = False
    media_ready: bool = False
    answered_at: float | None = None
    progress: str | None = None
    """The last sign of life from the trunk."""
    hanging_up: HangUp | None = None
    hang_up_reason: str = ""
    concluded: Disposition | None = None
    """With HangUp.CONCLUDED: what was heard comes to; the reason tells what was heard."""
    ending: CallEnding | None = None
    _dial_status: str = ""

    def feed(self, event: ari.AriEvent, at_s: float) -> tuple[CallEvent, ...]:
        """Take an event that came at `at_s` (the loop's time)."""
        if self.ending is not None:
            return ()
        match event:
            case ari.StasisStart(channel):
                self.leg_ready |= channel.id == self.leg
                self.media_ready |= channel.id == self.media
                return self._up(at_s) if channel.id == self.leg and channel.up else ()
            case ari.Dial(peer, status) if peer.id == self.leg:
                return self._dialled(status, at_s)
            case ari.ChannelStateChange(channel) if channel.id == self.leg and channel.up:
                return self._up(at_s)
            case ari.ChannelDtmfReceived(channel, digit) if channel.id == self.leg:
                return (KeyPressed(digit),)
            case ari.ChannelDestroyed(channel, cause, _, tech_cause) if channel.id == self.leg:
                return self._gone(cause, tech_cause)
            case ari.ChannelDestroyed(channel, cause) if channel.id == self.media and self.hanging_up is None:
                return self.system_failed(f"Asterisk ended the call's media channel (cause {cause})", cause)
            case ari.ApplicationReplaced():
                return self.system_failed("another program took over the ARI application")
            case _:
                return ()

    def seen(self, channels: Iterable[Channel], at_s: float) -> tuple[CallEvent, ...]:
        """After a gap in the events: these channels of the call exist. (That one is missing is for the caller to make sure of.)"""
        up = any(channel.id == self.leg and channel.up for channel in channels)
        return self._up(at_s) if up and self.ending is None else ()

    def leg_missing(self) -> tuple[CallEvent, ...]:
        """After a gap in the events the candidate's channel is gone; what the network said went by unheard."""
        if self.ending is not None:
            return ()
        if self.hanging_up is not None:
            return self._ended_by_us(None, None)
        what = "the call ended while the connection to Asterisk was lost"
        return self._end(None if self.answered_at is not None else Disposition.SYSTEM_FAILED, None, None, what, "failure")

    def hang_up_unconfirmed(self) -> tuple[CallEvent, ...]:
        """We wanted the end, and Asterisk did not confirm it; what is left of the call is removed when Asterisk can be asked."""
        return () if self.ending is not None else self._ended_by_us(None, None)

    def refused(self, why: str) -> tuple[CallEvent, ...]:
        """Asterisk would not create the channel: no such trunk, or it has no address to send to."""
        return self._end(Disposition.TRUNK_FAILED, None, None, why, "network")

    def system_failed(self, why: str, cause: int | None = None) -> tuple[CallEvent, ...]:
        """Something of ours broke: media, ARI, Asterisk itself."""
        return self._end(Disposition.SYSTEM_FAILED, None, cause, why, "failure")

    # ---- steps ------------------------------------------------------------------------------------------------------

    def _dialled(self, status: str, at_s: float) -> tuple[CallEvent, ...]:
        if status == "ANSWER":
            return self._up(at_s)
        if status in _SIGNS_OF_LIFE:
            if status == self.progress or self.answered_at is not None:
                return ()
            self.progress = status
            return (Progress(status),)
        self._dial_status = status or self._dial_status
        return ()

    def _up(self, at_s: float) -> tuple[CallEvent, ...]:
        if self.answered_at is not None:
            return ()
        self.answered_at = at_s
        return (Answered(at_s),)

    def _gone(self, cause: int, tech_cause: int | None) -> tuple[CallEvent, ...]:
        sip_code = tech_cause if tech_cause is not None and 300 <= tech_cause < 700 else None
        if self.hanging_up is not None:
            return self._ended_by_us(sip_code, cause)
        if self.answered_at is not None:
            if cause in _NORMAL_CLEARING:
                return self._end(None, sip_code, cause, "the far end hung up", "candidate")
            return self._end(None, sip_code, cause, f"the network ended the call (cause {cause})", "network")
        verdict = classify(sip_code, cause, sign_of_life=self.progress is not None, dial_status=self._dial_status)
        return self._end(verdict.disposition, sip_code, cause, verdict.evidence, "network")

    def _ended_by_us(self, sip_code: int | None, cause: int | None) -> tuple[CallEvent, ...]:
        """We asked for the end. The SIP code, if any, is one that Asterisk made up for a call it cancelled; it is left out."""
        if self.concluded is not None:
            return self._end(self.concluded, None, cause, self.hang_up_reason, "us")
        if self.answered_at is not None:
            return self._end(None, None, cause, f"we hung up: {self.hang_up_reason}", "us")
        if self.hanging_up is HangUp.WANTED:
            return self._end(Disposition.NO_ANSWER, None, cause, f"we hung up before an answer: {self.hang_up_reason}", "us")
        if self.progress is None:
            why = f"no sign of life from the trunk: {self.hang_up_reason}"
            return self._end(Disposition.TRUNK_FAILED, None, cause, why, "network")
        return self._end(Disposition.NO_ANSWER, None, cause, f"not answered: {self.hang_up_reason}", "us")

    def _end(
        self, disposition: Disposition | None, sip_code: int | None, cause: int | None, evidence: str, ended_by: str
    ) -> tuple[CallEvent, ...]:
        if self.ending is not None:
            return ()
        self.ending = CallEnding(disposition, sip_code, cause, evidence, ended_by)
        return (self.ending,)
