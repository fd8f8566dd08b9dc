"""Answers to the candidate's questions, from the job's, the pay structure's and the company's facts alone."""

from __future__ import annotations

from dataclasses import dataclass

from agi_app.dialogue.conditions import View
from agi_app.dialogue.keywords import found
from agi_app.dialogue.pack.schema import Answers, Pack
from agi_app.dialogue.pack.template import Template
from agi_app.dialogue.understanding import Heard, Intent
from agi_app.dialogue.wording import Wording

NOTHING = Heard(())


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
        self._given: set[str] = set()
        """Keys of the answers given so far."""

    def is_doubt(self, intent: Intent) -> bool:
        """Whether asking this is recorded as a doubt."""
        return self._answers[intent].doubt

    def answer(self, intent: Intent, heard: Heard = NOTHING) -> Given:
        """Answer, in other words when it was answered before. A missing fact is never made up.

        Args:
            intent: what was asked.
            heard: the words of the question, which may ask for one detail.
        """
        rules = self._answers[intent]
        chosen = self._pick(rules, heard)
        if chosen is None:
            return self._unanswerable(rules)
        key, usable = chosen
        if key in self._given and (text := self._again(rules)):
            return Given(text, answered=True)
        self._given.add(key)
        return Given(self._wording.choose(key, usable), answered=True)

    def preview(self, intent: Intent) -> str | None:
        """What would be answered now to the plain question, None when the facts are missing."""
        chosen = self._pick(self._answers[intent], NOTHING)
        return self._wording.peek(*chosen) if chosen else None

    def _pick(self, rules: Answers, heard: Heard) -> tuple[str, list[Template]] | None:
        """The first answer that fits: its words were asked for, its condition holds, its facts are known."""
        for index, rule in enumerate(rules.answers):
            if rule.asked and found(heard, rule.asked) is None:
                continue
            if not self._view.holds(rule.when):
                continue
            usable = [sentence for sentence in rule.say if sentence.render(self._view.facts)]
            if usable:
                return f"{rules.intent}.{index}", usable
            if rule.asked:
                return None  # this very thing was asked, and it is not known
        return None

    def _unanswerable(self, rules: Answers) -> Given:
        key = f"{rules.intent}.missing"
        if key in self._given:
            return Given(self._wording.named("unanswerable_again"), answered=False)
        self._given.add(key)
        if rules.missing:
            return Given(self._wording.choose(key, rules.missing), answered=False)
        return Given(self._wording.named("unanswerable"), answered=False)

    def _again(self, rules: Answers) -> str | None:
        usable = [sentence for sentence in rules.again if sentence.render(self._view.facts)]
        return self._wording.choose(f"{rules.intent}.again", usable) if usable else None
