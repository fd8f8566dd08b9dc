"""A follow-up question that something outside proposes: what it is told, and what it must not say. Who asks it is the interview."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agi_app.dialogue.grammar.numerals import spell_numbers
from agi_app.dialogue.pack.schema import Pack

_HANZI = re.compile(r"[\u4e00-\u9fff]")
_WORD = re.compile(r"[A-Za-z][A-Za-z+#.]*")
_NUMBER = re.compile(r"[零〇一二两三四五六七八九十百千万亿]+|百分之")
_ALLOWED = re.compile(r"[\u4e00-\u9fffA-Za-z0-9+#.，、。？?《》“”：—-]+")
_EDGES = " \t\r\n\"'“”‘’「」`*"
_INNOCENT = ("十分", "万一", "千万", "百般", "一般", "三方", "二次")
"""Words that hold a numeral and name no number."""


@dataclass(frozen=True, slots=True)
class SuggestionRequest:
    """What may be told to whoever proposes the question; protected matters are left out of it already."""

    question: str
    """As it was asked."""
    answer: str
    job: str
    pack: Pack

    @property
    def instruction(self) -> str:
        """What is wanted."""
        return self.pack.suggestions.instruction

    @property
    def material(self) -> str:
        """All that may be drawn on."""
        words = self.pack.suggestions
        return f"{words.job}：{self.job}\n{words.question}：{self.question}\n{words.answer}：{self.answer}"


def tidied(text: str) -> str:
    """A proposal without quotes around it, with a full-width question mark at its end."""
    tidy = text.strip(_EDGES).replace("?", "？").replace(",", "，")
    return tidy if tidy.endswith(("？", "。", "！")) else f"{tidy}？"


def refusal(text: str, request: SuggestionRequest) -> str | None:
    """Why a tidied proposal is not asked, None when it may be.

    Returns:
        `empty`, `length`, `characters`, `not_one_question`, `not_chinese`, `forbidden`, `invented_number`, `invented_word` or
        `repeats`.
    """
    rules, known = request.pack.suggestions, request.material
    if not text.strip("？"):
        return "empty"
    if not rules.shortest <= len(text) <= rules.longest:
        return "length"
    if _ALLOWED.fullmatch(text) is None:
        return "characters"
    if text.count("？") != 1 or not text.endswith("？"):
        return "not_one_question"
    if len(_HANZI.findall(text)) < 0.7 * len(text):
        return "not_chinese"
    protected = (word for group in request.pack.protected.words.values() for word in group)
    if any(word in text for word in (*rules.never, *protected)):
        return "forbidden"
    if _numbers(text) - _numbers(known):
        return "invented_number"
    if any(word.lower() not in known.lower() for word in _WORD.findall(text)):
        return "invented_word"
    if _plain(text) in {_plain(request.question), _plain(request.answer)}:
        return "repeats"
    return None


def _numbers(text: str) -> set[str]:
    spelled = spell_numbers(text)
    for word in _INNOCENT:
        spelled = spelled.replace(word, " ")
    return set(_NUMBER.findall(spelled)) - {"一"}


def _plain(text: str) -> str:
    return "".join(_HANZI.findall(text))
