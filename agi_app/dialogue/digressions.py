"""What the candidate wants besides answering: information, a person, material, patience, the same again."""

from __future__ import annotations

from agi_app.dialogue.asking import ask
from agi_app.dialogue.exits import SURE
from agi_app.dialogue.reply import PromptKind
from agi_app.dialogue.turn import Turn
from agi_app.dialogue.understanding import Intent
from hr_sync.records import Disposition, Interest

ANSWERS_A_TURN = 2
"""More answers at once do not stay in the ear."""
SLOW_RATE = 0.85
MOST_REPEATS = 6
"""In one call."""
BAD_LINE_AFTER = 2
"""So often the candidate says that the line is bad until we offer another call."""
MANY_REPEATS = 4
"""The same, when they only ask us to say it again."""
_PROCEDURAL = {Intent.ASK_REPEAT, Intent.ASK_SLOWER, Intent.ASK_HUMAN, Intent.ASK_MATERIAL}


def attend(turn: Turn) -> bool:
    """Deal with everything that was wanted. True when the turn is taken, so that the open question is not looked at."""
    _complaint(turn)
    if turn.state.disposition is not None:
        return True
    if _human(turn):
        return True
    _material(turn)
    _questions(turn)
    _hesitation(turn)
    return _repetition(turn)


def _complaint(turn: Turn) -> None:
    if not turn.means(Intent.COMPLAIN):
        return
    turn.state.complaints += 1
    _doubt(turn, Intent.COMPLAIN, answered=True)
    if turn.state.complaints > 1:
        turn.end(Disposition.COMPLETED, "end_complaint", "complained twice")
        return
    turn.say(PromptKind.ANSWER, str(Intent.COMPLAIN), turn.desk.answerer.answer(Intent.COMPLAIN).text)
    turn.digressed = True


def _human(turn: Turn) -> bool:
    if not turn.means(Intent.ASK_HUMAN):
        return False
    turn.state.wants_human += 1
    turn.request("human", {"recruiter": turn.desk.view.brief.job.recruiter.email})
    if turn.state.wants_human > 1 or turn.open.question.id == "go_on":
        turn.end(Disposition.COMPLETED, "end_human", "wants a person")
        return True
    turn.say(PromptKind.ANSWER, str(Intent.ASK_HUMAN), turn.desk.answerer.answer(Intent.ASK_HUMAN).text)
    if not turn.state.identified or turn.open.question.id not in turn.state.script or turn.open.question.id == "closing":
        turn.digressed = True
        return False
    turn.state.if_cut_off = Disposition.COMPLETED
    ask(turn, turn.desk.pack.situation("go_on"), resume=turn.open)
    return True


def _material(turn: Turn) -> None:
    if not turn.means(Intent.ASK_MATERIAL) or not turn.state.identified:
        return
    turn.request("material", {"job": turn.desk.view.brief.job.id})
    turn.say(PromptKind.ANSWER, str(Intent.ASK_MATERIAL), turn.desk.answerer.answer(Intent.ASK_MATERIAL).text)
    turn.digressed = True


def _questions(turn: Turn) -> None:
    wanted = [intent for intent in turn.intents if intent.startswith("ask_") and intent not in _PROCEDURAL]
    if turn.open.question.answer == "open" and not turn.asking and (turn.story or not turn.sure(SURE)):
        return  # a story holds the words of many questions
    if turn.state.if_cut_off is Disposition.WRONG_PERSON or not turn.state.identified:
        _to_a_stranger(turn, wanted)
        return
    for index, intent in enumerate(wanted):
        turn.digressed = True
        if index >= ANSWERS_A_TURN:
            _doubt(turn, intent, answered=False)
            continue
        given = turn.desk.answerer.answer(intent, turn.heard)
        turn.say(PromptKind.ANSWER, str(intent), given.text)
        _doubt(turn, intent, answered=given.answered)
    if len(wanted) > ANSWERS_A_TURN:
        turn.phrase("too_many", PromptKind.ANSWER)


def _to_a_stranger(turn: Turn, wanted: list[Intent]) -> None:
    """As long as it is not certain who is listening, only who we are is told."""
    if Intent.ASK_WHO in wanted:
        turn.say(PromptKind.ANSWER, str(Intent.ASK_WHO), turn.desk.answerer.answer(Intent.ASK_WHO).text)
        turn.digressed = True
    elif wanted or turn.means(Intent.ASK_MATERIAL):
        turn.phrase("candidate_only", PromptKind.ANSWER)
        turn.digressed = True


def _doubt(turn: Turn, intent: Intent, *, answered: bool) -> None:
    if turn.desk.answerer.is_doubt(intent) and turn.state.note_doubt(intent, turn.text, answered=answered):
        turn.learn("doubt", str(intent), answered)


def _hesitation(turn: Turn) -> None:
    """One advantage that fits, once."""
    says_so = turn.means(Intent.HESITATE)
    question = turn.open.question
    if not (says_so or turn.mood.hesitant) or question.answer == "open" or question.id not in turn.state.script:
        return
    if "pitch" not in turn.state.asked:
        return
    if says_so:
        turn.interest(Interest.HESITANT)
    if turn.state.advised or (says_so and turn.filled) or turn.digressed:
        return
    turn.state.advised = True
    given = turn.desk.answerer.answer(Intent.HESITATE)
    if given.answered:
        turn.say(PromptKind.ANSWER, str(Intent.HESITATE), given.text)
        turn.decide("an advantage that fits")
    turn.digressed = says_so


def _repetition(turn: Turn) -> bool:
    slower, again = turn.means(Intent.ASK_SLOWER), turn.means(Intent.ASK_REPEAT)
    if slower:
        turn.state.rate = SLOW_RATE
    if not (slower or again) or turn.digressed or turn.filled:
        return False
    turn.state.repeats += 1
    if turn.state.repeats > MOST_REPEATS or not turn.state.content:
        return False
    if _bad_line(turn):
        return True
    turn.phrase("slower" if slower else "repeat", PromptKind.REPAIR)
    for prompt in turn.state.content:
        turn.say(prompt.kind, prompt.id, prompt.text, interruptible=prompt.interruptible)
    turn.reasons.append("say it again")
    return True


def _bad_line(turn: Turn) -> bool:
    """The candidate cannot hear us again and again: offer, once, to call at another time. True when the turn is taken."""
    state = turn.state
    if not turn.means(Intent.ASK_REPEAT):
        return False
    state.line_troubles += turn.mentions(turn.desk.pack.situations.words.bad_line)
    often = state.line_troubles >= BAD_LINE_AFTER or state.repeats >= MANY_REPEATS
    if not often or "bad_line" in state.offered or turn.open.question.id not in state.script:
        return False
    state.offered.add("bad_line")
    ask(turn, turn.desk.pack.situation("bad_line"), resume=turn.open)
    return True
