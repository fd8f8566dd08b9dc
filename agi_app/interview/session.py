"""One call's life: written before it is dialled, dialled, talked through, and left as a result in the HR store, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from agi_app.audio.turn import TurnRules
from agi_app.dialogue.dialogue import Dialogue
from agi_app.errors import MediaError, TelephonyError
from agi_app.interview.conversation import Conversation, Services
from agi_app.interview.events import CallFinished, InterviewEvent
from agi_app.interview.hearing import Ear, Key
from agi_app.interview.ledger import Ledger
from agi_app.interview.notes import CallNotes
from agi_app.interview.payfit import pay_fit
from agi_app.interview.voice_activity import VoiceActivity
from agi_app.telephony.call import Answered, CallEnding, CallEvent, DialRequest, KeyPressed, Progress
from agi_app.telephony.dial import Dialler, PlacedCall
from agi_app.telephony.recording import StereoRecorder
from hr_sync.errors import HirelineError
from hr_sync.records import CallAttempt, CallBrief, CallResult, CallState, Consent, Disposition

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class InterviewRules:
    """Limits of one interview."""

    turn: TurnRules
    greeting_wait_ms: int
    longest_call_s: float
    recordings: Path | None
    """Folder of the recordings; None: nothing is recorded."""


class Interview:
    """Runs one attempt.

    Args:
        attempt: already written to the store.
        dialogue: fresh, for this candidate and job.
        publish: receives what happens, as it happens; must not block.
    """

    def __init__(
        self,
        *,
        attempt: CallAttempt,
        brief: CallBrief,
        dialogue: Dialogue,
        dialler: Dialler,
        services: Services,
        activity: VoiceActivity,
        ledger: Ledger,
        rules: InterviewRules,
        publish: Callable[[InterviewEvent], None],
    ) -> None:
        self._attempt = attempt
        self._brief = brief
        self._dialogue = dialogue
        self._dialler = dialler
        self._services = services
        self._activity = activity
        self._rules = rules
        self._ledger = ledger
        self._notes = CallNotes(attempt, ledger, publish)
        self._ending: CallEnding | None = None
        self._failure: str | None = None
        self._recording: Path | None = None

    async def run(self, request: DialRequest) -> CallResult:
        """Dial, talk, write. Returns the result that was written; raises only when cancelled, after writing what there is."""
        self._notes.state(CallState.DIALLING)
        try:
            async with self._dialler.place(request) as call:
                await self._follow(call)
        except HirelineError as error:
            self._fail(error)
        finally:
            result = self._result()
            await asyncio.shield(self._ledger.finish(result))
            self._notes.publish(CallFinished(result.call_id, result))
            log.info("call_ended", call_id=result.call_id, disposition=str(result.disposition), sip_code=result.sip_code)
        return result

    # ---- the call ---------------------------------------------------------------------------------------------------

    async def _follow(self, call: PlacedCall) -> None:
        events = call.events()
        async for event in events:
            match event:
                case Progress():
                    self._notes.state(CallState.RINGING)
                case Answered():
                    self._notes.state(CallState.TALKING)
                    await self._talk(call, events)
                    return
                case CallEnding():
                    self._ending = event
                    return

    async def _talk(self, call: PlacedCall, events: AsyncIterator[CallEvent]) -> None:
        ear = Ear(call.media.frames(), self._activity, self._rules.turn)
        recorder = self._start_recording(call)
        conversation = Conversation(
            ear=ear,
            media=call.media,
            dialogue=self._dialogue,
            services=self._services,
            notes=self._notes,
            greeting_wait_ms=self._rules.greeting_wait_ms,
            on_consent=lambda agreed: self._consent(recorder, agreed=agreed),
        )
        try:
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(ear.run())
                talking = group.create_task(self._converse(conversation, call))
                async for event in events:
                    if isinstance(event, KeyPressed):
                        ear.inbox.put_nowait(Key(event.key))
                    elif isinstance(event, CallEnding):
                        self._ending = event
                talking.cancel()
                listening.cancel()
        finally:
            if recorder is not None:
                await asyncio.shield(recorder.close())

    async def _converse(self, conversation: Conversation, call: PlacedCall) -> None:
        """Talk to the end, then hang up; whatever goes wrong in the talk ends the call, never the server."""
        try:
            async with asyncio.timeout(self._rules.longest_call_s):
                await conversation.run()
        except TimeoutError:
            self._notes.trouble("call_too_long")
        except ExceptionGroup as group:
            log.warning("conversation_failed", call_id=self._notes.call_id, exc_info=not group.subgroup(HirelineError))
            self._fail(group)
        finally:
            await asyncio.shield(call.hang_up("normal"))

    def _fail(self, error: Exception) -> None:
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        self._failure = getattr(error, "code", type(error).__name__)
        self._notes.trouble("call_failed", error)
