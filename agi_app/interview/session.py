"""One call's life: written down, dialled, talked through, and left as a result in the HR store, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from agi_app.audio.activity import ActivityRules
from agi_app.audio.turn_values import TurnRules
from agi_app.dialogue.dialogue import Dialogue
from agi_app.dialogue.reply import Learned
from agi_app.errors import MediaError, first_error
from agi_app.interview.announcements import LineServices
from agi_app.interview.answering import (
    SCREENED_AS,
    AnswerWatch,
    EarlyMedia,
    Machine,
    MachineFound,
    Screened,
    after_screening,
    until_beep,
)
from agi_app.interview.conversation import Conversation, Services
from agi_app.interview.events import CallFinished, InterviewEvent
from agi_app.interview.hearing import Ear, Key
from agi_app.interview.ledger import Ledger
from agi_app.interview.notes import CallNotes
from agi_app.interview.payfit import pay_fit
from agi_app.interview.recording import Recording
from agi_app.interview.sayings import Sayings
from agi_app.interview.transfer import Transfer, Transferred
from agi_app.interview.voice_activity import VoiceActivity
from agi_app.telephony.call import Answered, CallEnding, CallEvent, KeyPressed, Progress
from agi_app.telephony.placed_call import PlacedCall
from hr_sync.errors import HirelineError
from hr_sync.records import CallAttempt, CallBrief, CallResult, CallState, Consent, Disposition, PayFit, Speaker, Turn

log = structlog.get_logger(__name__)

_SPARE_S = 120
"""A call that is too long gets so much time to end politely."""
_CALLER_WAITS_MS = 300
"""Who called us expects us to speak first."""
_EXPLANATION_S = 1.0
_LAST_WORDS_S = 6.0
"""After the line's end; the last words are recognised within it, however busy the machine is."""


@dataclass(frozen=True, slots=True)
class InterviewRules:
    """Limits of one interview."""

    turn: TurnRules
    activity: ActivityRules
    greeting_wait_ms: int
    longest_call_s: float
    recordings: Path | None
    """Folder of the recordings; None: nothing is recorded."""
    leave_message: bool = False
    """Say a short message after a voicemail's beep."""


