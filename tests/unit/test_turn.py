"""Turn-taking in virtual time: seconds of dialogue in microseconds."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_app.audio.turn import TurnTaker
from agi_app.audio.turn_values import (
    Forget,
    Passed,
    PausePrompt,
    Recognise,
    ResumePrompt,
    SilenceOver,
    StopPrompt,
    TurnAction,
    TurnOver,
    TurnRules,
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
    busy: bool = False
    clear: bool = False
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
            self.take(self.taker.hear(speech, BLOCK, clear=self.clear and speech, busy=self.busy))
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


def test_a_busy_recogniser_is_asked_later_so_that_a_comma_asks_it_nothing() -> None:
    for busy, asked in ((False, 2), (True, 1)):
        line = Line(verdict=Verdict.PLAIN, busy=busy)
        line.expect()
        line.say(640)
        line.quiet(192)  # a comma
        line.say(640)
        line.quiet(1000)
        assert len(line.of(Recognise)) == asked
        assert len(line.of(Forget)) == asked - 1
        [(at, _)] = line.of(TurnOver)
        assert at <= 640 + 192 + 640 + RULES.end_silence_ms + 2 * BLOCK_MS, "the turn ends no later for it"


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


@pytest.mark.parametrize(("clear", "paused_ms"), [(False, 64), (True, 32)])
def test_over_our_prompt_a_clear_voice_pauses_us_sooner_and_in_the_candidates_turn_nothing_changes(
    clear: bool, paused_ms: int
) -> None:
    line = Line(clear=clear)
    line.take(line.taker.prompt_started(interruptible=True))
    line.quiet(320)
    line.say(320)
    assert line.of(PausePrompt)[0][0] == 320 + paused_ms
    line = Line(clear=clear)
    line.expect()
    line.say(64)
    line.quiet(3000)
    assert not line.of(Recognise), "a click is none, however clear"


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


@pytest.mark.parametrize("verdict", [Verdict.BACKCHANNEL, Verdict.EMPTY, Verdict.PLAIN, Verdict.INCOMPLETE, None])
def test_a_short_sound_over_a_prompt_lets_us_go_on_at_once_whatever_its_words(verdict: Verdict | None) -> None:
    line = Line(verdict=verdict, delay_ms=400)
    line.take(line.taker.prompt_started(interruptible=True))
    line.say(416)
    line.quiet(2000)
    assert len(line.of(ResumePrompt)) == 1
    assert line.of(ResumePrompt)[0][0] <= 416 + RULES.resume_ms + BLOCK_MS
    assert not line.of(StopPrompt)
    assert not line.of(TurnOver)


def test_a_short_word_that_is_a_clear_wish_stops_us_when_it_is_known() -> None:
    line = Line(verdict=Verdict.COMPLETE, delay_ms=192)
    line.take(line.taker.prompt_started(interruptible=True))
    line.say(384)
    line.quiet(640)
    assert len(line.of(ResumePrompt)) == 1
    [(stopped, _)] = line.of(StopPrompt)
    assert stopped <= 384 + RULES.resume_ms + 192 + 3 * BLOCK_MS
    line.take(line.taker.prompt_ended())
    line.expect()
    line.quiet(320)
    assert len(line.of(TurnOver)) == 1


def test_a_word_a_pause_and_a_question_over_a_prompt_are_one_interruption() -> None:
    line = Line(verdict=Verdict.PLAIN, delay_ms=192)
    line.take(line.taker.prompt_started(interruptible=True))
    line.say(320)  # 对了，
    line.quiet(256)
    line.verdict = Verdict.COMPLETE
    line.say(1280)  # 上班时间是几点？
    assert len(line.of(StopPrompt)) == 1
    line.take(line.taker.prompt_ended())
    line.expect()
    line.quiet(640)
    [(_, over)] = line.of(TurnOver)
    assert isinstance(over, TurnOver)
    assert over.span.start == 0, "its first word belongs to it"


def test_a_nod_between_two_prompts_is_passed_over_and_a_word_is_not() -> None:
    for verdict, passed in ((Verdict.BACKCHANNEL, True), (Verdict.COMPLETE, False)):
        line = Line(verdict=verdict)
        line.say(320)
        line.quiet(640)
        assert len(line.of(Passed)) == passed
        assert len(line.of(TurnOver)) == (not passed)
        assert not line.taker.candidate_speaking


def test_what_was_said_over_the_end_of_a_notice_is_not_waited_for_without_end() -> None:
    line = Line(verdict=Verdict.COMPLETE, delay_ms=640)
    line.take(line.taker.prompt_started(interruptible=False))
    line.say(480)
    line.quiet(128)
    line.take(line.taker.prompt_ended())
    line.quiet(640)  # its words become known while nobody has the turn
    line.expect()
    line.quiet(640)
    assert len(line.of(TurnOver)) == 1


def test_words_over_a_prompt_stop_it_once_they_are_known() -> None:
    line = Line(verdict=Verdict.COMPLETE)
    line.take(line.taker.prompt_started(interruptible=True))
    line.say(608)
    line.quiet(320)
    assert not line.of(ResumePrompt), "more than a sound: we wait for its words"
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


def test_noise_without_words_does_not_keep_the_turn() -> None:
    line = Line(verdict=Verdict.EMPTY)
    line.expect()
    line.say(25_000)
    [(at, over)] = line.of(TurnOver)
    assert at <= 3 * 1.5 * RULES.stretch_ms
    assert isinstance(over, TurnOver)
    assert not over.cut


def test_words_without_end_are_cut_at_the_longest_turn() -> None:
    line = Line(verdict=Verdict.PLAIN)
    line.expect()
    line.say(RULES.longest_turn_ms + 2000)
    [(at, over)] = line.of(TurnOver)
    assert RULES.longest_turn_ms <= at <= RULES.longest_turn_ms + line.delay_ms + 2 * BLOCK_MS
    assert isinstance(over, TurnOver)
    assert len(over.before) >= RULES.longest_turn_ms / (1.5 * RULES.stretch_ms) - 1


def test_speech_without_pauses_is_recognised_in_pieces_that_follow_each_other_without_a_gap() -> None:
    line = Line(verdict=Verdict.PLAIN)
    line.expect()
    line.say(7400)
    line.quiet(32)  # between two words
    line.say(4000)
    line.quiet(2000)
    first, last = (action for _, action in line.of(Recognise))
    assert isinstance(first, Recognise)
    assert isinstance(last, Recognise)
    assert first.span.end == (7400 // BLOCK_MS + 2) * BLOCK, "cut at the gap"
    assert last.span.start == first.span.end
    [(_, over)] = line.of(TurnOver)
    assert isinstance(over, TurnOver)
    assert (over.before, over.id) == ((first.id,), last.id)


def test_half_an_amount_is_waited_on_longer_than_people_pause_and_shorter_than_a_broken_sentence() -> None:
    line = Line(verdict=Verdict.OPEN)
    line.expect()
    line.say(640)
    line.quiet(704)
    assert not line.of(TurnOver), "a pause of 700 ms does not cut it off"
    line.quiet(320)
    [(at, _)] = line.of(TurnOver)
    assert at <= 640 + RULES.open_ms + 2 * BLOCK_MS < 640 + RULES.incomplete_ms


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(1, 80)),
        st.tuples(st.just("quiet"), st.integers(1, 80)),
        st.tuples(st.just("prompt"), st.booleans()),
        st.tuples(st.just("ended"), st.just(0)),
        st.tuples(st.just("expect"), st.integers(300, 3000)),
        st.tuples(st.just("verdict"), st.sampled_from([*Verdict, None])),
        st.tuples(st.just("delay"), st.integers(0, 1500)),
        st.tuples(st.just("hang up"), st.just(0)),
    ),
    max_size=40,
)


def play(line: Line, events: list[tuple[str, object]]) -> None:
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
            case "delay":
                line.delay_ms = int(value)
            case "hang up":
                line.take(line.taker.line_ended())
            case _:
                line.verdict = value


@given(EVENTS)
def test_no_order_of_events_leaves_it_stuck(events: list[tuple[str, object]]) -> None:
    line = Line()
    play(line, events)
    paused = False
    for _, action in line.log:
        match action:
            case PausePrompt():
                paused = True
            case ResumePrompt():
                assert paused, "resumed what was not paused"
                paused = False
            case StopPrompt():
                paused = False
    asked = [action.id for _, action in line.log if isinstance(action, Recognise)]
    assert asked == sorted(set(asked)), "every recognition has a number of its own"
    told = [action.id for _, action in line.log if isinstance(action, TurnOver | Forget)]
    assert len(told) == len(set(told)), "no recognition ends two turns, or is forgotten after it ended one"
    line.take(line.taker.prompt_ended())
    line.expect(silence_ms=1000)
    line.verdict, line.delay_ms = Verdict.PLAIN, 96
    before = len(line.log)
    line.quiet(8000)
    assert any(isinstance(action, TurnOver | SilenceOver) for _, action in line.log[before:])


@given(EVENTS, st.integers(RULES.onset_ms // BLOCK_MS + 1, 200))
def test_whoever_speaks_over_an_interruptible_prompt_is_never_spoken_over_for_long(
    events: list[tuple[str, object]], blocks: int
) -> None:
    line = Line()
    play(line, events)
    line.take(line.taker.prompt_ended())
    line.verdict, line.delay_ms = Verdict.PLAIN, 96
    line.quiet(6000)
    line.take(line.taker.prompt_started(interruptible=True))
    before = len(line.log)
    line.say(blocks * BLOCK_MS)
    actions = [action for _, action in line.log[before:]]
    assert actions, "the onset is noticed"
    assert isinstance(actions[0], PausePrompt)
    assert not any(isinstance(action, ResumePrompt) for action in actions), "as long as they speak we are silent"
    assert any(isinstance(action, StopPrompt) for action in actions) == (blocks * BLOCK_MS >= RULES.talk_over_ms)


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
