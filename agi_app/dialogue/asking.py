"""Moves between questions: ask the next, ask again in other words, confirm, give one up, finish."""

from __future__ import annotations

from collections import deque

from agi_app.dialogue.pack.inventory import REQUIRED_QUESTIONS
from agi_app.dialogue.pack.schema import Consent, Question
from agi_app.dialogue.pack.template import Template
from agi_app.dialogue.reply import PromptKind
from agi_app.dialogue.slots import SlotValue, spoken_value
from agi_app.dialogue.state import CONFIRMING, OpenQuestion, Stage
from agi_app.dialogue.turn import Turn
from agi_app.dialogue.understanding import Intent
from hr_sync.records import Disposition, Interest

YES = (Intent.AGREE, Intent.PROVIDE)
NODS = (*YES, Intent.BACKCHANNEL)
"""Yes, or as good as yes."""
_NEVER_ASSUMED = frozenset({"expected_pay"})
"""Not kept unless confirmed when it was not heard with certainty."""
_KINDS = {
    "greeting": PromptKind.GREETING,
    "consent": PromptKind.CONSENT,
    "pitch": PromptKind.PITCH,
    "closing": PromptKind.CLOSING,
}


def advance(turn: Turn) -> None:
    """Ask the next question of the plan that is not answered yet."""
    if turn.mood.hurried and _spare(turn):
        return
    plan = turn.state.plan
    while plan:
        question = plan.popleft()
        if question.fills is None or question.fills not in turn.state.slots:
            ask(turn, question)
            return
    finish(turn, "all questions asked")


def _spare(turn: Turn) -> bool:
    """Somebody is impatient: what matters most is asked first; soon we offer to stop or to call again. True when we offer it."""
    state = turn.state
    rank = {"consent": 0, "pitch": 0, "closing": 3}
    ordered = sorted(state.plan, key=lambda question: rank.get(question.id, 1 if question.fills in REQUIRED_QUESTIONS else 2))
    if ordered != list(state.plan):
        state.plan = deque(ordered)
        turn.decide("core questions first")
    more = any(question.id not in rank for question in state.plan)
    if not (turn.mood.weary and more and "pitch" in state.asked) or "hurry" in state.offered:
        return False
    state.offered.add("hurry")
    turn.decide("offer to stop or to call again")
    ask(turn, turn.desk.pack.situation("hurry"))
    return True


def ask(turn: Turn, question: Question, *, resume: OpenQuestion | None = None, kind: PromptKind | None = None) -> None:
    """Ask a question for the first time."""
    opened = open_question(turn, question, resume=resume, kind=kind)
    turn.reasons.append(f"ask {question.id}")
    if question.id in turn.state.script and question.id not in turn.state.asked:
        turn.state.asked.append(question.id)
        turn.learn("question", question.id, value=True)
    if isinstance(question, Consent):
        _announce(turn, question)
        return
    known = turn.desk.view.known(question.fills) if question.known == "confirm" else None
    if known is not None and question.fills:
        opened.stage, opened.pending = Stage.CONFIRM_KNOWN, known
        opened.kind = PromptKind.CONFIRMATION
        _say(turn, "confirm", question.confirm, value=spoken_value(question.fills, known, turn.now, turn.desk.pack.terms))
        return
    if question.lead:
        _say(turn, "lead", question.lead)
    brief = turn.mood.hurried and bool(question.short)
    if brief:
        turn.decide("short wording")
    _say(turn, "ask", question.short if brief else question.ask)


def open_question(
    turn: Turn, question: Question, *, resume: OpenQuestion | None = None, kind: PromptKind | None = None
) -> OpenQuestion:
    """Make a question the open one without asking it."""
    opened = OpenQuestion(
        question, kind or _KINDS.get(question.id, PromptKind.QUESTION), follow_ups=question.follow_ups, resume=resume
    )
    turn.state.current = opened
    return opened


def _announce(turn: Turn, consent: Consent) -> None:
    """Who is calling and that it is recorded, always heard whole; then whether now is a good time."""
    named = turn.state.identified
    notice = consent.notice if named else consent.notice_unnamed
    text = turn.desk.wording.choose("consent.notice" if named else "consent.notice_unnamed", notice)
    turn.say(PromptKind.CONSENT, consent.id, text, interruptible=False)
    _say(turn, "ask" if named else "ask_unnamed", consent.ask if named else consent.ask_unnamed)


def ask_name(turn: Turn) -> None:
    """Ask whether this is the candidate, without the notice that was heard before."""
    consent = turn.desk.interview.consent
    open_question(turn, consent)
    turn.reasons.append("ask for the name")
    _say(turn, "ask_unnamed", consent.ask_unnamed)


def ask_after_interruption(turn: Turn) -> None:
    """Come back to the open question after something else, briefly. After too many turns elsewhere it is dropped."""
    opened = turn.open
    opened.digressions += 1
    if opened.digressions > turn.desk.limits.digressions:
        if opened.question.id == "closing":
            turn.phrase("too_many", PromptKind.ANSWER)
        give_up(turn)
        return
    turn.reasons.append(f"back to {opened.question.id}")
    question = opened.question
    if opened.stage in CONFIRMING:
        confirm_again(turn)
    elif isinstance(question, Consent) and not turn.state.identified:
        _say(turn, "ask_unnamed", question.ask_unnamed)
    else:
        _say(turn, "short", question.short or question.again or question.ask)


