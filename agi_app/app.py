"""The one place that wires everything together."""

from __future__ import annotations

import asyncio
import functools
import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import structlog

from agi_app.audio.activity import ActivityRules
from agi_app.audio.turn_values import TurnRules
from agi_app.audio.vad import SileroVad
from agi_app.campaign.caller import CampaignCall, Opening, new_attempt
from agi_app.config import Settings
from agi_app.dialogue.dialogue import Dialogue
from agi_app.dialogue.mood import MoodUse
from agi_app.dialogue.pack import load_pack
from agi_app.dialogue.understander import load_encoder
from agi_app.errors import AriError, first_error
from agi_app.interview.announcements import LineServices
from agi_app.interview.assessment.assessor import Assessor
from agi_app.interview.assessment.service import AssessmentService
from agi_app.interview.conversation import Services
from agi_app.interview.events import InterviewEvent
from agi_app.interview.inbound import FrontDesk, OpenInterview
from agi_app.interview.ledger import Ledger
from agi_app.interview.reception import Placing, Reception
from agi_app.interview.recovery import recover
from agi_app.interview.session import Interview, InterviewRules
from agi_app.interview.suggestions import SuggestionService
from agi_app.interview.transfer import Transfer
from agi_app.interview.voice_activity import VoiceActivity
from agi_app.language import Language, load_language
from agi_app.speech.registry import model_store, recognition_service, speech_service, telephone_rate
from agi_app.telephony.allow_list import AllowList
from agi_app.telephony.ami import AmiClient, Routes
from agi_app.telephony.ari.connection import AriConnection
from agi_app.telephony.call import DialRequest
from agi_app.telephony.dial import Dialler
from agi_app.telephony.media.server import MediaServer
from agi_app.telephony.secrets import Secrets, load_secrets
from agi_app.telephony.server import AsteriskServer, AsteriskSupervisor, ensure_asterisk
from hr_sync.errors import DoNotCallError, HirelineError
from hr_sync.owner import this_process
from hr_sync.records import CallAttempt, CallBrief, CallResult
from hr_sync.store import SqliteStore

if TYPE_CHECKING:
    from agi_app.campaign.runner import CampaignRunner

log = structlog.get_logger(__name__)

_SPOKEN_FIRST = 4
"""Prompts that are ready before the phone rings; the others are made during the call."""

_NUMBER = re.compile(r"(?:^|/)\+?(\d+)(?:@|$)")
_ASSESSMENT_WAIT_S = 4.0
"""Whoever asked for an interview waits so long for its scores; they are written in any case."""

_HOME = "86"
"""Country code of numbers that are dialled without one."""

Progress = Callable[[str], None]
Listener = Callable[[InterviewEvent], None]
"""Hears of events; must not block."""


