"""What the files of a language pack may hold. Field names are what recruiters write; docs/language-pack.md explains each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from agi_app.dialogue.pack.template import Sentences, as_list
from agi_app.dialogue.understanding import Intent
from hr_sync.records import EmploymentStatus, Interest, Sector

Words = Annotated[tuple[str, ...], BeforeValidator(as_list)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
"""Lower-case letters, digits and `_`."""


class Part(BaseModel):
    """Base of everything in a pack: immutable, refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(Part):
    """When something is said or asked: every line must hold; within a line one of the values is enough."""

    job: Words = ()
    """Job ids."""
    sector: Sector | None = None
    competency: Words = ()
    """The job asks for one of these competencies."""
    resume: Words = ()
    """One of these words stands in the resume: roles, summaries, skills, tags."""
    tags: Words = ()
    status: Annotated[tuple[EmploymentStatus, ...], BeforeValidator(as_list)] = ()
    years_at_least: float | None = None
    years_below: float | None = None
    has: Words = ()
    """All of these facts are known (or these statements true)."""
    lacks: Words = ()
    """None of these facts is known."""
    interest: Annotated[tuple[Interest, ...], BeforeValidator(as_list)] = ()

    @property
    def personal(self) -> bool:
        """It looks at the candidate, not only at the job."""
        return bool(self.resume or self.tags or self.status) or self.years_at_least is not None or self.years_below is not None


