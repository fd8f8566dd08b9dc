"""A persona: a simulated candidate, one YAML file each, checked whole before anything is dialled.

The file's words are those of the public contract; what goes beyond it (`otherwise`, `press`, `pickup.code`, `noise`,
`echo_delay_ms`, hanging up in the middle) is optional.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from hr_sync.errors import InvalidDataError
from hr_sync.records import Candidate, Disposition, Identifier, Interest, Record

Moment = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
"""A question id, a prompt kind, `greeting`, `answer` or `any`."""

ANY = "any"


class VoiceShape(Record):
    """How the candidate's voice differs from the synthesised one."""

    semitones: float = Field(default=0, ge=-8, le=8)
    rate: float = Field(default=1, ge=0.5, le=2)
    """Above 1 is faster."""
    gain_db: float = Field(default=0, ge=-30, le=12)
    """On top of the nominal level of telephone speech."""
    audio: Path | None = None
    """Folder of recorded lines, one WAV a line (or a part of one, where the line pauses), named by the SHA-1 of its text; a
    relative path counts from the persona's file."""


class Codec(StrEnum):
    """What the phone accepts on the wire."""

    ULAW = "ulaw"
    ALAW = "alaw"
    G722 = "g722"


class Noise(StrEnum):
    """What surrounds the candidate."""

    WHITE = "white"
    MUSIC = "music"
    TELEVISION = "television"


class Line(Record):
    """The line between the candidate and us."""

    codec: Codec = Codec.ULAW
    snr_db: float | None = Field(default=None, ge=-10, le=60)
    """Speech level over noise level at the candidate's mouth; None: no noise."""
    noise: Noise = Noise.WHITE
    loss_pct: float = Field(default=0, ge=0, le=50)
    """RTP packets lost, each way."""
    jitter_ms: float = Field(default=0, ge=0, le=500)
    """Each RTP packet is held back by 0 to this long; packets keep their order."""
    echo_db: float | None = Field(default=None, ge=-60, le=0)
    """Our voice comes back this much weaker (hybrid echo); None: no echo."""
    echo_delay_ms: float = Field(default=60, ge=0, le=500)


class How(StrEnum):
    """What happens when the phone rings."""

    ANSWER = "answer"
    BUSY = "busy"
    REJECT = "reject"
    NO_ANSWER = "no_answer"
    ANNOUNCEMENT = "announcement"
    VOICEMAIL = "voicemail"


FINAL_CODES = {How.BUSY: 486, How.REJECT: 603, How.ANNOUNCEMENT: 480}


class Pickup(Record):
    """What the phone does with the call."""

    after_s: float = Field(default=1, ge=0, le=120)
    how: How = How.ANSWER
    says: str | None = None
    """Words of the announcement (early media, 183) or of the voicemail's greeting (200)."""
    code: int | None = Field(default=None, ge=400, le=699)
    """SIP code sent instead of the usual one (busy 486, reject 603, announcement 480), e.g. 404."""

    @model_validator(mode="after")
    def _fits(self) -> Pickup:
        spoken = self.how in {How.ANNOUNCEMENT, How.VOICEMAIL}
        if spoken and not self.says:
            raise ValueError(f"`says` is needed with `how: {self.how}`")
        if not spoken and self.says:
            raise ValueError(f"`says` has no place with `how: {self.how}`")
        if self.code is not None and self.how not in FINAL_CODES:
            raise ValueError(f"`code` has no place with `how: {self.how}`")
        return self

    @property
    def final_code(self) -> int | None:
        """The SIP code the call is refused with; None when it is answered or left ringing."""
        return self.code if self.code is not None else FINAL_CODES.get(self.how)


class Pause(Record):
    """Silence inside a line."""

    after: str = Field(min_length=1)
    """The words it follows."""
    ms: int = Field(ge=50, le=10_000)


class Turn(Record):
    """One thing the candidate says, or keys it presses, when asked."""

    when: Moment
    say: str | None = Field(default=None, min_length=1)
    press: str | None = Field(default=None, pattern=r"^[0-9*#]{1,16}$")
    after_ms: int = Field(default=500, ge=0, le=60_000)
    """From the end of our speech as heard at the phone (for `greeting`: from picking up)."""
    pause: Pause | None = None

    @model_validator(mode="after")
    def _one_act(self) -> Turn:
        if (self.say is None) == (self.press is None):
            raise ValueError("exactly one of `say` and `press` is needed")
        if self.pause and (self.say is None or self.pause.after not in self.say):
            raise ValueError("`pause.after` must be words of `say`")
        if self.pause and self.say and self.say.endswith(self.pause.after):
            raise ValueError("`pause.after` must not be the end of `say`")
        return self


class SpokenOver(Record):
    """Something said while we speak."""

    during: Moment
    at_ms: int = Field(ge=0, le=120_000)
    """From the moment the prompt is heard to start."""
    say: str = Field(min_length=1)


class HangUp(Record):
    """When the candidate hangs up: exactly one of the four."""

    after: Moment | None = None
    """When this question's exchange is over (`closing`: after our goodbye)."""
    at_s: float | None = Field(default=None, ge=0, le=3600)
    """From picking up."""
    during: Moment | None = None
    """While we speak this; `at_ms` after it is heard to start."""
    answering: Moment | None = None
    """In the middle of the own answer to this question; `at_ms` after it starts."""
    at_ms: int = Field(default=800, ge=0, le=120_000)

    @model_validator(mode="after")
    def _one_moment(self) -> HangUp:
        if sum(value is not None for value in (self.after, self.at_s, self.during, self.answering)) != 1:
            raise ValueError("exactly one of `after`, `at_s`, `during` and `answering` is needed")
        return self


