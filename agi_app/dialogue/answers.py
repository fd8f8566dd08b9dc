"""Answers to the candidate's questions, from the job's, the pay structure's and the company's facts alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from agi_app.dialogue.conditions import View
from agi_app.dialogue.pack.schema import Answers, Pack
from agi_app.dialogue.understanding import Intent
from agi_app.dialogue.wording import Wording


@dataclass(frozen=True, slots=True)
class Given:
    """What is said to a question, and whether it answers it."""

    text: str
    answered: bool


class Answerer:
    """Answers the questions of one call."""

    def __init__(self, pack: Pack, view: View, wording: Wording) -> None:
        self._answers = pack.answers
        self._view = view
        self._wording = wording
        self._asked: Counter[Intent] = Counter()

    def covers(self, intent: Intent) -> bool:
        """Whether the pack has answers for an intent at all."""
        return intent in self._answers

    def is_doubt(self, intent: Intent) -> bool:
        """Whether asking this is recorded as a doubt."""
        return self._answers[intent].doubt

    def answer(self, intent: Intent) -> Given:
        """Answer, in other words when it was asked before. A missing fact is never made up."""
        rules = self._answers[intent]
        before = self._asked[intent]
        self._asked[intent] += 1
        if before and (text := self._again(rules)):
            return Given(text, answered=True)
        text = self.preview(intent)
        if text is not None:
            return Given(self._choose(rules) or text, answered=True)
        if before:
            return Given(self._wording.named("unanswerable_again"), answered=False)
        if rules.missing:
            return Given(self._wording.choose(f"{intent}.missing", rules.missing), answered=False)
        return Given(self._wording.named("unanswerable"), answered=False)

    def preview(self, intent: Intent) -> str | None:
        """What would be answered now, None when the facts are missing."""
        for index, rule in enumerate(self._answers[intent].answers):
            usable = [sentence for sentence in rule.say if sentence.render(self._view.facts)]
            if usable and self._view.holds(rule.when):
                return self._wording.peek(f"{intent}.{index}", usable)
        return None

    def _choose(self, rules: Answers) -> str | None:
        for index, rule in enumerate(rules.answers):
            usable = [sentence for sentence in rule.say if sentence.render(self._view.facts)]
            if usable and self._view.holds(rule.when):
                return self._wording.choose(f"{rules.intent}.{index}", usable)
        return None

    def _again(self, rules: Answers) -> str | None:
        usable = [sentence for sentence in rules.again if sentence.render(self._view.facts)]
        return self._wording.choose(f"{rules.intent}.again", usable) if usable else None