def ask_again(turn: Turn, lead: str | None) -> None:
    """Ask in other words after a failed try, then more briefly or by keys; give up after the question's tries.

    Args:
        turn: the move.
        lead: name of the wording that says what went wrong: `not_heard` or `not_understood`; None says nothing of it.
    """
    opened = turn.open
    question = opened.question
    opened.tries += 1
    if opened.stage is Stage.HOLD:
        turn.end(Disposition.WRONG_PERSON, "end_wrong_person", "the candidate was not fetched")
        return
    if opened.tries >= question.tries:
        give_up(turn)
        return
    turn.reasons.append(f"{question.id} again, try {opened.tries + 1}")
    if lead and not turn.prompts:
        turn.phrase(lead, PromptKind.REPAIR)
    if opened.stage in CONFIRMING:
        confirm_again(turn, by_keys=opened.tries > 1)
    elif isinstance(question, Consent) and not turn.state.identified:
        _say(turn, "ask_unnamed", question.ask_unnamed)
    elif opened.tries == 1:
        _say(turn, "again", question.again or question.ask)
    elif question.with_keys:
        _say(turn, "with_keys", question.with_keys)
    else:
        _say(turn, "short", question.short or question.again or question.ask)


def unanswered(turn: Turn) -> None:
    """The question stays open: ask it briefly after something else, in other words when it was missed."""
    if turn.digressed:
        ask_after_interruption(turn)
    else:
        ask_again(turn, "not_understood")


def confirm(turn: Turn, value: SlotValue) -> None:
    """Say back a value that was not understood with certainty."""
    opened = turn.open
    opened.stage, opened.pending = Stage.CONFIRM_HEARD, value
    opened.confirmations += 1
    turn.reasons.append(f"confirm {opened.question.id}")
    turn.phrase("confirm", PromptKind.CONFIRMATION, value=_back(turn, value))


def confirm_again(turn: Turn, *, by_keys: bool = False) -> None:
    """Ask for the confirmation once more, briefly, or by keys."""
    turn.phrase("confirm_by_keys" if by_keys else "confirm_again", PromptKind.CONFIRMATION, value=_back(turn, turn.open.pending))


def _back(turn: Turn, value: SlotValue) -> str:
    return spoken_value(turn.open.question.fills or "", value, turn.now, turn.desk.pack.terms)


def store(turn: Turn, slot: str, value: SlotValue) -> None:
    """Keep a value and have it written at once; what was said later replaces what was said before."""
    turn.state.slots[slot] = value
    turn.filled.add(slot)
    turn.learn("slot", slot, value)


def go_back(turn: Turn) -> None:
    """Return to the question a detour left, or go on with the plan."""
    back = turn.open.resume
    if back is None:
        advance(turn)
        return
    turn.state.current = back
    turn.state.if_cut_off = None
    ask_after_interruption(turn)


def give_up(turn: Turn) -> None:
    """A question drew no answer: go on without it where that is possible, else end politely."""
    opened = turn.open
    turn.reasons.append(f"give up {opened.question.id}")
    if opened.stage is Stage.CONFIRM_HEARD and opened.question.fills and opened.question.fills not in _NEVER_ASSUMED:
        store(turn, opened.question.fills, opened.pending)  # said back twice and never denied
    match opened.question.id:
        case "greeting" | "consent":
            lost(turn)
        case "know_candidate":
            turn.end(Disposition.WRONG_PERSON, "end_wrong_person", "somebody else")
        case "callback_time" if opened.stage is Stage.CONFIRM_HEARD:
            turn.request("callback", opened.pending)
            turn.end(Disposition.CALLBACK, "callback_named", "call back", time=_back(turn, opened.pending))
        case "callback_time" | "consent_choice":
            turn.request("callback", turn.state.requests.get("callback", {}))
            turn.end(Disposition.CALLBACK, "callback_open", "call back, no time named")
        case "recording_choice":
            turn.end(Disposition.DECLINED_RECORDING, "end_declined_recording", "no answer after refusing the recording")
        case "talent_pool":
            turn.end(Disposition.COMPLETED, "closing_not_interested", "not interested")
        case "bad_line" | "hurry":
            go_back(turn)
        case "go_on":
            turn.end(Disposition.COMPLETED, "end_human", "wants a person")
        case "closing":
            finish(turn, "no further questions")
        case _:
            turn.acknowledge()
            advance(turn)


def lost(turn: Turn) -> None:
    """Nothing can be understood any more: end politely and ask for another attempt."""
    if not turn.state.heard_anything:
        turn.end(Disposition.SILENT, "end_silent", "nothing was ever heard")
        return
    turn.request("callback", turn.state.requests.get("callback", {}))
    turn.end(turn.state.if_cut_off or Disposition.PARTIAL, "end_lost", "nothing intelligible for too long")


def finish(turn: Turn, reason: str) -> None:
    """What happens next, by interest, and goodbye."""
    state = turn.state
    if state.interest is Interest.UNDETERMINED and {"expected_pay", "start_date"} <= state.slots.keys():
        turn.interest(Interest.INTERESTED)  # answered what only somebody interested answers
    turn.end(Disposition.COMPLETED, f"closing_{state.interest}", reason)


def _say(turn: Turn, field: str, sentences: tuple[Template, ...], **values: str) -> None:
    opened = turn.open
    turn.say(opened.kind, opened.question.id, turn.desk.wording.choose(f"{opened.question.id}.{field}", sentences, **values))