class Hireline:
    """The phone wing, running. Use it as an async context manager.

    Args:
        settings: all settings.
        simulated_trunk: host and UDP port of simulated phones, dialled as PJSIP/NUMBER@simulated.
        database: another HR database than the settings name.
        progress: told in a few words what is being started.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        simulated_trunk: tuple[str, int] | None = None,
        database: Path | None = None,
        progress: Progress = lambda _: None,
    ) -> None:
        self.settings = settings
        self._simulated_trunk = simulated_trunk
        self._progress = progress
        self._stack = AsyncExitStack()
        self._database = database or settings.database
        self._listeners: list[Listener] = []
        self._supervisor: AsteriskSupervisor | None = None
        self._allowed = AllowList(settings.trunk.allowed)

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._stack.aclose()

    async def _start(self) -> None:
        settings = self.settings
        secrets = load_secrets(settings.state)
        self._progress("HR database")
        self.store = self._stack.enter_context(SqliteStore(self._database, busy_limit_s=settings.store.busy_limit_s))
        self._ledger = Ledger(self.store, self._database.with_suffix(".spool"), settings.store.patience_s)
        self._stack.push_async_callback(self._ledger.close)
        await recover(self._ledger, settings.state / "recordings")
        mind = self._stack.enter_context(ThreadPoolExecutor(2, thread_name_prefix="mind"))
        models = model_store(settings)
        self._activity = VoiceActivity(SileroVad(models.path("silero-vad") / "silero_vad.onnx", telephone_rate(settings)))
        self._stack.callback(self._activity.close)
        recognition, speech = recognition_service(settings, models), speech_service(settings, models)
        self._stack.push_async_callback(recognition.close)
        self._stack.push_async_callback(speech.close)
        suggestions = self._suggestions()
        self.services = Services(recognition, speech, mind, suggestions)
        self._progress("models and Asterisk")
        try:
            async with asyncio.TaskGroup() as group:  # side by side: together they take as long as the slowest
                group.create_task(self._load_language())
                group.create_task(recognition.load())
                group.create_task(speech.load())
                group.create_task(self._start_telephony(secrets))
        except ExceptionGroup as several:
            raise first_error(several) from several
        self._assessments = await self._stack.enter_async_context(AssessmentService(self.store, self._make_assessor))
        self._progress("ready")

    async def _load_language(self) -> None:
        self._take(await asyncio.to_thread(load_language, self.settings))

    def _take(self, language: Language) -> None:
        self.pack, self._understander = language.pack, language.understander
        self._matcher, self._sayings = language.matcher, language.sayings

    async def reload_language(self) -> None:
        """Take the language pack from its files anew. Calls that run keep the one they began with.

        Raises PackError, and keeps the pack in use, when the files cannot be used as they are.
        """
        try:
            language = await asyncio.to_thread(load_language, self.settings)
        except HirelineError as error:
            log.warning("language_refused", where=error.where, kept=self.pack.version)
            raise
        self._take(language)
        log.info("language_reloaded", language=self.pack.language, version=self.pack.version)

    def _make_assessor(self) -> Assessor:
        return Assessor(self.pack, self._understander.encoder)

    async def _start_telephony(self, secrets: Secrets) -> None:
        settings = self.settings
        media = await self._stack.enter_async_context(MediaServer(settings.media, secrets.media_token))
        if settings.asterisk.managed:
            installation = await asyncio.to_thread(ensure_asterisk, settings, self._progress)
            server = AsteriskServer(settings, installation, simulated_trunk=self._simulated_trunk)
            self._supervisor = await self._stack.enter_async_context(AsteriskSupervisor(server))
        ari = await self._stack.enter_async_context(AriConnection(settings.asterisk, secrets.ari_password))
        await ari.wait_connected(settings.asterisk.start_timeout_s)
        self._dialler = Dialler(ari, media, settings)
        self.ari = ari
        self.ami = await self._stack.enter_async_context(AmiClient(settings.asterisk, secrets.ami_secret))
        self._routes = Routes(self.ami)

    @property
    def failed(self) -> asyncio.Future[AriError]:
        """Done when the connection to Asterisk was given up for good: nothing more can be called."""
        return self.ari.failed

    @property
    def ledger(self) -> Ledger:
        """What writes to the HR database during calls."""
        return self._ledger

    @property
    def asterisk(self) -> AsteriskServer | None:
        """The Asterisk of our own; None when another one is used."""
        return self._supervisor.server if self._supervisor else None

    @property
    def asterisk_restarts(self) -> int:
        """How often our own Asterisk ended unexpectedly and was brought back."""
        return self._supervisor.restarts if self._supervisor else 0

    @property
    def asterisk_version(self) -> str:
        """Version of the Asterisk of our own; empty when another one is used."""
        return self.asterisk.version if self.asterisk else ""

    @property
    def models_used(self) -> dict[str, str]:
        """Which recogniser and which voice work."""
        return {"asr": self.services.recognition.name, "tts": self.services.speech.voice_name}

    def reception(self) -> Reception:
        """Takes the calls that come in, as long as its context is open."""
        inbound, line = self.settings.inbound, self._line_services()
        jobs = self.store.jobs(limit=1)
        desk = FrontDesk(
            speech=self.services.speech,
            sayings=self._sayings,
            line=line,
            company=inbound.company or (jobs[0].company.short_name if jobs else ""),
            office=inbound.office,
            messages=self.settings.state / "messages",
        )
        return Reception(inbound, ari=self.ari, dialler=self._dialler, ledger=self._ledger, desk=desk, talk=self._called_back)

    def campaigns(self) -> CampaignRunner:
        """Runs the campaigns that were started, as long as its context is open."""
        from agi_app.campaign.runner import CampaignRunner  # the durable engine takes a second to import, and few commands need it

        return CampaignRunner(self.store, self._ledger, self, self.settings, recordings=self.settings.state / "recordings")

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Hear of everything that happens in calls; returns the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def interview(
        self, candidate_id: str, job_id: str, to: str | None = None, *, listener: Listener | None = None
    ) -> CallResult:
        """Call one candidate about one job, now.

        Args:
            to: a number, or an Asterisk endpoint such as PJSIP/alice; None: the candidate's own number.
            listener: hears of this call alone, beside those that subscribed to all.

        Raises:
            NotFoundError: no such candidate or job.
            DoNotCallError: the number must not be dialled.
            ConfigError: `to` is neither a number nor an endpoint.
            RouteError: the number may not be dialled, or the dialplan has no route for it.
            AmiError: the dialplan cannot be asked.
        """
        brief = await self._ledger.ask(self.store.brief, candidate_id, job_id)
        to = to or brief.candidate.phone
        await self._refuse_blocked(to)
        endpoint = await self.endpoint(to)
        planned, placing = self._new_attempt(brief), self._placing(endpoint, self.settings.trunk.caller_id)
        return await self._interview(brief, planned, placing, opening=self._open, listener=listener)

    async def campaign_call(self, call: CampaignCall, opening: Opening) -> CallResult:
        """See `agi_app.campaign.caller.Caller.campaign_call`."""
        brief = await self._ledger.ask(self.store.brief, call.candidate_id, call.job_id)
        await self._refuse_blocked(call.number)
        placing = self._placing(call.endpoint, call.caller_id)
        return await self._interview(brief, new_attempt(call), placing, opening=opening, listener=None)

    async def _called_back(self, opened: OpenInterview, call_id: str, placing: Placing) -> CallResult:
        """Go on with the interview of a candidate who calls us."""
        brief = await self._ledger.ask(self.store.brief, opened.candidate.id, opened.job_id)
        planned = self._new_attempt(brief).model_copy(update={"call_id": call_id})

        async def opening(planned: CallAttempt) -> CallAttempt:
            return await self._ledger.ask(functools.partial(self.store.open_attempt, called_us=True), planned)

        return await self._interview(brief, planned, placing, opening=opening, listener=None, earlier=opened)

    def _placing(self, endpoint: str, caller_id: str | None) -> Placing:
        ring_s = self.settings.trunk.ring_timeout_s
        return lambda call_id: self._dialler.place(DialRequest(call_id, endpoint, caller_id, ring_s))

    async def _open(self, planned: CallAttempt) -> CallAttempt:
        return await self._ledger.ask(self.store.open_attempt, planned)

    async def _interview(
        self,
        brief: CallBrief,
        planned: CallAttempt,
        placing: Placing,
        *,
        opening: Opening,
        listener: Listener | None,
        earlier: OpenInterview | None = None,
    ) -> CallResult:
        """Make everything ready, open the attempt, and call; with `earlier` the candidate called, and that interview goes on."""

        def fresh() -> Dialogue:
            dialogue = self._dialogue(brief, planned)
            if earlier is not None:
                dialogue.resume(earlier.slots, earlier.asked, earlier.interest)
            return dialogue

        dialogue = fresh()
        prompts = dialogue.prompts()
        await self.services.speech.warm(prompts[:_SPOKEN_FIRST])
        self.services.speech.warm_soon(prompts[_SPOKEN_FIRST:])
        attempt = await opening(planned)
        interview = Interview(
            attempt=attempt,
            brief=brief,
            dialogue=dialogue,
            again=fresh,
            line=self._line(),
            sayings=self._sayings,
            services=self.services,
            activity=self._activity,
            ledger=self._ledger,
            rules=self._rules(),
            transfer=Transfer(self.settings.transfer),
            publish=lambda event: self._publish(event, listener),
        )
        result = await interview.run(placing(attempt.call_id), inbound=earlier is not None)
        return await self._assessments.assessed(result, _ASSESSMENT_WAIT_S)

    async def endpoint(self, to: str) -> str:
        """The Asterisk dial string for a number, by the dialplan's routes, or the given endpoint.

        Raises:
            ConfigError: neither a number nor an endpoint.
            RouteError: it may not be dialled, or the dialplan has no route for it.
            AmiError: the dialplan cannot be asked.
        """
        if "/" in to:
            self._allowed.check_endpoint(to)
            return to
        return await self._routes.endpoint(self._allowed.international(to))

    async def _refuse_blocked(self, to: str) -> None:
        """Raise DoNotCallError when the number that will be dialled must not be. The candidate's own is looked at by the store."""
        for number in _possible_numbers(to):
            if await self._ledger.ask(self.store.is_blocked, number):
                raise DoNotCallError(
                    "the number to dial is on the do-not-call list",
                    remedy="leave it; only on the person's own wish may the number be taken off the list",
                )

    def _new_attempt(self, brief: CallBrief) -> CallAttempt:
        now = datetime.now(UTC).astimezone()
        call_id = f"call-{now:%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"
        return CallAttempt(
            call_id=call_id,
            attempt=1,
            candidate_id=brief.candidate.id,
            job_id=brief.job.id,
            started_at=now,
            owner=this_process(),
        )

    def _dialogue(self, brief: CallBrief, attempt: CallAttempt) -> Dialogue:
        return Dialogue(
            self.pack,
            self._understander,
            brief,
            now=lambda: datetime.now(UTC).astimezone(),
            call_id=attempt.call_id,
            moods=MoodUse(self.settings.reads_moods, self.settings.mood.prosody),
            suggestions=self.services.suggestions is not None,
        )

    def _suggestions(self) -> SuggestionService | None:
        """Who proposes follow-up questions; None where no language model is configured."""
        settings = self.settings.follow_up
        if settings.url is None:
            return None
        service = SuggestionService(settings.url, settings.model, api_key=self.settings.follow_up_key, limit_s=settings.limit_s)
        self._stack.push_async_callback(service.close)
        return service

    def _rules(self) -> InterviewRules:
        turn, interview = self.settings.turn, self.settings.interview
        return InterviewRules(
            turn=TurnRules(
                sample_rate=telephone_rate(self.settings),
                onset_ms=turn.onset_ms,
                pre_roll_ms=turn.pre_roll_ms,
                complete_ms=turn.complete_ms,
                open_ms=turn.open_ms,
                end_silence_ms=turn.end_silence_ms,
                incomplete_ms=turn.incomplete_ms,
                short_ms=turn.short_ms,
                talk_over_ms=turn.talk_over_ms,
                longest_turn_ms=turn.longest_turn_ms,
            ),
            activity=ActivityRules(threshold=turn.speech_threshold, far_db=turn.far_db),
            greeting_wait_ms=turn.greeting_wait_ms,
            longest_call_s=interview.longest_call_s,
            recordings=self.settings.state / "recordings" if interview.record else None,
            leave_message=self.settings.answering.leave_message,
        )

    def _line(self) -> LineServices | None:
        """What listens for announcements and machines; None when that is switched off."""
        return self._line_services() if self.settings.answering.enabled else None

    def _line_services(self) -> LineServices:
        return LineServices(self.services.recognition, self._activity, self._matcher, self.services.mind)

    def _publish(self, event: InterviewEvent, own: Listener | None) -> None:
        for listener in (*self._listeners, *([own] if own else [])):
            try:
                listener(event)
            except Exception:  # whoever looks on must not be able to end the call
                log.exception("listener_failed", call_id=event.call_id, event_kind=type(event).__name__)


def _possible_numbers(to: str) -> tuple[str, ...]:
    """What a number, or a dial string such as PJSIP/13800000001@carrier, may stand for in international notation; empty when it is
    another endpoint."""
    found = _NUMBER.search(to)
    if found is None:
        return ()
    digits = found[1].lstrip("0")
    return tuple(f"+{prefix}{digits}" for prefix in ("", _HOME) if 6 <= len(prefix + digits) <= 15)


def load_assessor(settings: Settings) -> Assessor:
    """What assesses calls in the configured language, for commands that run by themselves. Blocks for a second."""
    pack = load_pack(settings.models / settings.interview.language)
    return Assessor(pack, load_encoder(settings.weights, settings.state))
