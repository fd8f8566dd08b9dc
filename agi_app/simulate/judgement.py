"""What a call found out, held against what its persona said and wants: recognition errors, slots, unmet expectations. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from agi_app.simulate.persona import Expect
from agi_app.simulate.plan import PhoneLog, Spoken
from agi_app.simulate.text_error import ErrorCount, characters, syllables
from hr_sync.records import CallResult, Speaker

APART_MS = 1500
"""A line of the transcript this far from anything said belongs to nothing that was said."""
DAYS_APART = 1
"""A date and a number of days may differ by this: a call can run past midnight, and a month is 30 or 31 days."""


@dataclass(slots=True)
class Accuracy:
    """How much of what was said came over; adds up over calls."""

    characters: ErrorCount = field(default_factory=ErrorCount)
    syllables: ErrorCount = field(default_factory=ErrorCount)
    slots_wanted: int = 0
    slots_right: int = 0
    asked: int = 0
    """Questions of the candidate that the result knows of."""
    answered: int = 0

    def add(self, other: Accuracy) -> None:
        """Sum another call in."""
        for mine, theirs in ((self.characters, other.characters), (self.syllables, other.syllables)):
            mine.edits += theirs.edits
            mine.length += theirs.length
        self.slots_wanted += other.slots_wanted
        self.slots_right += other.slots_right
        self.asked += other.asked
        self.answered += other.answered

    @property
    def slot_accuracy(self) -> float | None:
        """Share of the expected slots that are right; None when none was expected."""
        return round(self.slots_right / self.slots_wanted, 4) if self.slots_wanted else None


def accuracy(log: PhoneLog, result: CallResult, expect: Expect) -> Accuracy:
    """Hold one call's transcript and slots against the truth."""
    out = Accuracy()
    said = [each for each in log.spoken if each.kind != "backchannel" and not each.cut]
    heard = _heard_for(log, result)
    for each in said:
        out.characters.add(characters(each.text), characters(heard.get(each.start_ms, "")))
        out.syllables.add(syllables(each.text), syllables(heard.get(each.start_ms, "")))
    made_up = heard.get(None, "")
    out.characters.add([], characters(made_up))
    out.syllables.add([], syllables(made_up))
    day = (result.answered_at or result.started_at).date()
    out.slots_wanted = len(expect.slots)
    out.slots_right = sum(slot_fits(wanted, result.slots.get(name), day) for name, wanted in expect.slots.items())
    out.asked, out.answered = len(result.doubts), sum(doubt.answered for doubt in result.doubts)
    return out


def _heard_for(log: PhoneLog, result: CallResult) -> dict[int | None, str]:
    """What the transcript has for each utterance, by the utterance's start; None: what belongs to nothing that was said.

    The transcript's clock starts with the answer; a piece belongs to the utterance it overlaps most, or lies next to.
    """
    origin = log.answered_ms or 0
    heard: dict[int | None, str] = {}
    for turn in result.transcript:
        if turn.who is not Speaker.CANDIDATE:
            continue
        start, end = turn.start_ms + origin, turn.end_ms + origin
        nearest = max(log.spoken, key=lambda said: _overlap(said, start, end), default=None)
        fits = nearest is not None and _overlap(nearest, start, end) > -APART_MS
        key = nearest.start_ms if nearest is not None and fits else None
        heard[key] = heard.get(key, "") + turn.text
    return heard


def _overlap(said: Spoken, start: int, end: int) -> int:
    """Milliseconds in common; negative: milliseconds apart."""
    return min(said.end_ms, end) - max(said.start_ms, start)


# ---- expectations ---------------------------------------------------------------------------------------------------


def unmet(expect: Expect, result: CallResult) -> list[str]:
    """What the persona wants and the call did not bring, one line each."""
    lines = []
    if expect.dispositions and result.disposition not in expect.dispositions:
        lines.append(f"disposition: {' or '.join(expect.dispositions)} wanted, {result.disposition} found")
    if expect.interest and result.interest is not expect.interest:
        lines.append(f"interest: {expect.interest} wanted, {result.interest} found")
    if expect.sip_code is not None and result.sip_code != expect.sip_code:
        lines.append(f"sip_code: {expect.sip_code} wanted, {_told(result.sip_code)} found")
    day = (result.answered_at or result.started_at).date()
    for name, wanted in expect.slots.items():
        found = result.slots.get(name)
        if not slot_fits(wanted, found, day):
            lines.append(f"slot {name}: {_told(wanted)} wanted, {_told(found)} found")
    answered = {doubt.intent for doubt in result.doubts if doubt.answered}
    asked = {doubt.intent for doubt in result.doubts}
    missing = (intent for intent in expect.doubts if intent not in answered)
    lines += [f"doubt {intent}: answer wanted, {'not answered' if intent in asked else 'not noticed'}" for intent in missing]
    return lines


def slot_fits(wanted: Any, found: Any, day: date) -> bool:  # noqa: ANN401 - slots are JSON
    """Whether a slot holds what is wanted; what is not wanted is not looked at.

    Args:
        wanted: from the persona.
        found: from the result.
        day: of the call, from which days count: `{"in_days": 30}` and the date it means are the same.
    """
    if isinstance(wanted, dict) and isinstance(found, dict):
        first, second = _as_day(wanted, day), _as_day(found, day)
        if first is not None and second is not None:
            return abs((first - second).days) <= DAYS_APART
        return all(name in found and slot_fits(value, found[name], day) for name, value in wanted.items())
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    if isinstance(wanted, int | float) and isinstance(found, int | float):
        return abs(wanted - found) < 1e-6 * max(1.0, abs(wanted))
    if isinstance(wanted, date | datetime):
        return bool(wanted.isoformat() == found)
    return bool(wanted == found)


def _as_day(slot: dict[str, Any], day: date) -> date | None:
    if isinstance(slot.get("in_days"), int):
        return date.fromordinal(day.toordinal() + slot["in_days"])
    value = slot.get("date")
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _told(slot: Any) -> str:  # noqa: ANN401 - slots are JSON
    """A slot in a few words: 12000, 10000-13000, nothing, or its JSON."""
    if slot is None:
        return "nothing"
    if isinstance(slot, dict) and {"min", "max"} & slot.keys():
        low, high = slot.get("min"), slot.get("max")
        amount = str(low) if low == high else f"{low if low is not None else ''}-{high if high is not None else ''}"
        period = slot.get("period", "month")
        return amount if period == "month" else f"{amount} a {period}"
    return json.dumps(slot, ensure_ascii=False, default=str) if isinstance(slot, dict | list) else str(slot)