class Key(Part):
    """What a telephone key means: an intent, or the value of the question's slot."""

    intent: Intent | None = None
    value: dict[str, Any] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: object) -> object:
        return {"intent": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_meaning(self) -> Key:
        if (self.intent is None) is (self.value is None):
            raise ValueError("a key needs either `intent` or `value`")
        return self


class Question(Part):
    """Something that is asked, and how it is asked again."""

    id: Name
    answer: Literal["yes_no", "slot", "open"] = "slot"
    """yes_no; slot: a value named like the question; open: the candidate tells something."""
    slot: Name | None = None
    """The value it fills; by default the one named like the question."""
    lead: Sentences = ()
    """Said before the question the first time only."""
    ask: Sentences = Field(min_length=1)
    again: Sentences = ()
    """In other words, after silence or when nothing was understood."""
    short: Sentences = ()
    """After the candidate asked something in between, or is in a hurry."""
    with_keys: Sentences = ()
    """Names the keys."""
    keys: dict[Annotated[str, Field(pattern=r"^[0-9*#]$")], Key] = {}
    tries: int = Field(default=3, ge=1, le=5)
    patience_ms: int | None = Field(default=None, ge=200, le=5000)
    silence_ms: int = Field(default=6000, ge=2000, le=30_000)
    when: Condition | None = None
    known: Literal["ask", "confirm", "skip"] = "ask"
    """What happens when the resume already tells the answer."""
    confirm: Sentences = ()
    """For `known: confirm`."""
    competencies: Words = ()
    """Behavioural questions: what the answer shows."""
    follow_ups: int = Field(default=0, ge=0, le=2)
    """How many follow-up questions an answer may draw."""

    @model_validator(mode="before")
    @classmethod
    def _keys_are_text(cls, data: object) -> object:
        if isinstance(data, dict) and isinstance(data.get("keys"), dict):
            return {**data, "keys": {str(key): value for key, value in data["keys"].items()}}
        return data

    @property
    def fills(self) -> str | None:
        """The slot it fills."""
        return (self.slot or self.id) if self.answer == "slot" else None


class Consent(Question):
    """Who is calling, the recording notice, and whether now is a good time."""

    notice: Sentences = Field(min_length=1)
    """Who, that it is a machine, for what, that it is recorded. Always heard whole."""
    notice_unnamed: Sentences = Field(min_length=1)
    """The same while we do not know who is listening: nothing about the job."""
    ask_unnamed: Sentences = Field(min_length=1)
    """Asks for the person and whether now is a good time."""


class Behavioural(Part):
    """Questions that show a competency; the ones that fit job and resume best are asked."""

    count: int = Field(default=1, ge=0, le=5)
    questions: tuple[Question, ...] = ()


class Interview(Part):
    """An interview script."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    """What a job's `script` names."""
    title: str
    personalise: bool = True
    """False: the same words for everyone, nothing from the resume."""
    greeting: Question
    consent: Consent
    pitch: Question
    questions: tuple[Question, ...]
    behavioural: Behavioural = Behavioural()
    closing: Question
    wording: dict[str, Sentences] = {}
    """Sentences of wording/ that this interview says differently."""

    @property
    def all_questions(self) -> tuple[Question, ...]:
        """Every question in the order of the call."""
        return (self.greeting, self.consent, self.pitch, *self.questions, *self.behavioural.questions, self.closing)


class FollowUp(Part):
    """A question on what was just said."""

    id: Name
    said: Words = ()
    """One of these words was said."""
    shorter_than: int | None = Field(default=None, ge=1)
    """The answer had fewer characters than this."""
    after: Words = ()
    """Only after these questions."""
    when: Condition | None = None
    ask: Sentences = Field(min_length=1)
    again: Sentences = ()

    @model_validator(mode="after")
    def _has_cause(self) -> FollowUp:
        if not self.said and self.shorter_than is None:
            raise ValueError("a follow-up needs `said` or `shorter_than`")
        return self


class FollowUps(Part):
    """A file of follow-up questions; the first that fits is asked."""

    follow_ups: tuple[FollowUp, ...]


class SituationWords(Part):
    """Words that tell a situation, heard by their sound too."""

    recording: Words = Field(min_length=1)
    """Speak of the recording; with a refusal they stop it."""
    refuses_recording: Words = Field(min_length=1)
    """Alone refuse the recording."""
    thinking: Words = Field(min_length=1)
    """Ask for time to think."""
    leaves_it_open: Words = Field(min_length=1)
    """Answer a question for a value without giving one: 面议."""
    fetching: Words = Field(min_length=1)
    """Somebody else fetches the candidate."""
    back: Words = Field(min_length=1)
    """Tell after a wait that the candidate listens again."""
    another_day: Words = Field(min_length=1)
    """Ask to be called at another time when that was offered."""
    bad_line: Words = Field(min_length=1)
    """The candidate cannot hear us."""
    stranger: Words = Field(min_length=1)
    """Somebody else does not know the candidate, or cannot fetch them."""


class Situations(Part):
    """Questions outside the script: not now, someone else, no recording, later jobs."""

    words: SituationWords
    questions: tuple[Question, ...]


class Answer(Part):
    """One way to answer; used when its condition holds and every fact it needs is known."""

    asked: Words = ()
    """Only when the candidate's question holds one of these words."""
    when: Condition | None = None
    say: Sentences = Field(min_length=1)


class Answers(Part):
    """How one of the candidate's questions is answered; the first answer that fits is given."""

    intent: Intent
    doubt: bool = True
    """Recorded as a doubt of the candidate."""
    answers: tuple[Answer, ...] = Field(min_length=1)
    again: Sentences = ()
    """When the same is asked a second time."""
    missing: Sentences = ()
    """When no answer fits; by default the wording `unanswerable`."""


class CompetencyExamples(Part):
    """What candidates say; an answer is compared with them by meaning."""

    strong: Words = ()
    weak: Words = ()


class Competency(Part):
    """Something a job asks of people, and how an answer shows it."""

    id: Name
    name: str
    description: str
    keywords: Words = Field(min_length=1)
    levels: dict[Annotated[str, Field(pattern="^[1-5]$")], str] = Field(min_length=2)
    """What an answer at this level is like, 1 the lowest."""
    examples: CompetencyExamples = CompetencyExamples()
    against: Words = ()
    """Phrases that speak against it."""


class Signs(Part):
    """What gives an answer's structure and its concreteness away; the same for every competency. Heard by their sound too."""

    situation: Words = ()
    task: Words = ()
    action: Words = ()
    result: Words = ()
    units: Words = ()
    """A number with one of these behind it is a quantity."""
    vague: Words = ()
    """Words that stand where something concrete should."""
    denial: Words = ()
    """Say that there is nothing to tell."""
    fillers: Words = ()
    """Do not count as said."""
    told: Words = ()
    """Sentences that tell of something done; answers are compared with them by meaning."""
    claimed: Words = ()
    """Sentences that claim or generalise instead."""


class Protected(Part):
    """What is never asked, used or stored."""

    replacement: str
    """Stands in stored text where such words were spoken."""
    words: dict[str, Words]
    """Group to words and phrases."""


class MoodSigns(Part):
    """Words that show a mood, heard by their sound too."""

    plain: Words = Field(min_length=1)
    """One is enough."""
    mild: Words = ()
    """One says little; several in a row do."""


class MoodWords(Part):
    """mood.yaml: what shows impatience, hesitation, or a mind made up."""

    impatient: MoodSigns
    hesitant: MoodSigns
    decided: Words = ()


class Suggestions(Part):
    """suggestions.yaml: how a configured language model is asked for a follow-up question."""

    instruction: str
    question: str
    """Names the question in what the model reads; `answer` and `job` likewise."""
    answer: str
    job: str
    longest: int = Field(default=40, ge=10, le=80)
    """Characters."""
    shortest: int = Field(default=5, ge=2)
    never: Words = ()
    """A proposal with one of these words is not asked."""


class ExpectedSpeech(Part):
    """recognition.yaml: whole sentences candidates are likely to say, by question; the recogniser is prompted with them.

    Prompting whisper-base with whole example sentences, each ended by a full stop, brought the syllables wrong in short answers
    about pay from 24-37 % to 1-13 % over three voices (n = 39); single words did not help.
    """

    always: Words = ()
    questions: dict[str, Words] = {}
    amounts: Words = ()
    """How an expected pay is said; `{amount}` stands for it. Scored against the sound when free recognition heard no amount."""

    def sentences(self, *names: str | None) -> tuple[str, ...]:
        """Sentences for the first of these questions (its id, then its kind) that has any, then those said at any time."""
        own = next((self.questions[name] for name in names if name in self.questions), ())
        return tuple(dict.fromkeys((*own, *self.always)))


class PackFile(Part):
    """pack.yaml: names the parts, as paths inside the pack."""

    name: str
    language: Annotated[str, Field(pattern=r"^[a-z]{2}_[A-Z]{2}$")]
    version: int = Field(ge=1)
    interviews: Words = Field(min_length=1)
    situations: str
    follow_ups: Words = ()
    wording: Words = Field(min_length=1)
    terms: str
    answers: Words = Field(min_length=1)
    competencies: Words = ()
    signs: str | None = None
    protected: str
    recognition: str
    mood: str
    suggestions: str
    grammars: Words = ()
    """Read by the grammar engine."""
    intents: Words = ()
    """Read by the intent classifier."""


class Pack(BaseModel):
    """A language pack, loaded and checked."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    folder: Path
    name: str
    language: str
    version: int
    interviews: dict[str, Interview]
    situations: Situations
    follow_ups: tuple[FollowUp, ...]
    wording: dict[str, Sentences]
    terms: dict[str, dict[str, str]]
    answers: dict[Intent, Answers]
    competencies: dict[str, Competency]
    signs: Signs
    protected: Protected
    expected: ExpectedSpeech
    mood: MoodWords
    suggestions: Suggestions

    @property
    def question_kinds(self) -> dict[str, str]:
        """For the understanding: `yes_no`, `open` or the slot by question id."""
        scripts = [question for interview in self.interviews.values() for question in interview.all_questions]
        kinds = {question.id: question.fills or question.answer for question in (*scripts, *self.situations.questions)}
        return {**{rule.id: "open" for rule in self.follow_ups}, **kinds}

    def situation(self, name: str) -> Question:
        """A question outside the script by its id."""
        return next(question for question in self.situations.questions if question.id == name)
