"""Which texts will be needed: before the call, and while the candidate speaks, so that they can be synthesised in time."""

from __future__ import annotations

from collections.abc import Iterable

from agi_app.dialogue.pack.schema import Consent, Question
from agi_app.dialogue.slots import spoken_value
from agi_app.dialogue.state import OpenQuestion, Stage, State
from agi_app.dialogue.turn import Desk
from agi_app.dialogue.understanding import Intent

MOST = 8
"""Texts proposed with one reply."""
_ASKED_MOST = (Intent.ASK_PAY, Intent.ASK_OVERTIME, Intent.ASK_SOCIAL_INSURANCE, Intent.ASK_WORKING_HOURS, Intent.ASK_LOCATION)


def expected_prompts(desk: Desk, state: State) -> tuple[str, ...]:
    """Texts a call needs, in the order of need: the script, small words, ends, common answers."""
    interview = desk.interview
    texts: list[str] = [*_first(desk, interview.greeting), *_unnamed(desk, interview.consent)]
    for question in state.plan:
        texts += _first(desk, question)
    for name in ("acknowledge", "not_understood", "not_heard", "goodbye"):
        texts += desk.wording.variants(name)
    for question in (interview.greeting, *state.plan):
        texts += _later(desk, question)
    texts += _answers(desk, _ASKED_MOST)
    for name in (
        "closing_interested",
        "closing_hesitant",
        "closing_undetermined",
        "go_ahead",
        "take_time",
        "unanswerable",
        "repeat",
    ):
        texts += desk.wording.variants(name)
    for name in ("callback_time", "talent_pool"):
        texts += _first(desk, desk.pack.situation(name))
    return tuple(dict.fromkeys(texts))


def likely_next(desk: Desk, state: State) -> tuple[str, ...]:
    """Texts that may follow the candidate's next words, most likely first."""
    texts = [desk.wording.peek("acknowledge", desk.wording.sentences("acknowledge"))]
    if state.plan:
        following = next((question for question in state.plan if question.fills is None or question.fills not in state.slots), None)
        texts += _first(desk, following) if following else []
    if state.current is not None:
        texts += _again(desk, state.current)
        if state.current.question.id == "closing":
            texts += [desk.wording.peek(name, desk.wording.sentences(name)) for name in (f"closing_{state.interest}", "goodbye")]
    texts += _answers(desk, _ASKED_MOST)
    return tuple(dict.fromkeys(texts))[:MOST]


def _first(desk: Desk, question: Question) -> list[str]:
    """What is said when a question is asked for the first time."""
    wording = desk.wording
    if isinstance(question, Consent):
        return [wording.peek("consent.notice", question.notice), wording.peek("consent.ask", question.ask)]
    known = desk.view.known(question.fills) if question.known == "confirm" else None
    if known is not None and question.fills:
        value = spoken_value(question.fills, known, desk.now, desk.pack.terms)
        return [wording.peek(f"{question.id}.confirm", question.confirm, value=value)]
    lead = [wording.peek(f"{question.id}.lead", question.lead)] if question.lead else []
    return [*lead, wording.peek(f"{question.id}.ask", question.ask)]


def _unnamed(desk: Desk, consent: Consent) -> list[str]:
    """The consent as it is said to somebody who has not said who they are."""
    return [
        desk.wording.peek("consent.notice_unnamed", consent.notice_unnamed),
        desk.wording.peek("consent.ask_unnamed", consent.ask_unnamed),
    ]


def _later(desk: Desk, question: Question) -> list[str]:
    """What is said when a question is asked again."""
    fields = (("again", question.again), ("short", question.short), ("with_keys", question.with_keys))
    return [desk.wording.peek(f"{question.id}.{field}", sentences) for field, sentences in fields if sentences]


def _again(desk: Desk, opened: OpenQuestion) -> list[str]:
    return _later(desk, opened.question)[:2] if opened.stage is Stage.ANSWER else []


def _answers(desk: Desk, intents: Iterable[Intent]) -> list[str]:
    return [text for intent in intents if (text := desk.answerer.preview(intent))]
