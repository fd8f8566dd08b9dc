"""What comes next for a candidate: a pure decision over what the HR database holds, the rules and the hour.

It is asked before every step of a journey, and once more at the last moment before a call is dialled.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from agi_app.campaign.retry import RetryRules
from hr_sync import phone
from hr_sync.calling_hours import CallingHours, zone
from hr_sync.errors import InvalidDataError
from hr_sync.records import Disposition
from hr_sync.records.campaigns import CampaignState, JourneyCall, JourneyFacts, JourneyState

PROMISE_GRACE = timedelta(minutes=30)
"""A promised call-back that is late by more than this waits for the usual calling hours."""

ENGAGED_PAUSE = timedelta(seconds=30)
"""How long somebody is left alone who is on the telephone with us for another reason."""

_PARTS = {"morning": time(9, 30), "noon": time(12), "afternoon": time(14, 30), "evening": time(18, 30)}
"""What people mean by a part of the day when they ask to be called then."""
_FIRST, _URGENT, _USUAL = 1, 100, 200


@dataclass(frozen=True, slots=True)
class Dial:
    """Call now."""

    number: int
    """Counts the journey's calls from 1; one that is open already is settled first."""
    due_at: datetime
    priority: int
    """Lower goes first."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing to do until the campaign is resumed."""


@dataclass(frozen=True, slots=True)
class End:
    """The journey is over."""

    outcome: str
    detail: str | None = None


Step = Dial | Wait | Hold | End


def next_step(facts: JourneyFacts, rules: RetryRules, hours: CallingHours, now: datetime) -> Step:
    """Decide.

    Args:
        facts: of the journey, read at one moment.
        rules: of its campaign.
        hours: when candidates may be called.
        now: with an offset.
    """
    last = facts.calls[-1] if facts.calls else None
    if last is not None and last.disposition is None:
        return Dial(last.number, last.opened_at, _FIRST)  # left open by a process that died, or being made: settled before all else
    if facts.journey.state is JourneyState.ENDED:
        return End(facts.journey.outcome or "ended", facts.journey.detail)
    if last is not None and (over := _over(facts, rules, last)) is not None:
        return over
    if (refusal := _refusal(facts)) is not None:
        return refusal
    if facts.campaign.state is not CampaignState.RUNNING:
        return Hold()
    if facts.engaged:
        return Wait(now + ENGAGED_PAUSE)
    return _timed(facts, rules, hours, now)


def promised_at(callback: dict[str, object] | None, asked_at: datetime, time_zone: str) -> datetime | None:
    """The time a candidate asked to be called at, as the slot `callback_time` holds it; None when none was named.

    A time that lies before the question is none either.
    """
    where = zone(time_zone)
    try:
        match callback:
            case {"at": str(text)}:
                at = datetime.fromisoformat(text)
            case {"date": str(day), **rest}:
                at = datetime.combine(date.fromisoformat(day), _PARTS.get(str(rest.get("part")), _PARTS["morning"]))
            case _:
                return None
    except ValueError:  # not in the contract's form: as if no time had been named
        return None
    at = at if at.tzinfo else at.replace(tzinfo=where)
    return at.astimezone(UTC) if at > asked_at else None


# ---- parts of the decision ----------------------------------------------------------------------------------------------


def _over(facts: JourneyFacts, rules: RetryRules, last: JourneyCall) -> End | None:
    """Whether the last call was the last one."""
    disposition = _of(last)
    if facts.blocked:
        return End(str(disposition) if disposition is Disposition.STOP_CALLING else "do_not_call")
    rule = rules[disposition]
    if not rule.again:
        return End(str(disposition))
    if _times(facts, disposition) > rule.again:
        return End(str(disposition), "the rule's further calls are used up")
    if sum(rules[_of(call)].counts for call in facts.calls) >= facts.campaign.attempts:
        return End(str(disposition), "the campaign's attempts are used up")
    return None


def _refusal(facts: JourneyFacts) -> End | None:
    """Why the number is not called, or not any more, whatever the rules say."""
    if facts.blocked:
        return End("do_not_call")
    if facts.concluded is not None:
        return End("concluded_elsewhere", str(facts.concluded))
    if facts.elsewhere_at is not None:
        return End("called_recently")
    try:
        phone.parse(facts.phone)
    except phone.PhoneError as error:
        return End("number_refused", str(error.problem))
    try:
        zone(facts.time_zone)
    except InvalidDataError:
        return End("time_zone_unknown")
    return None


def _timed(facts: JourneyFacts, rules: RetryRules, hours: CallingHours, now: datetime) -> Dial | Wait:
    """Now, or when."""
    last, place = facts.calls[-1] if facts.calls else None, facts.time_zone
    number, priority = len(facts.calls) + 1, (_URGENT if facts.urgent else _USUAL) - 10 * facts.campaign.priority
    if last is None:
        at = hours.next_permitted(now, place)
        return Dial(number, now, priority) if at <= now else Wait(at)
    disposition, ended = _of(last), last.ended_at or last.opened_at
    promised = promised_at(last.callback, ended, place) if disposition is Disposition.CALLBACK else None
    if promised is not None:
        due = hours.next_promised(promised, place)
        at = (
            due
            if now < due
            else hours.next_promised(now, place)
            if now - due <= PROMISE_GRACE
            else hours.next_permitted(now, place)
        )
        return Dial(number, due, _FIRST) if at <= now else Wait(at)
    rule = rules[disposition]
    due = ended + rule.pause(_times(facts, disposition))
    due = hours.next_part_of_day(due, place, avoid=last.opened_at) if rule.other_part_of_day else hours.next_permitted(due, place)
    at = hours.next_permitted(max(due, now), place)
    return Dial(number, due, priority) if at <= now else Wait(at)


def _of(call: JourneyCall) -> Disposition:
    if call.disposition is None:
        raise ValueError(f"call {call.call_id} has no result yet")
    return call.disposition


def _times(facts: JourneyFacts, disposition: Disposition) -> int:
    return sum(call.disposition is disposition for call in facts.calls)
