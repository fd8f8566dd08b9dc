"""The simulated candidate in virtual time: half a minute of talk in milliseconds."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from agi_app.simulate.brain import GOODBYE_QUIET_MS, MANNERS, Action, Brain, End, Press, Say
from agi_app.simulate.persona import Persona
from agi_app.simulate.plan import Cue, PromptEndedCue, PromptStartedCue, TurnGivenCue

FRAME = 20
LINE_MS = 1000


class Stage:
    """Plays our side of a call: prompts with sound and cues, on a clock of frames."""

    def __init__(self, *, answered: bool = True, line_ms: int = LINE_MS, **persona: Any) -> None:
        self.persona = Persona.model_validate({"id": "p", "candidate_id": "c", "job": "j", **persona})
        keys = (
            [f"turn.{n}" for n in range(9)]
            + ["interrupt.0", "interrupt.1", "backchannel.0"]
            + [f"manners.{name}" for name in MANNERS]
        )
        self.brain = Brain(self.persona, dict.fromkeys(keys, line_ms))
        self.now = 0
        self.actions: list[tuple[int, Action]] = []
        if answered:
            self.brain.answered(0)

    def run(self, ms: int, *, sound: bool = False) -> None:
        for _ in range(ms // FRAME):
            self.now += FRAME
            action = self.brain.step(self.now, sound)
            if action is not None:
                self.actions.append((self.now, action))

    def cue(self, cue: Cue) -> None:
        self.brain.cue(self.now, cue)

    def prompt(
        self, kind: str, question: str | None, ms: int, *, name: str = "p", delay: int = 40, interrupted: bool = False
    ) -> None:
        """The cue comes when the audio leaves us, the sound a little later."""
        self.cue(PromptStartedCue(prompt_id=name, kind=kind, question=question))
        self.run(delay)
        self.run(ms, sound=True)
        self.cue(PromptEndedCue(prompt_id=name, kind=kind))

    def ask(self, question: str, ms: int = 2000, *, kind: str = "question", then: int = 3000) -> int:
        """Ask, give the turn, wait; returns when the prompt's sound ended."""
        self.prompt(kind, question, ms)
        ended = self.now
        self.cue(TurnGivenCue(question=question, after=kind))
        self.run(then)
        return ended

    @property
    def said(self) -> list[tuple[int, str]]:
        return [(at, action.key) for at, action in self.actions if isinstance(action, Say)]

    @property
    def keys(self) -> list[str]:
        return [key for _, key in self.said]


def turn(when: str, say: str = "好", after_ms: int = 500, **more: Any) -> dict[str, Any]:
    return {"when": when, "say": say, "after_ms": after_ms, **more}


def test_greets_after_picking_up_and_answers_after_our_sound_ends() -> None:
    stage = Stage(turns=[turn("greeting", after_ms=300), turn("expected_pay", after_ms=600)])
    stage.cue(TurnGivenCue(question="pick_up", after="greeting"))
    stage.run(2000)
    assert stage.said == [(300, "turn.0")]
    ended = stage.ask("expected_pay")
    assert stage.said[1] == (ended + 600, "turn.1")


def test_does_not_greet_twice_when_we_speak_first() -> None:
    stage = Stage(turns=[turn("greeting", after_ms=1500), turn("consent")])
    stage.prompt("greeting", "greeting", 2000)
    ended = stage.now
    stage.cue(TurnGivenCue(question="greeting", after="greeting"))
    stage.run(4000)
    assert stage.said == [(ended + 1500, "turn.0")]


def test_the_delay_counts_from_the_last_sound_not_from_the_cue() -> None:
    stage = Stage(turns=[turn("greeting", after_ms=0), turn("pitch", after_ms=400)])
    stage.run(1200)
    stage.cue(PromptStartedCue(prompt_id="p", kind="pitch", question="pitch"))
    stage.run(1000, sound=True)
    stage.cue(TurnGivenCue(question="pitch", after="pitch"))  # the sound lasts 300 ms longer than we know
    stage.run(300, sound=True)
    ended = stage.now
    stage.run(2000)
    assert stage.said[1] == (ended + 400, "turn.1")


