"""What kind of answer an open question awaits; all the understanding needs to know of a question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SLOTS = (
    "expected_pay", "start_date", "interview_time", "callback_time", "years_experience", "degree", "major", "certificate", "city",
    "last_role", "employer", "employment", "yes_no",
)  # fmt: skip
"""The slots of the public contract."""

FREE_TEXT = ("employer", "last_role", "major")
"""Slots whose values no list can hold."""
YES_NO = "yes_no"
OPEN = "open"
CLOSING = "closing"
"""The question every script ends with: is there anything else you would like to know?"""
_ALWAYS_YES_NO = ("greeting", "consent", "pitch", "closing", "confirmation")


@dataclass(frozen=True)
class QuestionKinds:
    """Kinds by question id.

    Args:
        kinds: `yes_no`, `open`, or the slot the question fills, by question id. What is not named is a slot's question when it
            has the slot's name, a yes-no question when every script has it (greeting, consent, pitch, closing), else open.
    """

    kinds: Mapping[str, str] = field(default_factory=dict)

    def kind(self, question: str | None) -> str | None:
        """`yes_no`, `open` or a slot's name; None without a question."""
        if question is None:
            return None
        if question in self.kinds:
            return self.kinds[question]
        if question in SLOTS:
            return question
        return YES_NO if question in _ALWAYS_YES_NO else OPEN
