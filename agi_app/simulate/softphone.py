"""The phones of the simulated candidates: a process of its own, up to MAX_CALLS calls at once, told apart by the number dialled.

`python -m agi_app.simulate.softphone` speaks JSON lines: commands of plan.py on standard input, reports on standard output, its own
trouble on standard error. It ends when its standard input does, so it never outlives the one who started it.
"""

from __future__ import annotations

import contextlib
import gc
import heapq
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Literal, TextIO

from pydantic import ValidationError

from agi_app.simulate.brain import End, Press
from agi_app.simulate.line import FRAME_MS, SAMPLE_RATE
from agi_app.simulate.persona import How
from agi_app.simulate.plan import (
    PHONE_COMMANDS,
    Arm,
    Armed,
    CallPlan,
    Disarm,
    Failed,
    Finished,
    Happened,
    PhoneLog,
    PhoneReport,
    Quit,
    Ready,
    Stage,
)
from agi_app.simulate.relay import LOOPBACK
from agi_app.simulate.sip import SipMessage

try:
    import pjsua2 as pj

    from agi_app.simulate.handset import Handset
    from agi_app.simulate.phone_call import HandsetPort, PhoneCall, check_frame_bytes
except ImportError as error:
    sys.exit(f"the simulated phone needs pjsua2: pip install 'hireline[simulate]' ({error})")

MAX_CALLS = 4
"""PJSUA_MAX_CALLS of the published wheels: a fifth call is refused as busy by the library, whatever is asked of it."""
POLL_MS = 5
VOICEMAIL_S = 60
"""A voicemail records so long, then hangs up."""
RINGING = frozenset({How.ANSWER, How.NO_ANSWER, How.REJECT, How.VOICEMAIL})
"""Phones that do this ring first; busy and announced numbers do not."""
FIRST_CODES = {How.ANSWER: 200, How.VOICEMAIL: 200, How.ANNOUNCEMENT: 183}


class _Account(pj.Account):  # type: ignore[misc] # pjsua2 is untyped
    def __init__(self, incoming: Callable[[int, str], None]) -> None:
        super().__init__()
        self._incoming = incoming

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:  # noqa: N802 - pjsua2's name
        self._incoming(prm.callId, prm.rdata.wholeMsg)


