"""What an utterance means for the question that is open, one function a kind of question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from agi_app.dialogue import detours
from agi_app.dialogue.asking import (
    NODS,
    YES,
    advance,
    ask,
    ask_after_interruption,
    ask_again,
    confirm,
    finish,
    give_up,
    store,
    unanswered,
)
from agi_app.dialogue.exits import LIKELY, SURE, end_with_callback, take_callback_time
from agi_app.dialogue.keywords import found
from agi_app.dialogue.pack.schema import FollowUp, Question
from agi_app.dialogue.pack.template import Sentences, parse_template
from agi_app.dialogue.reply import PromptKind
from agi_app.dialogue.state import Stage
from agi_app.dialogue.suggestion import SuggestionRequest
from agi_app.dialogue.turn import Turn
from agi_app.dialogue.understanding import Intent
from hr_sync.records import Interest

A_THOUGHT = 10
"""Fewer characters than this do not tell of an experience and ask for time."""
A_REMARK = 8
"""Characters of somebody who goes on with what was said before."""
A_QUESTION = 4
"""Characters that make a question of somebody who said there was one."""
HEARD_AGAIN = 0.7
"""The recogniser's confidence from which a value that was said back and is repeated is believed."""
MOST_CONFIRMATIONS = 3
"""Values of one question that are said back."""
_EMPTY = {Intent.AGREE, Intent.BACKCHANNEL, Intent.GREET, Intent.THANK, Intent.OTHER}
"""Say nothing by themselves."""


def respond(turn: Turn) -> None:
    """Take the utterance as an answer to the open question, and decide how to go on."""
    opened = turn.open
    if not turn.state.question_heard and opened.question.id != "greeting" and set(turn.intents) <= _EMPTY:
        turn.digressed = True
        ask_after_interruption(turn)  # a word said over us answers nothing that was not asked yet
        return
    if opened.stage is Stage.HOLD:
        ask(turn, turn.desk.interview.greeting)
        return
    if opened.stage is not Stage.ANSWER:
        _confirmation(turn)
        return
    handler = _HANDLERS.get(opened.question.id)
    if handler is not None:
        handler(turn)
    elif opened.question.answer == "open":
        _story(turn)
    else:
        _value(turn)


def _greeting(turn: Turn) -> None:
    if turn.means(*NODS):
        turn.state.identified = True
        advance(turn)
    elif not turn.digressed and (turn.means(Intent.GREET, Intent.THANK) or turn.open.tries):
        advance(turn)  # the consent asks for the person once more
    else:
        unanswered(turn)


def _consent(turn: Turn) -> None:
    if turn.state.unheard:
        turn.digressed = True  # nobody agrees to a notice that was cut off
        unanswered(turn)
    elif turn.means(*NODS, Intent.GREET):
        turn.state.identified = True
        if turn.state.consent is None:
            turn.consent(recording=True)
        advance(turn)
    elif turn.means(Intent.DENY):
        ask(turn, turn.desk.pack.situation("consent_choice"))
    else:
        unanswered(turn)


def _consent_choice(turn: Turn) -> None:
    if turn.means(Intent.DENY):
        give_up(turn)
    elif turn.means(*YES):
        _consent(turn)
    else:
        unanswered(turn)


def _pitch(turn: Turn) -> None:
    willing = turn.means(Intent.AGREE) or (turn.means(Intent.PROVIDE) and turn.filled)
    if willing and turn.sure(LIKELY) and not turn.means(Intent.HESITATE):
        turn.interest(Interest.INTERESTED)
        turn.acknowledge()
        advance(turn)
    elif turn.means(Intent.BACKCHANNEL) and not turn.digressed:
        turn.acknowledge()
        advance(turn)
    elif turn.means(Intent.HESITATE) and not turn.digressed:
        turn.state.plan = type(turn.state.plan)(question for question in turn.state.plan if question.id == "closing")
        turn.acknowledge()
        advance(turn)  # nobody is questioned who still hesitates after the advantage
    else:
        unanswered(turn)


