"""Calls in: who is calling, which interview is open, and what strangers hear."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from agi_app.dialogue.grammar.reading import read
from agi_app.interview.announcements import LineListener, LineServices, Words, heard_frames
from agi_app.interview.sayings import Sayings
from agi_app.speech.tts.service import SpeechService
from agi_app.speech.worker import Priority
from agi_app.telephony.call import CallEnding, KeyPressed
from agi_app.telephony.placed_call import PlacedCall
from agi_app.telephony.progress.catalogue import Catalogue, Kind, Meaning, Phrase
from agi_app.telephony.progress.matching import Distance, Matcher
from hr_sync.errors import NotFoundError
from hr_sync.phone import PhoneError, parse
from hr_sync.records import Candidate, Disposition, Interest
from hr_sync.store.base import Store

log = structlog.get_logger(__name__)

KIND_VARIABLE, CANDIDATE_VARIABLE = "HIRELINE_CALLER", "HIRELINE_CANDIDATE"
"""Channel variables the lookup sets; dialplan/inbound.conf hands them back to us as Stasis arguments."""
_JOINT = "&"
_MOST_CANDIDATES = 8
_NAME_WAIT_MS = 7_000
_NAME_TRIES = 2
_KEYS_FIRST_S = 12.0
_KEYS_NEXT_S = 6.0
_LONGEST_NUMBER = 20
_FINISHED = {Disposition.COMPLETED}
"""An interview that ended so is not gone on with."""


class CallerKind(StrEnum):
    """What the caller's number says."""

    KNOWN = "known"
    SEVERAL = "several"
    """More than one candidate has the number."""
    UNKNOWN = "unknown"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, as far as the number tells."""

    kind: CallerKind
    candidates: tuple[str, ...] = ()
    """Ids."""

    def variables(self) -> dict[str, str]:
        """For the dialplan."""
        return {KIND_VARIABLE: str(self.kind), CANDIDATE_VARIABLE: _JOINT.join(self.candidates)}

    @classmethod
    def of_arguments(cls, arguments: Sequence[str]) -> Caller:
        """From the Stasis arguments: inbound, number called, kind, candidates. Without a lookup the caller is unknown."""
        kind, ids = (*arguments[2:4], "", "")[:2]
        candidates = tuple(each for each in ids.split(_JOINT) if each)
        if kind not in set(CallerKind) or (kind in {CallerKind.KNOWN, CallerKind.SEVERAL} and not candidates):
            log.warning("caller_not_looked_up", kind=kind[:20])
            return cls(CallerKind.UNKNOWN)
        return cls(CallerKind(kind), candidates)


def identify(store: Store, number: str) -> Caller:
    """Look the number up; blocks. A number that is on the do-not-call list is known like any other: the person calls us."""
    if not number:
        return Caller(CallerKind.WITHHELD)
    try:
        found = store.find_by_phone(parse(number, foreign=True).e164)
    except PhoneError:
        return Caller(CallerKind.UNKNOWN)
    ids = tuple(candidate.id for candidate in found[:_MOST_CANDIDATES])
    if not ids:
        return Caller(CallerKind.UNKNOWN)
    return Caller(CallerKind.KNOWN if len(ids) == 1 else CallerKind.SEVERAL, ids)


@dataclass(frozen=True, slots=True)
class OpenInterview:
    """An interview that was begun or tried, and not brought to its end."""

    candidate: Candidate
    job_id: str
    slots: Mapping[str, Any] = field(default_factory=dict)
    """What was answered before."""
    asked: frozenset[str] = frozenset()
    """Questions that were asked before."""
    interest: Interest = Interest.UNDETERMINED


def open_interview(store: Store, candidate_id: str) -> OpenInterview | None:
    """The interview a candidate probably calls back about: that of the last attempt, unless it is finished; blocks.

    Raises NotFoundError for an unknown candidate.
    """
    candidate = store.candidate(candidate_id)
    attempts = store.attempts(candidate_id)
    if not attempts:
        return None
    job_id = attempts[-1].job_id
    slots: dict[str, Any] = {}
    asked: set[str] = set()
    interest = Interest.UNDETERMINED
    for attempt in attempts:
        if attempt.job_id != job_id:
            continue
        try:
            result = store.result(attempt.call_id)
        except NotFoundError:  # under way, or left by a crash: what it learned is known all the same
            slots |= {item.key: item.value for item in store.learned(attempt.call_id) if item.kind == "slot"}
            continue
        slots |= result.slots
        interest = result.interest if result.interest is not Interest.UNDETERMINED else interest
        asked |= set(result.questions_asked)
        if result.disposition in _FINISHED:
            return None
    return OpenInterview(candidate, job_id, slots, frozenset(asked), interest) if store.job(job_id).open else None


def name_matcher(candidates: Sequence[Candidate], distance: Distance) -> Matcher:
    """Finds candidates' names in what was said; a finding's kind has the id of the candidate."""
    kinds = tuple(
        Kind(candidate.id, Meaning.SCREENING, None, at_pause=False, phrases=(_phrase(candidate.name),)) for candidate in candidates
    )
    return Matcher(Catalogue(kinds, (), ()), distance)


def _phrase(text: str) -> Phrase:
    return Phrase(text, read(text).syllables, weak=False)


class FrontDesk:
    """Talks with callers before, or instead of, an interview.

    Args:
        speech: our voice.
        sayings: the pack's sentences.
        line: hears names.
        company: as it is spoken.
        office: how to reach a person, as it is spoken; may be empty.
        messages: folder for numbers that callers leave, one private file each.
    """

    def __init__(
        self, *, speech: SpeechService, sayings: Sayings, line: LineServices, company: str, office: str, messages: Path
    ) -> None:
        self._speech, self._sayings, self._line = speech, sayings, line
        self._company, self._office, self._messages = company, office, messages

    async def ask_name(self, call: PlacedCall, candidates: Sequence[Candidate]) -> Candidate | None:
        """Ask who is calling, twice at most; None when no name was understood."""
        names = name_matcher(candidates, self._line.matcher.distance)
        for question in ("which_of_several", "which_again")[:_NAME_TRIES]:
            await self.say(call, question)
            for text in await self._hear(call):
                found = names.find(read(text).syllables, answered=True)
                if found and (len(found) == 1 or found[1].cost - found[0].cost > 0.1):
                    return next(each for each in candidates if each.id == found[0].kind.id)
        return None

    async def inform(self, call: PlacedCall, number: str) -> None:
        """Tell a stranger who we are and how to reach a person, and take a number."""
        await self.say(call, "unknown")
        if self._office:
            await self.say(call, "unknown_office")
        left = await self._keys(call, "unknown_leave")
        if left is None:
            await self.say(call, "nothing_left")
            return
        try:
            wanted = parse(left).e164 if left else (parse(number, foreign=True).e164 if number else None)
        except PhoneError:
            wanted = None
        if wanted is None:
            await self.say(call, "nothing_left")
            return
        await asyncio.to_thread(self._keep, call.id, wanted)
        log.info("message_left", call_id=call.id)
        await self.say(call, "number_taken" if left else "number_same", number=" ".join(wanted.removeprefix("+86")))

    async def say(self, call: PlacedCall, name: str, **filled: str) -> None:
        """Say a sentence to its end. Raises what kept it from being said."""
        text = self._sayings.say(name, **{"company": self._company, "office": self._office, **filled})
        end = await call.media.play(self._speech.stream(text)).wait()
        if end.error is not None:
            raise end.error

    async def _hear(self, call: PlacedCall) -> list[str]:
        """What is said next, until it is over."""
        texts: list[str] = []

        def note(words: Words) -> None:
            texts.append(words.text)

        listener = LineListener(
            self._line,
            sample_rate=call.media.rate,
            call_id=call.id,
            answered=True,
            on_words=note,
            on_tone=lambda _: None,
            priority=Priority.LIVE,
        )
        call.media.drop_waiting()
        try:
            async with aclosing(heard_frames(call.media)) as frames:
                async for frame in frames:
                    await listener.take(np.frombuffer(frame, "<i2"))
                    over = texts and listener.quiet_ms > 900 and not listener.busy
                    if over or (not listener.busy and listener.quiet_ms > _NAME_WAIT_MS):
                        break
            await listener.finish()
        finally:
            await listener.close()
        return texts[::-1]  # the last one covers all that was said

    async def _keys(self, call: PlacedCall, name: str) -> str | None:
        """Ask for keys up to #; None when none came. Keys that come while we speak count, and cut us short."""
        pressed: asyncio.Queue[str | None] = asyncio.Queue()

        async def follow() -> None:
            async for event in call.events():
                if isinstance(event, KeyPressed):
                    pressed.put_nowait(event.key)
                elif isinstance(event, CallEnding):
                    pressed.put_nowait(None)

        following = asyncio.create_task(follow())
        playback = call.media.play(self._speech.stream(self._sayings.say(name)))
        keys = ""
        try:
            first: asyncio.Task[str | None] = asyncio.create_task(pressed.get())
            ended = asyncio.create_task(playback.wait())
            await asyncio.wait({first, ended}, return_when=asyncio.FIRST_COMPLETED)
            async with asyncio.timeout(_KEYS_FIRST_S):
                key = await first
            await call.media.silence()
            await ended
            while key is not None and key != "#" and len(keys) < _LONGEST_NUMBER:
                keys += key
                async with asyncio.timeout(_KEYS_NEXT_S):
                    key = await pressed.get()
        except TimeoutError:
            return keys or None
        finally:
            following.cancel()
        return keys if key == "#" else keys or None

    def _keep(self, call_id: str, number: str) -> None:
        self._messages.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._messages / f"{call_id}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"call_id": call_id, "number": number, "at": datetime.now(UTC).astimezone().isoformat()}))