class Interview:
    """Runs one attempt.

    Args:
        attempt: already written to the store.
        dialogue: fresh, for this candidate and job.
        again: makes another one, for when an assistant that answered puts us through to a person.
        line: listens for announcements and machines; None: whoever answers is taken for a person.
        sayings: what is said to machines.
        publish: receives what happens, as it happens; must not block.
    """

    def __init__(
        self,
        *,
        attempt: CallAttempt,
        brief: CallBrief,
        dialogue: Dialogue,
        again: Callable[[], Dialogue],
        line: LineServices | None,
        sayings: Sayings,
        services: Services,
        activity: VoiceActivity,
        ledger: Ledger,
        rules: InterviewRules,
        transfer: Transfer,
        publish: Callable[[InterviewEvent], None],
    ) -> None:
        self._attempt = attempt
        self._brief = brief
        self._dialogue = dialogue
        self._again = again
        self._line = line
        self._sayings = sayings
        self._transfer = transfer
        self._services = services
        self._activity = activity
        self._rules = rules
        self._ledger = ledger
        self._notes = CallNotes(attempt, ledger, publish)
        self._ending: CallEnding | None = None
        self._failure: str | None = None
        self._recording: Path | None = None
        self._reason = ""
        self._decided = False
        """The talk had come to its end by itself."""
        self._machine: tuple[Disposition, str] | None = None
        """What a machine that answered, or a transfer, comes to."""
        self._inbound = False
        self._wants_human = asyncio.Event()
        self._ear: Ear | None = None
        self._filled_ms = 0
        self._echo_ms = 0

    async def run(self, placing: AbstractAsyncContextManager[PlacedCall], *, inbound: bool = False) -> CallResult:
        """Connect, talk, write. Returns the result that was written; raises only when cancelled, after writing what there is.

        Args:
            placing: makes the call: Dialler.place or Dialler.accept.
            inbound: the candidate called us.
        """
        self._inbound = inbound
        self._notes.state(CallState.DIALLING)
        try:
            async with placing as call:
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
        early = EarlyMedia(call, self._line) if self._line is not None and not self._inbound else None
        try:
            async for event in events:
                match event:
                    case Progress():
                        self._notes.state(CallState.RINGING)
                    case Answered():
                        if early is not None:
                            await early.stop()
                        self._notes.state(CallState.TALKING)
                        await self._talk(call, events)
                        return
                    case CallEnding():
                        self._ending = event if early is None else await early.ended(event)
                        self._notes.state(CallState.ENDED)
                        return
        finally:
            if early is not None:
                await early.stop()

    async def _talk(self, call: PlacedCall, events: AsyncIterator[CallEvent]) -> None:
        call.media.drop_waiting()  # what came while it rang is no part of the talk
        recording = Recording(call, self._rules.recordings, self._notes)
        watch = AnswerWatch(call.media, None if self._inbound else self._line, call.id)
        self._notes.heard = watch.turn
        if self._transfer.available(self._brief, datetime.now(UTC)):
            self._notes.asked = self._asked
        try:
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(watch.run())
                talking = group.create_task(self._converse(call, watch, recording))
                async for event in events:
                    if isinstance(event, KeyPressed) and self._ear is not None:
                        self._ear.inbox.put_nowait(Key(event.key))
                    elif isinstance(event, CallEnding):
                        self._ending = event
                        self._notes.state(CallState.ENDED)
                await asyncio.wait({talking}, timeout=_LAST_WORDS_S)  # what was said at the last moment is still recognised
                talking.cancel()
                watching.cancel()
        finally:
            self._decided = self._dialogue.over
            outcome = self._dialogue.hang_up()
            kept = await asyncio.shield(recording.finish(agreed=outcome.recording_consent))
            self._recording = kept or self._recording
            self._notes.metrics.line(
                call.media.counters, filled_ms=self._filled_ms, echo_ms=self._echo_ms, set_up_ms=call.set_up_ms
            )

    async def _converse(self, call: PlacedCall, watch: AnswerWatch, recording: Recording) -> None:
        """Talk to the end, then hang up; whatever goes wrong in the talk ends the call, never the server."""
        reason = "the conversation is over"
        try:
            async with asyncio.timeout(self._rules.longest_call_s + _SPARE_S):
                if self._inbound:
                    await self._say(call, "returning")
                while (found := await self._conversation(call, watch, recording)) is not None:
                    if not await self._answer_machine(call, watch, found):
                        reason = "a machine answered"
                        break
                if self._wants_human.is_set() and not call.ending.done():
                    reason = await self._hand_over(call, recording)
        except TimeoutError:
            self._notes.trouble("call_stuck")
            self._failure = "the conversation did not come to an end"
        except ExceptionGroup as group:
            error = first_error(group)
            if isinstance(error, MediaError) and await self._ended_meanwhile(call):
                return  # that the line broke is no news
            if not isinstance(error, HirelineError):
                log.exception("conversation_failed", call_id=self._notes.call_id, exc_info=error)
            self._fail(error)
        finally:
            await asyncio.shield(call.hang_up(reason))

    async def _conversation(self, call: PlacedCall, watch: AnswerWatch, recording: Recording) -> MachineFound | None:
        """Talk with whoever answered, to the end; the machine, if it turns out to be one."""
        async with aclosing(watch.frames()) as frames:
            ear = self._ear = Ear(
                frames, self._activity, self._rules.turn, self._rules.activity, busy=lambda: self._services.recognition.busy
            )
            call.media.taps.append(ear)
            conversation = Conversation(
                ear=ear,
                media=call.media,
                dialogue=self._dialogue,
                services=self._services,
                notes=self._notes,
                greeting_wait_ms=_CALLER_WAITS_MS if self._inbound else self._rules.greeting_wait_ms,
                longest_ms=round(1000 * self._rules.longest_call_s),
                on_consent=recording.consent,
            )
            try:
                async with asyncio.TaskGroup() as group:
                    listening = group.create_task(ear.run())
                    talking = group.create_task(conversation.run())
                    asked = group.create_task(self._wants_human.wait())
                    either: list[asyncio.Future[Any]] = [talking, watch.found, asked]
                    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                    asked.cancel()
                    talking.cancel()
                    listening.cancel()
            finally:
                call.media.taps.remove(ear)
                self._filled_ms += ear.filled_ms
                self._echo_ms += ear.echo_ms
                self._reason = conversation.last_reason
        await call.media.silence()
        return watch.found.result() if watch.found.done() else None

    # ---- a person wanted ------------------------------------------------------------------------------------------

    def _asked(self, item: Learned) -> None:
        if item.key == "human":
            self._wants_human.set()

    async def _hand_over(self, call: PlacedCall, recording: Recording) -> str:
        """Ring the recruiter and join the two; returns why the call is over."""
        consent = self._dialogue.outcome().recording_consent
        await self._say(call, "transfer_wait")
        self._recording = await recording.finish(agreed=consent)  # the recruiter's words are not the candidate's to give away
        came = await self._transfer.hand_over(call, self._brief, lambda: self._say(call, "transfer_whisper", written=False))
        self._notes.learned(Learned("request", "human", {"recruiter": self._brief.job.recruiter.email, "transfer": came.value}))
        self._machine = (Disposition.COMPLETED, f"wants a person; transfer: {came.value}")
        if came is Transferred.NOT_ANSWERED:
            await self._say(call, "transfer_failed")
        return f"transfer: {came.value}"

    # ---- machines ---------------------------------------------------------------------------------------------------

    async def _answer_machine(self, call: PlacedCall, watch: AnswerWatch, found: MachineFound) -> bool:
        """Deal with a machine that answered. True when a person may be on the line now."""
        log.info("machine_answered", call_id=call.id, kind=found.finding.kind.id)
        if found.machine is Machine.RECORDING or self._line is None:
            conclusion = found.conclusion
            self._machine = (conclusion.disposition, conclusion.evidence)
            if self._rules.leave_message and conclusion.disposition is Disposition.VOICEMAIL and self._line is not None:
                await until_beep(call.media)
                await self._say(call, "voicemail_message")
            return False
        await self._say(call, "screened")
        came = await after_screening(call.media, self._line, call.id, lambda text: self._note(call, Speaker.CANDIDATE, text))
        if came is not Screened.PERSON:
            self._machine = (SCREENED_AS[came], f"call screening: {found.finding.phrase.text}; then {came.value}")
            return False
        watch.again()
        self._dialogue = self._again()
        self._notes.offset_ms = self._since_answer_ms(call)
        return True

    async def _say(self, call: PlacedCall, name: str, *, written: bool = True) -> None:
        """Say a sentence of the pack, without listening; `written`: it is part of the transcript."""
        job, candidate = self._brief.job, self._brief.candidate
        text = self._sayings.say(name, company=job.company.short_name, candidate=candidate.name, job=job.title)
        end = await call.media.play(self._services.speech.stream(text)).wait()
        if end.error is not None:
            raise ExceptionGroup("a sentence was not said", [end.error])
        if written:
            self._note(call, Speaker.SYSTEM, text, lasted_ms=end.heard_ms)

    def _note(self, call: PlacedCall, who: Speaker, text: str, lasted_ms: int = 0) -> None:
        end = self._since_answer_ms(call)
        said = self._dialogue.storable(text)
        self._notes.offset_ms = 0
        self._notes.turn(Turn(who=who, text=said, start_ms=max(0, end - lasted_ms), end_ms=end))
        self._notes.offset_ms = end  # what is talked next counts from here

    def _since_answer_ms(self, call: PlacedCall) -> int:
        now = asyncio.get_running_loop().time()
        return round(1000 * (now - (call.answered_at or now)))

    async def _ended_meanwhile(self, call: PlacedCall) -> bool:
        """Whether the call has an ending, which then says why; Asterisk's word may come a moment after the media socket closed."""
        await asyncio.wait({call.ending}, timeout=_EXPLANATION_S)
        return call.ending.done()

    def _fail(self, error: BaseException) -> None:
        code = getattr(error, "code", type(error).__name__)
        self._failure = f"{code}: {error.what}" if isinstance(error, HirelineError) else code
        self._notes.trouble("call_failed", error)

    # ---- the result -------------------------------------------------------------------------------------------------

    def _result(self) -> CallResult:
        attempt, notes, outcome = self._attempt, self._notes, self._dialogue.hang_up()
        answered = notes.answered_at is not None
        disposition, evidence = self._disposition(outcome.disposition)
        return CallResult(
            call_id=attempt.call_id,
            attempt=attempt.attempt,
            candidate_id=attempt.candidate_id,
            job_id=attempt.job_id,
            disposition=disposition,
            sip_code=self._ending.sip_code if self._ending else None,
            hangup_cause=self._ending.hangup_cause if self._ending else None,
            evidence=evidence,
            started_at=attempt.started_at,
            answered_at=notes.answered_at,
            ended_at=notes.ended_at or datetime.now(UTC).astimezone(),
            interest=outcome.interest,
            slots=outcome.slots,
            questions_asked=outcome.questions_asked,
            doubts=outcome.doubts,
            pay_fit=self._pay_fit(outcome.slots) if answered else None,
            transcript=tuple(notes.transcript),
            mood=tuple(notes.mood),
            recording=str(self._recording) if self._recording else None,
            consent=Consent(recording=outcome.recording_consent),
            metrics=notes.metrics.summary() | {"direction": "inbound" if self._inbound else "outbound"},
        )

    def _disposition(self, talked: Disposition) -> tuple[Disposition, str]:
        """How the attempt ended, and what decided it: the network before the answer, the talk after it.

        A fault of ours does, unless it came when the talk was over: nobody is called again who asked not to be, because a goodbye
        was cut.
        """
        ending = self._ending
        if self._machine is not None:
            return self._machine
        if self._decided:
            return talked, "; ".join(part for part in (self._reason, self._failure, ending and ending.evidence) if part)
        if self._failure is not None or ending is None:
            return Disposition.SYSTEM_FAILED, self._failure or "the call was left before it had an ending"
        if ending.disposition is not None:
            return ending.disposition, ending.evidence
        if ending.ended_by == "failure":
            return Disposition.SYSTEM_FAILED, ending.evidence
        return talked, f"{self._reason}; {ending.evidence}" if self._reason else ending.evidence

    def _pay_fit(self, slots: dict[str, Any]) -> PayFit:
        pay = self._brief.job.pay
        return pay_fit(slots.get("expected_pay"), pay.range, pay.salary_months)
