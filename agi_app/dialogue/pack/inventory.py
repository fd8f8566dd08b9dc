"""What a pack must hold: the sentences, situations and answers the dialogue relies on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from agi_app.dialogue.understanding import Intent
from hr_sync.records import Degree, EmploymentStatus

WORDINGS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "acknowledge": frozenset(),
        "corrected": frozenset({"value"}),
        "confirm": frozenset({"value"}),
        "confirm_again": frozenset({"value"}),
        "confirm_by_keys": frozenset({"value"}),
        "wait": frozenset(),
        "still_there": frozenset(),
        "repeat": frozenset(),
        "slower": frozenset(),
        "not_heard": frozenset(),
        "not_understood": frozenset(),
        "go_ahead": frozenset(),
        "take_time": frozenset(),
        "unanswerable": frozenset(),
        "unanswerable_again": frozenset(),
        "too_many": frozenset(),
        "candidate_only": frozenset(),
        "hold": frozenset(),
        "recording_stopped": frozenset(),
        "callback_named": frozenset({"time"}),
        "callback_open": frozenset(),
        "lead_not_interested": frozenset(),
        "lead_already_employed": frozenset(),
        "talent_pool_yes": frozenset(),
        "talent_pool_no": frozenset(),
        "closing_interested": frozenset(),
        "closing_hesitant": frozenset(),
        "closing_not_interested": frozenset(),
        "closing_undetermined": frozenset(),
        "end_wrong_person": frozenset(),
        "end_stop_calling": frozenset(),
        "end_declined_recording": frozenset(),
        "end_silent": frozenset(),
        "end_lost": frozenset(),
        "end_human": frozenset(),
        "end_complaint": frozenset(),
        "end_early": frozenset(),
        "goodbye": frozenset(),
    }
)
"""Sentences every pack has, and the values each may mention that only the moment knows."""

SITUATIONS = ("know_candidate", "callback_time", "recording_choice", "consent_choice", "talent_pool", "go_on", "bad_line", "hurry")
"""Questions outside the script."""

ANSWERED = (
    *(intent for intent in Intent if intent.startswith("ask_") and intent not in {Intent.ASK_REPEAT, Intent.ASK_SLOWER}),
    Intent.COMPLAIN,
    Intent.HESITATE,
)
"""Intents that answers/ must cover; `hesitate` holds the advantages, best first."""

TERMS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "overtime": frozenset({"none", "rare", "sometimes", "often"}),
        "performance_cycle": frozenset({"month", "quarter", "year"}),
        "degree": frozenset(Degree),
        "employment": frozenset(EmploymentStatus),
        "years_experience": frozenset({"none"}),
        "time_off": frozenset({"word"}),
    }
)
"""Codes that need a spoken word, by group."""

REQUIRED_QUESTIONS = ("expected_pay", "start_date")
"""Asked in every interview."""

SLOTS = frozenset(
    {
        "expected_pay",
        "start_date",
        "interview_time",
        "callback_time",
        "years_experience",
        "degree",
        "major",
        "certificate",
        "city",
        "last_role",
        "employer",
        "employment",
    }
)
"""Values that are stored when they are said."""