def _value(turn: Turn) -> None:
    opened = turn.open
    fills = opened.question.fills
    slots = turn.understanding.slots if turn.understanding else {}
    if fills in turn.filled:
        turn.acknowledge()
        advance(turn)
    elif fills and fills in slots and slots[fills] in opened.denied:
        ask_again(turn, "not_understood")  # the same was misheard once more
    elif fills and fills in slots and opened.confirmations >= MOST_CONFIRMATIONS:
        give_up(turn)
    elif fills and fills in slots:
        confirm(turn, slots[fills])  # kept back because it was not certain
    elif turn.means(Intent.DENY) or (turn.means(Intent.HESITATE) and not turn.digressed) or _left_open_twice(turn):
        turn.acknowledge()
        advance(turn)  # nobody has to answer
    elif turn.digressed:
        ask_after_interruption(turn)
    else:
        ask_again(turn, None if turn.heard.text else "not_understood")  # it was heard, but holds no answer


def _left_open_twice(turn: Turn) -> bool:
    return turn.open.tries > 0 and turn.mentions(turn.desk.pack.situations.words.leaves_it_open)


def _confirmation(turn: Turn) -> None:
    opened = turn.open
    fills = opened.question.fills
    value = turn.understanding.slots.get(fills) if turn.understanding and fills else None
    if fills and fills in turn.filled:
        _confirmed(turn)
    elif value is not None and value != opened.pending and value not in opened.denied and opened.confirmations < MOST_CONFIRMATIONS:
        if opened.question.id == "callback_time":
            if not take_callback_time(turn):
                ask_again(turn, "not_understood")
        else:
            _deny_pending(turn)
            confirm(turn, value)
    elif turn.means(Intent.DENY) or (value is not None and value != opened.pending):
        _deny_pending(turn)
        opened.stage = Stage.ANSWER
        opened.tries = max(0, len(opened.denied) - 1)  # to be misheard is no failed try; misheard twice, we offer keys
        ask_again(turn, "not_understood")
    elif turn.means(Intent.AGREE, Intent.BACKCHANNEL) or (value is not None and _heard_well_enough(turn)):
        if fills:
            store(turn, fills, opened.pending)
        _confirmed(turn)
    elif value is not None:
        ask_again(turn, None)  # heard the same once more and as badly: that confirms nothing
    else:
        unanswered(turn)


def _heard_well_enough(turn: Turn) -> bool:
    """Said once more after it was said back, and heard the same: it takes less to believe it than it took the first time."""
    return not turn.unsure or turn.heard.confidence >= HEARD_AGAIN


def _deny_pending(turn: Turn) -> None:
    """What was said back was wrong, and is not said back again."""
    if turn.open.stage is Stage.CONFIRM_HEARD:
        turn.open.denied.append(turn.open.pending)


def _confirmed(turn: Turn) -> None:
    if turn.open.question.id == "callback_time":
        end_with_callback(turn, turn.state.slots["callback_time"])
        return
    turn.acknowledge()
    advance(turn)


def _story(turn: Turn) -> None:
    """Any words are an answer to an open question, unless they only ask for something."""
    opened = turn.open
    if turn.digressed and not turn.story:
        ask_after_interruption(turn)
    elif _wants_to_think(turn) and opened.digressions == 0:
        opened.digressions += 1
        turn.phrase("take_time", PromptKind.ACKNOWLEDGEMENT)
        turn.reasons.append("time to think")
    elif (
        turn.means(Intent.GREET, Intent.BACKCHANNEL, Intent.THANK, Intent.AGREE) and len(turn.heard.text) <= 4 and not opened.tries
    ):
        ask_again(turn, "go_ahead")
    elif turn.desk.suggestions and turn.desk.view.personalise and turn.story and _may_follow_up(turn):
        turn.acknowledge()
        turn.state.answer = turn.heard
        question = turn.state.content[-1].text  # as it was asked
        job = turn.desk.view.brief.job.title
        turn.suggestion = SuggestionRequest(question, turn.text, job, turn.desk.pack)
        turn.reasons.append("a follow-up question is asked for")
    else:
        turn.acknowledge()
        after_story(turn)


