"""Turn-taking in virtual time: seconds of dialogue in microseconds."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.audio.turn import (
    Forget,
    PausePrompt,
    Recognise,
    ResumePrompt,
    SilenceOver,
    StopPrompt,
    TurnAction,
    TurnOver,
    TurnRules,
    TurnTaker,
    Verdict,
)

RULES = TurnRules()
BLOCK = 256
BLOCK_MS = 32


@dataclass
class Line:
    """A candidate on the line; `verdict` is what every recognition says, `delay_ms` how long it takes."""

    verdict: Verdict | None = Verdict.PLAIN
    delay_ms: int = 96
    taker: TurnTaker = field(default_factory=lambda: TurnTaker(RULES))
    log: list[tuple[int, TurnAction]] = field(default_factory=list)
    _due: list[tuple[int, int]] = field(default_factory=list)

    @property
    def now_ms(self) -> int:
        return self.taker.now * 1000 // RULES.sample_rate

    def take(self, actions: list[TurnAction]) -> None:
        for action in actions:
            self.log.append((self.now_ms, action))
            if isinstance(action, Recognise):
                self._due.append((self.now_ms + self.delay_ms, action.id))

    def run(self, ms: int, *, speech: bool) -> None:
        for _ in range(ms // BLOCK_MS):
            self.take(self.taker.hear(0.95 if speech else 0.02, BLOCK))
            for due, number in list(self._due):
                if due <= self.now_ms and self.verdict is not None:
                    self._due.remove((due, number))
                    self.take(self.taker.recognised(number, self.verdict))

    def say(self, ms: int) -> None:
        self.run(ms, speech=True)

    def quiet(self, ms: int) -> None:
        self.run(ms, speech=False)

    def of(self, kind: type[TurnAction]) -> list[tuple[int, TurnAction]]:
        return [(at, action) for at, action in self.log if isinstance(action, kind)]

    def expect(self, silence_ms: int = 6000, patience_ms: int | None = None) -> None:
        self.take(self.taker.expect(silence_ms=silence_ms, patience_ms=patience_ms))


def test_a_complete_answer_is_taken_after_the_short_pause() -> None:
    line = Line(verdict=Verdict.COMPLETE)
    line.expect()
    line.say(960)
    line.quiet(2000)
    [(at, over)] = line.of(TurnOver)
    assert 960 + RULES.complete_ms <= at <= 960 + RULES.complete_ms + BLOCK_MS
    assert isinstance(over, TurnOver)
    assert over.span.end == 960 * 8


def test_an_unclear_answer_gets_the_usual_pause_and_a_patient_question_its_own() -> None:
    for patience, expected in ((None, RULES.end_silence_ms), (1200, 1200)):
        line = Line(verdict=Verdict.PLAIN)
        line.expect(patience_ms=patience)
        line.say(960)
        line.quiet(3000)
        [(at, _)] = line.of(TurnOver)
        assert 960 + expected <= at <= 960 + expected + 2 * BLOCK_MS


def test_words_that_stop_in_the_middle_are_waited_on_and_the_pause_does_not_split_them() -> None:
    line = Line(verdict=Verdict.INCOMPLETE)
    line.expect()
    line.say(640)
    line.quiet(704)
    line.verdict = Verdict.COMPLETE
    line.say(640)
    line.quiet(1000)
    [(_, over)] = line.of(TurnOver)
    assert isinstance(over, TurnOver)
    assert over.span.start == 0
    assert over.span.end == (640 + 704 + 640) * 8
    assert len(line.of(Forget)) == 1


def test_recognition_starts_before_the_turn_is_over() -> None:
    line = Line(verdict=Verdict.PLAIN)
    line.expect()
    line.say(640)
    line.quiet(1000)
    assert line.of(Recognise)[0][0] < line.of(TurnOver)[0][0]
    assert line.of(Recognise)[0][0] <= 640 + RULES.probe_ms + BLOCK_MS


def test_the_turn_waits_for_a_slow_recognition() -> None:
    line = Line(verdict=Verdict.PLAIN, delay_ms=1500)
    line.expect()
    line.say(640)
    line.quiet(4000)
    [(at, _)] = line.of(TurnOver)
    assert at >= 640 + RULES.probe_ms + 1500


def test_silence_runs_out_once_and_speech_stops_the_count() -> None:
    line = Line()
    line.expect(silence_ms=1200)
    line.quiet(4000)
    assert [at for at, _ in line.of(SilenceOver)] == [pytest.approx(1200, abs=BLOCK_MS)]
    line.expect(silence_ms=1200)
    line.quiet(960)
    line.say(480)
    line.quiet(900)
    assert len(line.of(SilenceOver)) == 1
    assert len(line.of(TurnOver)) == 1


def test_a_click_is_no_speech_and_a_cough_without_words_is_no_turn() -> None:
    line = Line(verdict=Verdict.EMPTY)
    line.expect(silence_ms=3000)
    line.say(64)
    line.quiet(500)
    assert not line.of(Recognise)
    line.say(128)
    line.quiet(6000)
    assert not line.of(TurnOver)
    assert len(line.of(SilenceOver)) == 1


def test_long_unintelligible_speech_is_a_turn_so_that_it_can_be_asked_again() -> None:
    line = Line(verdict=Verdict.EMPTY)
    line.expect()
    line.say(960)
    line.quiet(1000)
    assert len(line.of(TurnOver)) == 1


def test_speech_over_a_prompt_pauses_at_once_and_stops_it_when_it_lasts() -> None:
    line = Line(verdict=Verdict.COMPLETE)
    line.take(line.taker.prompt_started(interruptible=True))
    line.quiet(960)
    line.say(1280)
    [(paused, _)] = line.of(PausePrompt)
    [(stopped, _)] = line.of(StopPrompt)
    assert paused <= 960 + RULES.onset_ms + BLOCK_MS
    assert stopped <= 960 + RULES.talk_over_ms + BLOCK_MS
    line.take(line.taker.prompt_ended())
    line.expect()
    line.quiet(1000)
    [(_, over)] = line.of(TurnOver)
    assert isinstance(over, TurnOver)
    assert over.span.start <= 960 * 8


def test_a_short_sound_over_a_prompt_lets_us_go_on() -> None:
    line = Line()
    line.take(line.taker.prompt_started(interruptible=True))
    line.say(192)
    line.quiet(1000)
    assert len(line.of(ResumePrompt)) == 1
    assert line.of(ResumePrompt)[0][0] <= 192 + RULES.resume_ms + BLOCK_MS
    assert not line.of(StopPrompt)


def test_words_over_a_prompt_stop_it_once_they_are_known() -> None:
    line = Line(verdict=Verdict.COMPLETE)
    line.take(line.taker.prompt_started(interruptible=True))
    line.say(608)
    line.quiet(320)
    assert not line.of(ResumePrompt)
    [(stopped, _)] = line.of(StopPrompt)
    assert stopped <= 608 + RULES.probe_ms + line.delay_ms + 2 * BLOCK_MS
    line.take(line.taker.prompt_ended())
    line.expect()
    line.quiet(320)
    assert len(line.of(TurnOver)) == 1


def test_a_nod_over_a_prompt_lets_us_go_on_and_is_no_answer_while_we_speak() -> None:
    line = Line(verdict=Verdict.BACKCHANNEL)
    line.take(line.taker.prompt_started(interruptible=True))
    line.say(608)
    line.quiet(960)
    assert len(line.of(PausePrompt)) == len(line.of(ResumePrompt)) == 1
    assert line.of(ResumePrompt)[0][0] <= 608 + RULES.probe_ms + line.delay_ms + 2 * BLOCK_MS
    assert not line.of(StopPrompt)
    assert not line.of(TurnOver)
    line.take(line.taker.prompt_ended())
    line.expect()
    line.quiet(320)
    assert len(line.of(TurnOver)) == 1, "at the very end of a question a nod answers it"


def test_a_long_answer_is_recognised_in_pieces_and_a_short_one_as_a_whole() -> None:
    line = Line(verdict=Verdict.PLAIN)
    line.expect(patience_ms=1000)
    line.say(4800)
    line.quiet(640)
    line.say(1600)
    line.quiet(640)
    line.say(960)
    line.quiet(2000)
    asked = [action for _, action in line.of(Recognise)]
    [(_, over)] = line.of(TurnOver)
    assert isinstance(over, TurnOver)
    assert all(isinstance(action, Recognise) for action in asked)
    first, second, third = asked
    assert over.before == (first.id,)
    assert over.id == third.id
    assert third.before == (first.id,)
    assert third.span.start == first.span.end
    assert second.span.start == third.span.start, "a piece of 1.6 s is too short to stand alone"
    assert [action for _, action in line.of(Forget)] == [Forget(second.id)]
    assert over.span.start == 0


def test_a_notice_that_must_be_heard_is_never_paused_but_a_late_word_over_it_still_counts() -> None:
    line = Line(verdict=Verdict.COMPLETE)
    line.take(line.taker.prompt_started(interruptible=False))
    line.quiet(640)
    line.say(640)
    line.quiet(480)
    assert not line.of(PausePrompt)
    line.take(line.taker.prompt_ended())
    line.expect()
    line.quiet(640)
    assert len(line.of(TurnOver)) == 1


def test_a_word_said_long_before_the_end_of_a_notice_is_not_its_answer() -> None:
    line = Line(verdict=Verdict.COMPLETE)
    line.take(line.taker.prompt_started(interruptible=False))
    line.say(640)
    line.quiet(4000)
    line.take(line.taker.prompt_ended())
    line.expect(silence_ms=3000)
    line.quiet(4000)
    assert not line.of(TurnOver)
    assert len(line.of(SilenceOver)) == 1


def test_endless_noise_ends_the_turn() -> None:
    line = Line(verdict=Verdict.EMPTY)
    line.expect()
    line.say(RULES.longest_turn_ms + 2000)
    assert len(line.of(TurnOver)) == 1


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(1, 80)),
        st.tuples(st.just("quiet"), st.integers(1, 80)),
        st.tuples(st.just("prompt"), st.booleans()),
        st.tuples(st.just("ended"), st.just(0)),
        st.tuples(st.just("expect"), st.integers(300, 3000)),
        st.tuples(st.just("verdict"), st.sampled_from(list(Verdict))),
    ),
    max_size=40,
)


@given(EVENTS)
def test_no_order_of_events_leaves_it_stuck_or_speaking_over_the_candidate(events: list[tuple[str, object]]) -> None:
    line = Line()
    for name, value in events:
        match name:
            case "say":
                line.say(int(value) * BLOCK_MS)
            case "quiet":
                line.quiet(int(value) * BLOCK_MS)
            case "prompt":
                line.take(line.taker.prompt_started(interruptible=bool(value)))
            case "ended":
                line.take(line.taker.prompt_ended())
            case "expect":
                line.expect(silence_ms=int(value))
            case _:
                line.verdict = value
    balance = 0
    for _, action in line.log:
        match action:
            case PausePrompt():
                balance = 1
            case ResumePrompt() | StopPrompt():
                assert balance == 1, "resumed or stopped what was not paused"
                balance = 0
    line.take(line.taker.prompt_ended())
    line.expect(silence_ms=1000)
    line.verdict = Verdict.PLAIN
    before = len(line.log)
    line.quiet(6000)
    assert any(isinstance(action, TurnOver | SilenceOver) for _, action in line.log[before:])


def last_turn(line: Line) -> tuple[TurnOver | None, bool]:
    """What the end of the line makes of the speech that is open, and whether that has to be recognised first."""
    actions = line.taker.line_ended()
    over = [action for action in actions if isinstance(action, TurnOver)]
    return (over[0] if over else None), any(isinstance(action, Recognise) for action in actions)


def test_a_line_that_ends_in_the_middle_of_speech_cuts_the_last_turn() -> None:
    line = Line()
    line.expect()
    line.say(960)
    over, asked = last_turn(line)
    assert over is not None
    assert (over.cut, asked) == (True, True)
    assert over.span.end == line.taker.now


def test_a_line_that_ends_after_speech_ends_a_whole_turn() -> None:
    line = Line(verdict=None)  # the recognition that was asked for at the pause is not done yet
    line.expect()
    line.say(960)
    line.quiet(320)
    over, asked = last_turn(line)
    assert over is not None
    assert (over.cut, asked) == (False, False)


def test_words_over_our_prompt_as_the_line_ends_are_no_whole_turn() -> None:
    line = Line(verdict=None)
    line.take(line.taker.prompt_started(interruptible=True))
    line.say(320)
    line.quiet(320)
    over, _ = last_turn(line)
    assert over is not None
    assert over.cut


def test_a_line_that_ends_in_silence_leaves_nothing() -> None:
    line = Line()
    line.expect()
    line.say(960)
    line.quiet(2000)
    assert line.of(TurnOver)
    assert line.taker.line_ended() == []