def test_a_short_gap_in_our_speech_is_not_the_end_of_it() -> None:
    stage = Stage(turns=[turn("greeting", after_ms=0), turn("pitch", after_ms=0)])
    stage.run(1200)
    stage.cue(PromptStartedCue(prompt_id="p", kind="pitch", question="pitch"))
    stage.cue(TurnGivenCue(question="pitch", after="pitch"))
    stage.run(500, sound=True)
    stage.run(60)
    stage.run(500, sound=True)
    assert stage.keys == ["turn.0"]
    stage.run(1000)
    assert stage.keys == ["turn.0", "turn.1"]


def test_each_turn_is_used_once_in_order() -> None:
    stage = Stage(otherwise="silent", turns=[turn("expected_pay"), turn("any"), turn("expected_pay")])
    for _ in range(4):
        stage.ask("expected_pay")
    assert stage.keys == ["turn.0", "turn.1", "turn.2"]


def test_any_fits_whatever_is_asked_only_where_it_stands() -> None:
    stage = Stage(turns=[turn("start_date"), turn("any")])
    stage.ask("expected_pay")
    stage.ask("start_date")
    assert stage.keys == ["turn.1", "turn.0"]


def test_answer_fits_after_our_answer_and_not_before() -> None:
    stage = Stage(turns=[turn("closing"), turn("answer", "社保呢"), turn("answer", "没有了")])
    stage.ask("closing", kind="closing")
    assert stage.keys == ["turn.0"]
    for expected in ("turn.1", "turn.2"):
        stage.prompt("answer", "closing", 2000, name="ask_overtime")
        stage.ask("closing", kind="closing")
        assert stage.keys[-1] == expected


def test_interrupts_so_long_after_the_prompt_is_heard() -> None:
    stage = Stage(interrupts=[{"during": "pitch", "at_ms": 900, "say": "等一下"}], turns=[turn("greeting", after_ms=0)])
    stage.run(2000)
    stage.cue(PromptStartedCue(prompt_id="p", kind="pitch", question="pitch"))
    stage.run(260)
    heard = stage.now
    stage.run(3000, sound=True)
    at, key = stage.said[1]
    assert key == "interrupt.0"
    assert at == heard + FRAME + 900


def test_an_interrupt_waits_for_a_prompt_that_lasts_long_enough() -> None:
    stage = Stage(otherwise="silent", interrupts=[{"during": "any", "at_ms": 900, "say": "等一下"}])
    stage.prompt("acknowledgement", "pitch", 500)
    stage.run(2000)
    assert stage.keys == []
    stage.prompt("pitch", "pitch", 2000, name="q")
    assert stage.keys == ["interrupt.0"]


def test_an_interrupt_is_aimed_at_its_own_prompt_when_two_follow_without_a_gap() -> None:
    stage = Stage(otherwise="silent", interrupts=[{"during": "pitch", "at_ms": 400, "say": "等一下"}])
    stage.prompt("acknowledgement", "pitch", 1000, delay=0)
    second = stage.now
    stage.prompt("pitch", "pitch", 2000, name="q", delay=0)
    assert stage.said == [(second + 400, "interrupt.0")]


def test_a_backchannel_does_not_take_the_turn() -> None:
    stage = Stage(
        line_ms=300,
        turns=[turn("greeting", after_ms=0), turn("pitch", after_ms=500)],
        backchannels=[{"during": "pitch", "at_ms": 800, "say": "嗯"}],
    )
    stage.run(1000)
    ended = stage.ask("pitch", kind="pitch")
    assert stage.keys == ["turn.0", "backchannel.0", "turn.1"]
    assert stage.said[2] == (ended + 500, "turn.1")