def after_story(turn: Turn, suggestion: str | None = None) -> None:
    """Follow up on a story, as proposed or by the pack's rules, or go on."""
    opened = turn.open
    left = opened.follow_ups - 1
    if suggestion is not None:
        parent = opened.question
        name = f"{parent.id}_more"
        turn.state.script.add(name)
        turn.state.followed_up.add(name)
        turn.reasons.append("a follow-up question that was proposed")
        sentences = (parse_template(suggestion),)
        ask(turn, _follow_up_question(name, parent, sentences, sentences), kind=PromptKind.FOLLOW_UP)
    elif (rule := _follow_up(turn)) is not None:
        turn.state.followed_up.add(rule.id)
        ask(turn, _follow_up_question(rule.id, opened.question, rule.ask, rule.again), kind=PromptKind.FOLLOW_UP)
    else:
        advance(turn)
        return
    turn.open.follow_ups = left


def _wants_to_think(turn: Turn) -> bool:
    short = len(turn.heard.text) < A_THOUGHT
    return short and (turn.means(Intent.HESITATE) or turn.mentions(turn.desk.pack.situations.words.thinking))


def _may_follow_up(turn: Turn) -> bool:
    many = len(turn.state.followed_up) >= turn.desk.limits.follow_ups
    return turn.open.follow_ups > 0 and not many and not turn.means(Intent.DENY)


def _follow_up(turn: Turn) -> FollowUp | None:
    """The first rule that fits what was said."""
    opened = turn.open
    if not _may_follow_up(turn):
        return None
    for rule in turn.desk.pack.follow_ups:
        fits = (rule.said and found(turn.heard, rule.said)) or (rule.shorter_than and len(turn.heard.text) < rule.shorter_than)
        after = not rule.after or opened.question.id in rule.after
        if fits and after and rule.id not in turn.state.followed_up and turn.desk.view.holds(rule.when, turn.state.interest):
            return rule
    return None


def _follow_up_question(name: str, parent: Question, wording: Sentences, again: Sentences) -> Question:
    return Question(
        id=name,
        answer="open",
        ask=wording,
        again=again,
        tries=2,
        patience_ms=None,  # it asks for one thing more, not for a story
        silence_ms=parent.silence_ms,
    )


def _closing(turn: Turn) -> None:
    opened = turn.open
    if turn.means(Intent.NOT_INTERESTED, Intent.ALREADY_EMPLOYED) and turn.sure(SURE) and not turn.means(Intent.DENY):
        turn.interest(Interest.NOT_INTERESTED)
        turn.request("talent_pool", {"agreed": None})
        finish(turn, "no longer interested")
    elif turn.digressed or turn.filled:
        turn.acknowledge()
        ask_after_interruption(turn)
    elif turn.means(Intent.DENY, Intent.THANK, Intent.BACKCHANNEL, Intent.NOT_INTERESTED, Intent.HESITATE):
        finish(turn, "no further questions")
    elif turn.means(Intent.AGREE) and not opened.tries:
        opened.tries += 1
        turn.phrase("go_ahead", PromptKind.ACKNOWLEDGEMENT)
        turn.reasons.append("has a question")
    elif turn.asking or (opened.tries and len(turn.heard.text) >= A_QUESTION):
        turn.phrase("unanswerable", PromptKind.ANSWER)
        if turn.state.note_doubt(Intent.OTHER, turn.text, answered=False):
            turn.learn("doubt", str(Intent.OTHER), value=False)
        ask_after_interruption(turn)
    elif len(turn.heard.text) >= A_REMARK:
        turn.acknowledge()
        ask_after_interruption(turn)
    else:
        unanswered(turn)


_HANDLERS: Mapping[str, Callable[[Turn], None]] = MappingProxyType(
    {
        "greeting": _greeting,
        "consent": _consent,
        "pitch": _pitch,
        "closing": _closing,
        "know_candidate": detours.know_candidate,
        "callback_time": detours.callback_time,
        "consent_choice": _consent_choice,
        "recording_choice": detours.recording_choice,
        "talent_pool": detours.talent_pool,
        "go_on": detours.go_on,
        "bad_line": detours.bad_line,
        "hurry": detours.hurry,
    }
)
