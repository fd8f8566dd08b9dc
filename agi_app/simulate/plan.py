"""What goes through the pipe between the phone bank and its phones: plans and stage cues in, reports and logs out.

Times are milliseconds of audio on the phone's own sample clock, which starts with the call's media.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from agi_app.simulate.persona import Line, Persona
from hr_sync.records import Record


class Utterance(Record):
    """A line made ready before the call."""

    key: str
    """Where it belongs: `turn.0`, `interrupt.1`, `backchannel.0`, `manners.consent`, `pickup`."""
    text: str
    wav: Path
    """Mono, 16 bit, 8 kHz; starts and ends with speech."""
    duration_ms: int
    pauses: tuple[tuple[int, int], ...] = ()
    """Silences inside it, from and to."""


class CallPlan(Record):
    """One call a phone is to take."""

    call: str
    number: str
    """The number that is dialled; calls are told apart by it."""
    persona: Persona
    utterances: dict[str, Utterance]
    recording: Path
    """Where the stereo recording goes (left: what the candidate sent, right: what it heard)."""
    seed: int = 0


# ---- stage cues -----------------------------------------------------------------------------------------------------


class PromptStartedCue(Record):
    """We begin to say something."""

    cue: Literal["prompt_started"] = "prompt_started"
    prompt_id: str
    kind: str
    question: str | None = None


class PromptEndedCue(Record):
    """A prompt is over, or was cut."""

    cue: Literal["prompt_ended"] = "prompt_ended"
    prompt_id: str
    kind: str
    interrupted: bool = False


class TurnGivenCue(Record):
    """We wait for the candidate."""

    cue: Literal["turn_given"] = "turn_given"
    question: str | None = None
    after: str = ""


class InterruptedCue(Record):
    """We noticed that the candidate spoke over us, and gave way or went on. Only the measurements use it."""

    cue: Literal["interrupted"] = "interrupted"
    prompt_id: str
    stopped: bool


Cue = Annotated[PromptStartedCue | PromptEndedCue | TurnGivenCue | InterruptedCue, Field(discriminator="cue")]


# ---- commands -------------------------------------------------------------------------------------------------------


class Arm(Record):
    """Be ready for this call."""

    op: Literal["arm"] = "arm"
    plan: CallPlan


class Stage(Record):
    """A stage cue for a call; it is stamped with the phone's clock when it arrives."""

    op: Literal["stage"] = "stage"
    call: str
    cue: Cue


class Disarm(Record):
    """Hang up if the call is up, and forget it."""

    op: Literal["disarm"] = "disarm"
    call: str


class Quit(Record):
    """End everything."""

    op: Literal["quit"] = "quit"


class Route(Record):
    """To the network: calls to this number go to that phone, over that line."""

    op: Literal["route"] = "route"
    number: str
    phone_port: int
    line: Line
    seed: int = 0


class Unroute(Record):
    """To the network: the call is over; `Relayed` answers."""

    op: Literal["unroute"] = "unroute"
    number: str


PHONE_COMMANDS: TypeAdapter[Arm | Stage | Disarm | Quit] = TypeAdapter(
    Annotated[Arm | Stage | Disarm | Quit, Field(discriminator="op")]
)
NETWORK_COMMANDS: TypeAdapter[Route | Unroute | Quit] = TypeAdapter(Annotated[Route | Unroute | Quit, Field(discriminator="op")])


# ---- what is told back ---------------------------------------------------------------------------------------------


class Spoken(Record):
    """Something the candidate said."""

    key: str
    kind: Literal["turn", "interrupt", "backchannel"]
    text: str
    start_ms: int
    end_ms: int
    """The last sample of speech that left the phone (earlier than planned when the call ended in the middle)."""
    pauses: tuple[tuple[int, int], ...] = ()
    cut: bool = False
    """The call ended in the middle of it."""
    question: str | None = None
    """What it answers."""
    awaits_reply: bool = True


class StageMark(Record):
    """A cue with the phone's time of its arrival."""

    at_ms: int
    cue: Cue


class PhoneLog(Record):
    """Everything the phone knows of a call once it is over."""

    call: str
    number: str
    spoken: tuple[Spoken, ...] = ()
    stages: tuple[StageMark, ...] = ()
    answered_ms: int | None = None
    """When the phone picked up; None: it never did."""
    ended_ms: int = 0
    keys: str = ""
    """DTMF keys pressed."""
    hung_up_by: Literal["candidate", "caller", "nobody"] = "nobody"
    """`caller`: or the simulation, clearing up; `nobody`: no answered call."""
    final_code: int | None = None
    """SIP code the call ended with."""
    codec: str | None = None
    recording: Path | None = None
    rtp_lost: int = 0
    """Packets the relay dropped on purpose, both ways."""
    rtp_relayed: int = 0
    late_ticks: int = 0
    """Ticks of the phone's 20 ms clock that came more than 20 ms late: measures the measuring."""


class Ready(Record):
    """The process listens."""

    report: Literal["ready"] = "ready"
    sip_port: int


class Routed(Record):
    """From the network: the number may be dialled."""

    report: Literal["routed"] = "routed"
    number: str


class Relayed(Record):
    """From the network: RTP packets of a call that ran through it, both ways."""

    report: Literal["relayed"] = "relayed"
    number: str
    packets: int
    lost: int


class Armed(Record):
    """The call may be dialled now."""

    report: Literal["armed"] = "armed"
    call: str


class Happened(Record):
    """A step of a call, as it happens."""

    report: Literal["happened"] = "happened"
    call: str
    what: Literal["ringing", "answered", "speech_started", "speech_ended", "heard_started", "heard_ended", "key", "hung_up"]
    at_ms: int
    detail: str = ""


class Finished(Record):
    """The last report of a call."""

    report: Literal["finished"] = "finished"
    log: PhoneLog


class Failed(Record):
    """A command could not be carried out, or the phone cannot go on (`call` None)."""

    report: Literal["failed"] = "failed"
    call: str | None
    what: str


PhoneReport = Ready | Armed | Happened | Finished | Failed
PHONE_REPORTS: TypeAdapter[PhoneReport] = TypeAdapter(Annotated[PhoneReport, Field(discriminator="report")])
NetworkReport = Ready | Routed | Relayed | Failed
NETWORK_REPORTS: TypeAdapter[NetworkReport] = TypeAdapter(Annotated[NetworkReport, Field(discriminator="report")])