def test_presses_keys() -> None:
    stage = Stage(turns=[{"when": "consent", "press": "1", "after_ms": 200}])
    ended = stage.ask("consent", kind="consent")
    assert stage.actions == [(ended + 200, Press("1", "consent"))]


def test_is_polite_where_no_turn_fits_and_repeats_what_is_asked_again() -> None:
    stage = Stage(turns=[turn("expected_pay")])
    stage.ask("consent", kind="consent")
    stage.ask("expected_pay")
    for _ in range(4):
        stage.ask("expected_pay", kind="repair")
    stage.ask("hobbies")
    assert stage.keys == ["manners.consent", "turn.0", "turn.0", "turn.0", "manners.other"]


def test_a_silent_persona_says_nothing() -> None:
    stage = Stage(turns=[])
    stage.ask("greeting", kind="greeting")
    stage.ask("consent", kind="consent")
    assert stage.actions == []


def test_hangs_up_at_a_time() -> None:
    stage = Stage(hang_up={"at_s": 12})
    stage.run(20_000)
    assert stage.actions == [(12_000, End())]


def test_hangs_up_in_the_middle_of_an_answer() -> None:
    stage = Stage(turns=[turn("expected_pay", after_ms=500)], hang_up={"answering": "expected_pay", "at_ms": 400})
    ended = stage.ask("expected_pay")
    assert stage.actions == [(ended + 500, Say("turn.0", "turn", "expected_pay")), (ended + 900, End())]


def test_hangs_up_while_we_speak() -> None:
    stage = Stage(hang_up={"during": "pitch", "at_ms": 700})
    stage.prompt("greeting", "greeting", 2000)
    assert stage.actions == []
    stage.run(500)
    started = stage.now + 40
    stage.prompt("pitch", "pitch", 2000, name="q")
    assert [action for _, action in stage.actions] == [End()]
    assert abs(stage.actions[0][0] - started - 700) <= FRAME


def test_waits_for_our_goodbye_before_hanging_up_after_closing() -> None:
    stage = Stage(turns=[turn("closing"), turn("answer", "没有了")], hang_up={"after": "closing"})
    stage.ask("closing", kind="closing", then=1600)
    stage.prompt("answer", "closing", 1500, name="ask_overtime")
    stage.ask("closing", kind="closing", then=1600)
    assert stage.keys == ["turn.0", "turn.1"]
    stage.prompt("closing", None, 1500, name="goodbye")
    ended = stage.now
    assert not any(isinstance(action, End) for _, action in stage.actions)
    stage.run(3000)
    assert stage.actions[-1] == (ended + GOODBYE_QUIET_MS, End())


def test_hangs_up_after_the_answer_to_a_question() -> None:
    stage = Stage(turns=[turn("expected_pay", after_ms=500)], hang_up={"after": "expected_pay"})
    ended = stage.ask("expected_pay", then=4000)
    assert stage.actions[-1] == (ended + 500 + LINE_MS + 600, End())


def test_never_does_two_things_at_once_and_nothing_after_hanging_up() -> None:
    stage = Stage(
        turns=[turn("any", after_ms=0)] * 4,
        interrupts=[{"during": "any", "at_ms": 0, "say": "等"}],
        backchannels=[{"during": "any", "at_ms": 20, "say": "嗯"}],
        hang_up={"at_s": 9},
    )
    for _ in range(5):
        stage.ask("pitch", 1500, kind="pitch", then=700)
    stage.run(20_000)
    starts = [at for at, _ in stage.said]
    assert all(later - earlier >= LINE_MS for earlier, later in itertools.pairwise(starts))
    assert isinstance(stage.actions[-1][1], End)
    assert stage.actions[-1][0] == 9000


@pytest.mark.parametrize("question", ["greeting", "consent", "pitch", "closing"])
def test_manners_know_the_questions_every_script_has(question: str) -> None:
    stage = Stage(otherwise="polite")
    stage.ask(question, kind=question)
    assert stage.keys == [f"manners.{question}"]