class Expect(Record):
    """What the call must have found out. What is left out is not judged."""

    disposition: Disposition | tuple[Disposition, ...] | None = None
    interest: Interest | None = None
    slots: dict[str, Any] = Field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    """Intents of the candidate's questions that must have been answered."""
    sip_code: int | None = None

    @property
    def dispositions(self) -> tuple[Disposition, ...]:
        """All that are right; empty when any is."""
        if self.disposition is None:
            return ()
        return self.disposition if isinstance(self.disposition, tuple) else (self.disposition,)


class Persona(Record):
    """A simulated candidate."""

    id: Identifier
    candidate: Candidate | None = None
    """The candidate's record; its id is the persona's unless given."""
    candidate_id: Identifier | None = None
    """Or one that is in the database."""
    job: Identifier
    voice: VoiceShape = VoiceShape()
    line: Line = Line()
    pickup: Pickup = Pickup()
    turns: tuple[Turn, ...] = ()
    interrupts: tuple[SpokenOver, ...] = ()
    backchannels: tuple[SpokenOver, ...] = ()
    hang_up: HangUp | None = None
    otherwise: Literal["polite", "silent"] | None = None
    """Asked something no turn fits: `polite` answers greeting, consent, pitch and closing in the obvious way and repeats an
    answer that is asked again; `silent` says nothing. Default: polite, but silent for a persona without turns."""
    expect: Expect = Expect()
    source: Path | None = None
    """The file it came from."""

    @model_validator(mode="before")
    @classmethod
    def _named_candidate(cls, data: Any) -> Any:  # noqa: ANN401 - raw input
        if isinstance(data, dict) and isinstance(data.get("candidate"), dict):
            data = {**data, "candidate": {"id": data.get("id"), **data["candidate"]}}
        return data

    @model_validator(mode="after")
    def _one_candidate(self) -> Persona:
        if (self.candidate is None) == (self.candidate_id is None):
            raise ValueError("exactly one of `candidate` and `candidate_id` is needed")
        return self

    @field_validator("id")
    @classmethod
    def _id_is_a_file_name(cls, value: str) -> str:
        if ":" in value:
            raise ValueError("no colon: the id names files")
        return value

    @property
    def polite(self) -> bool:
        """Whether obvious answers are given where no turn fits."""
        return self.otherwise == "polite" if self.otherwise else bool(self.turns)

    @property
    def called_id(self) -> str:
        """The id of the candidate's record."""
        return self.candidate.id if self.candidate else str(self.candidate_id)


# ---- files ----------------------------------------------------------------------------------------------------------


def _line_of(node: yaml.Node | None, loc: tuple[str | int, ...]) -> int:
    """The line (from 1) of the deepest node on the way to `loc`."""
    line = 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def load_persona(path: Path) -> Persona:
    """Read one persona.

    Raises:
        InvalidDataError: naming the file, the line and what is wrong; several faults are told at once.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except OSError as error:
        raise InvalidDataError(f"the persona cannot be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise InvalidDataError("the persona is not UTF-8 text", where=str(path), remedy="save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidDataError(f"not valid YAML: {error.problem}", where=f"{path}:{line}") from error
    if not isinstance(data, dict):
        raise InvalidDataError("a persona is a mapping of fields", where=f"{path}:1", remedy="see docs/simulation.md")
    if "source" in data:
        raise InvalidDataError("source: Extra inputs are not permitted", where=f"{path}:{_line_of(node, ('source',))}")
    try:
        persona = Persona.model_validate({**data, "source": path})
    except ValidationError as error:
        faults = [
            f"line {_line_of(node, item['loc'])}: {'.'.join(str(part) for part in item['loc']) or 'persona'}: {item['msg']}"
            for item in error.errors()
        ]
        first = _line_of(node, error.errors()[0]["loc"])
        raise InvalidDataError("; ".join(faults), where=f"{path}:{first}", remedy="correct the persona") from error
    if persona.voice.audio and not persona.voice.audio.is_absolute():
        voice = persona.voice.model_copy(update={"audio": path.parent / persona.voice.audio})
        persona = persona.model_copy(update={"voice": voice})
    return persona


def load_personas(path: Path) -> list[Persona]:
    """Read a persona, or all `*.yaml` of a folder, sorted by file name.

    Raises:
        InvalidDataError: a file that cannot be used, a folder without personas, the same id twice.
    """
    if not path.is_dir():
        return [load_persona(path)]
    files = sorted(file for file in path.iterdir() if file.suffix in {".yaml", ".yml"})
    if not files:
        raise InvalidDataError("no personas here", where=str(path), remedy="name a folder with *.yaml files, or one such file")
    personas = [load_persona(file) for file in files]
    seen: dict[str, Path | None] = {}
    for persona in personas:
        if persona.id in seen:
            raise InvalidDataError(f"the id {persona.id} is used twice", where=f"{persona.source} and {seen[persona.id]}")
        seen[persona.id] = persona.source
    return personas


def load_line(path: Path) -> Line:
    """Read a line description that takes the place of every persona's own (`simulate --line`).

    Raises:
        InvalidDataError: naming the file and the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node, data = yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
        return Line.model_validate(data)
    except OSError as error:
        raise InvalidDataError(f"the line description cannot be read: {error.strerror}", where=str(path)) from error
    except yaml.MarkedYAMLError as error:
        number = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidDataError(f"not valid YAML: {error.problem}", where=f"{path}:{number}") from error
    except ValidationError as error:
        item = error.errors()[0]
        where = f"{path}:{_line_of(node, item['loc'])}"
        raise InvalidDataError(f"{'.'.join(map(str, item['loc']))}: {item['msg']}", where=where) from error