class Softphone:
    """All phones of one process. Everything of SIP happens on the thread that calls `run`.

    Args:
        out: where reports go.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._commands: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._todo: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._reports: queue.SimpleQueue[PhoneReport] = queue.SimpleQueue()
        self._plans: dict[str, CallPlan] = {}
        self._calls: dict[str, PhoneCall] = {}
        self._refused: list[pj.Call] = []
        self._idle_ports: list[HandsetPort] = []
        self._made_ports = 0
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._timer_number = 0
        self._running = True

    # ---- life -------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until standard input ends or `quit` is read."""
        with self._library() as (endpoint, port):
            threading.Thread(target=self._read, name="commands", daemon=True).start()
            self._tell(Ready(sip_port=port))
            while self._running:
                endpoint.libHandleEvents(POLL_MS)
                self._work()
            self._drop_all()
            deadline = time.monotonic() + 2
            while self._calls and time.monotonic() < deadline:
                endpoint.libHandleEvents(POLL_MS)
                self._work()
            for plan in list(self._plans.values()):
                self._finish_unused(plan)
        self._flush()

    def _drop_all(self) -> None:
        """A method of its own: a loop variable of `run` would keep the last call alive beyond the library, which aborts then."""
        for call in self._calls.values():
            call.drop()

    @contextlib.contextmanager
    def _library(self) -> Iterator[tuple[pj.Endpoint, int]]:
        """pjsua, up and listening on a free UDP port of loopback."""
        endpoint = pj.Endpoint()
        endpoint.libCreate()
        try:
            config = pj.EpConfig()
            config.logConfig.level = config.logConfig.consoleLevel = 1
            config.uaConfig.threadCnt = 0
            config.uaConfig.maxCalls = MAX_CALLS
            config.uaConfig.userAgent = "Hireline simulated candidate"
            config.medConfig.clockRate = config.medConfig.sndClockRate = SAMPLE_RATE
            config.medConfig.noVad = True
            endpoint.libInit(config)
            transport = pj.TransportConfig()
            transport.port, transport.boundAddress = 0, LOOPBACK
            number = endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
            endpoint.libStart()
            endpoint.audDevManager().setNullDev()
            port = int(endpoint.transportGetInfo(number).localName.rpartition(":")[2])
            self._account = self._listen(port)
            yield endpoint, port
            self._account.shutdown()
            # Everything of pjsua goes before the library does: it aborts otherwise.
            self._timers.clear()
            self._calls.clear()
            self._refused.clear()
            self._idle_ports.clear()
            del self._account
            gc.collect()
        finally:
            endpoint.libDestroy()

    def _listen(self, port: int) -> _Account:
        config = pj.AccountConfig()
        config.idUri = f"sip:candidate@{LOOPBACK}:{port}"
        config.mediaConfig.transportConfig.boundAddress = LOOPBACK
        config.mediaConfig.transportConfig.port = 0
        account = _Account(self._incoming)
        account.create(config)
        return account

    def _read(self) -> None:
        for line in sys.stdin:
            if line.strip():
                self._commands.put(line)
        self._commands.put(None)

    def _work(self) -> None:
        """Everything that waits: commands, what media threads asked for, timers, reports."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._command(self._commands.get_nowait())
        with contextlib.suppress(queue.Empty):
            while True:
                self._todo.get_nowait()()
        while self._timers and self._timers[0][0] <= time.monotonic():
            heapq.heappop(self._timers)[2]()
        self._flush()

    def _flush(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._out.write(self._reports.get_nowait().model_dump_json() + "\n")
        self._out.flush()

    def _tell(self, report: PhoneReport) -> None:
        self._reports.put(report)

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        self._timer_number += 1
        heapq.heappush(self._timers, (time.monotonic() + seconds, self._timer_number, work))

    # ---- commands ---------------------------------------------------------------------------------------------------

    def _command(self, line: str | None) -> None:
        if line is None:
            self._running = False
            return
        try:
            command = PHONE_COMMANDS.validate_json(line)
        except ValidationError as error:
            self._tell(Failed(call=None, what=f"command not understood: {error.errors()[0]['msg']}"))
            return
        match command:
            case Arm(plan=plan):
                if plan.number in self._plans or plan.call in self._calls:
                    self._tell(Failed(call=plan.call, what="this call or its number is armed already"))
                    return
                self._plans[plan.number] = plan
                self._tell(Armed(call=plan.call))
            case Stage(call=name, cue=cue):
                if call := self._calls.get(name):
                    call.handset.cue(cue)
            case Disarm(call=name):
                if call := self._calls.get(name):
                    call.drop()
                elif unused := next((each for each in self._plans.values() if each.call == name), None):
                    self._finish_unused(unused)
            case Quit():
                self._running = False

    def _finish_unused(self, plan: CallPlan) -> None:
        self._plans.pop(plan.number, None)
        self._tell(Finished(log=PhoneLog(call=plan.call, number=plan.number)))

    # ---- calls ------------------------------------------------------------------------------------------------------

    def _incoming(self, index: int, invite: str) -> None:
        message = SipMessage.parse(invite.encode())
        plan = self._plans.pop(message.number if message else "", None)
        if plan is None:
            self._refuse(index)
            return
        try:
            handset = Handset(plan, self._tell, lambda action: self._todo.put(lambda: self._act(plan.call, action)))
        except (OSError, RuntimeError) as error:  # soundfile's errors are RuntimeErrors
            self._tell(Failed(call=plan.call, what=f"a line cannot be read: {error}"))
            self._refuse(index)
            return
        call = PhoneCall(self._account, index, self._borrow_port(), handset, self._ended)
        self._calls[plan.call] = call
        pickup = plan.persona.pickup
        if pickup.how in RINGING:
            call.reply(pj.PJSIP_SC_RINGING)
            self._tell(Happened(call=plan.call, what="ringing", at_ms=0))
        if pickup.how is not How.NO_ANSWER:
            code = FIRST_CODES.get(pickup.how) or pickup.final_code or pj.PJSIP_SC_BUSY_HERE
            self._later(pickup.after_s, lambda: self._pick_up(call, code))

    def _refuse(self, index: int) -> None:
        """Nobody has this number."""
        self._refused = [each for each in self._refused if each.isActive()]
        call = pj.Call(self._account, index)
        self._refused.append(call)
        prm = pj.CallOpParam(True)
        prm.statusCode = pj.PJSIP_SC_NOT_FOUND
        call.answer(prm)

    def _borrow_port(self) -> HandsetPort:
        if not self._idle_ports:
            self._made_ports += 1
            self._idle_ports.append(HandsetPort(f"handset-{self._made_ports}", self._media_failed))
        return self._idle_ports.pop()

    def _media_failed(self, what: str) -> None:
        """A fault of ours on the media thread: nothing these phones measure can be trusted any more."""
        self._tell(Failed(call=None, what=f"the simulated candidate failed: {what}"))
        self._running = False

    def _pick_up(self, call: PhoneCall, code: int) -> None:
        if self._calls.get(call.handset.plan.call) is not call:
            return  # the caller gave up before
        call.reply(code)
        if call.handset.plan.persona.pickup.how is How.VOICEMAIL:
            self._later(VOICEMAIL_S, lambda: self._act(call.handset.plan.call, End()))

    def _act(self, name: str, action: Press | End) -> None:
        call = self._calls.get(name)
        if call is None:
            return
        match action:
            case Press(keys=keys):
                call.press(keys)
            case End():
                if call.was_answered:
                    call.leave()
                else:
                    call.reply(call.handset.plan.persona.pickup.final_code or pj.PJSIP_SC_TEMPORARILY_UNAVAILABLE)

    def _ended(self, call: PhoneCall) -> None:
        """pjsua says the call is over; the media thread may still be in its last frame, so the rest waits for two frames."""
        self._later(2 * FRAME_MS / 1000, lambda: self._finish(call))

    def _finish(self, call: PhoneCall) -> None:
        plan = call.handset.plan
        del self._calls[plan.call]
        self._idle_ports.append(call.port)
        by: Literal["candidate", "caller", "nobody"] = "nobody"
        if call.was_answered:
            by = "candidate" if call.hung_up else "caller"
        try:
            log = call.handset.finish(final_code=call.last_code, hung_up_by=by, codec=call.codec)
        except (OSError, RuntimeError) as error:
            self._tell(Failed(call=plan.call, what=f"the recording cannot be written: {error}"))
            return
        if call.was_answered:
            self._tell(Happened(call=plan.call, what="hung_up", at_ms=log.ended_ms, detail=by))
        self._tell(Finished(log=log))


def main() -> None:
    """Entry point of the process."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not mix with the reports
    sys.setswitchinterval(0.001)  # the media thread must not wait 5 ms for its turn
    if not check_frame_bytes():
        sys.exit("this build of pjsua2 keeps its frames in another way than this program reads them; install pjsua2-python 2.15")
    Softphone(out).run()


if __name__ == "__main__":
    main()
