"""The simulated phones as seen from asyncio: starts their processes, arms calls, passes stage cues on, hands out what they report.

One network process listens where Asterisk's trunk points; behind it as many phone processes as the calls of the moment need.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self, TypeVar

from agi_app.errors import SetupError
from agi_app.simulate.child import Child
from agi_app.simulate.plan import (
    NETWORK_REPORTS,
    PHONE_REPORTS,
    Arm,
    Armed,
    CallPlan,
    Cue,
    Disarm,
    Failed,
    Finished,
    Happened,
    PhoneLog,
    Ready,
    Relayed,
    Route,
    Routed,
    Stage,
    Unroute,
)

START_S = 20.0
CALLS_A_PHONE = 4
"""What one phone process takes (softphone.MAX_CALLS; that module cannot be imported here)."""

T = TypeVar("T")
Watch = Callable[[Happened], None]
Answer = asyncio.Future[None] | asyncio.Future[int] | asyncio.Future[PhoneLog] | asyncio.Future[Relayed]


class _Phone:
    """One phone process."""

    def __init__(self, watch: Watch | None) -> None:
        self._watch = watch
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[int] = loop.create_future()
        self.armed: dict[str, asyncio.Future[None]] = {}
        self.logs: dict[str, asyncio.Future[PhoneLog]] = {}
        self.broken = False
        self.child = Child("agi_app.simulate.softphone", on_line=self._read, on_end=lambda why: self._fail(why, None))

    @property
    def load(self) -> int:
        """Calls it has or awaits."""
        return sum(not log.done() for log in self.logs.values())

    def _read(self, line: bytes) -> None:
        match PHONE_REPORTS.validate_json(line):
            case Ready(sip_port=port):
                self.ready.set_result(port)
            case Armed(call=call):
                _settle(self.armed.get(call), None)
            case Happened() as happened:
                if self._watch:
                    self._watch(happened)
            case Finished(log=log):
                _settle(self.logs.get(log.call), log)
            case Failed(call=call, what=what):
                self._fail(what, call)

    def _fail(self, what: str, call: str | None) -> None:
        """Whoever waits for this call, or for anything of this process, learns it."""
        error = SetupError(what, where="simulated phones")
        self.broken = self.broken or call is None
        waiting: list[Answer] = [self.ready] if call is None else []
        for name, armed in self.armed.items():
            waiting += [armed] if call in {None, name} else []
        for name, log in self.logs.items():
            waiting += [log] if call in {None, name} else []
        for future in waiting:
            _refuse(future, error)


class PhoneBank:
    """Simulated phones behind one UDP port; an async context manager.

    Args:
        port: UDP port on loopback Asterisk's trunk for simulated candidates points at; 0 picks a free one.
        watch: told of every step of every call; must not block.

    Raises:
        SetupError: pjsua2 is missing, or the port is taken.
    """

    def __init__(self, port: int = 0, watch: Watch | None = None) -> None:
        self.port = port
        self._watch = watch
        self._phones: list[_Phone] = []
        self._of_call: dict[str, _Phone] = {}
        self._numbers: dict[str, str] = {}
        self._starting = asyncio.Lock()
        self._listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._routed: dict[str, asyncio.Future[None]] = {}
        self._relayed: dict[str, asyncio.Future[Relayed]] = {}
        self._network: Child | None = None

    async def __aenter__(self) -> Self:
        if importlib.util.find_spec("pjsua2") is None:
            raise SetupError("simulated phones need pjsua2, which is not installed", remedy="pip install 'hireline[simulate]'")
        arguments = ("--port", str(self.port))
        self._network = Child(
            "agi_app.simulate.network", *arguments, on_line=self._read_network, on_end=lambda why: self._network_failed(why, None)
        )
        try:
            await self._network.start()
            self.port = await _within(self._listening, START_S)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        await self._stop()

    # ---- calls ------------------------------------------------------------------------------------------------------

    async def arm(self, plan: CallPlan) -> None:
        """Make ready for a call to the plan's number; it may be dialled when this returns.

        Raises:
            SetupError: the phones are gone, or the number is in use.
        """
        if plan.number in self._numbers.values() or plan.call in self._numbers or self._network is None:
            raise SetupError("this call, or its number, is in use already", where=plan.call)
        loop = asyncio.get_running_loop()
        self._numbers[plan.call] = plan.number
        try:
            phone = await self._phone_for(plan)
            phone.armed[plan.call] = loop.create_future()
            phone.child.send(Arm(plan=plan))
            await _within(phone.armed[plan.call], START_S)
            self._routed[plan.number] = loop.create_future()
            line, port = plan.persona.line, phone.ready.result()
            self._network.send(Route(number=plan.number, phone_port=port, line=line, seed=plan.seed))
            await _within(self._routed[plan.number], START_S)
        except BaseException:
            self._forget(plan.call)
            raise

    def stage(self, call: str, cue: Cue) -> None:
        """Tell the candidate of a call what the interview does now; a call that is over needs no telling."""
        phone = self._of_call.get(call)
        if phone is not None and not phone.broken and not phone.logs[call].done():
            phone.child.send(Stage(call=call, cue=cue))

    def disarm(self, call: str) -> None:
        """The candidate hangs up, or never comes; the log follows."""
        phone = self._of_call.get(call)
        if phone is not None and not phone.broken and not phone.logs[call].done():
            phone.child.send(Disarm(call=call))

    async def log(self, call: str) -> PhoneLog:
        """Wait for the end of an armed call.

        Raises:
            SetupError: the phones failed.
        """
        phone, number = self._of_call[call], self._numbers[call]
        log = await asyncio.shield(phone.logs[call])
        self._relayed[number] = asyncio.get_running_loop().create_future()
        assert self._network is not None  # noqa: S101 - it is armed
        self._network.send(Unroute(number=number))
        counts = await _within(self._relayed[number], START_S)
        self._forget(call)
        return log.model_copy(update={"rtp_relayed": counts.packets, "rtp_lost": counts.lost})

    def _forget(self, call: str) -> None:
        number = self._numbers.pop(call, "")
        self._routed.pop(number, None)
        self._relayed.pop(number, None)
        phone = self._of_call.pop(call, None)
        if phone is not None:
            phone.armed.pop(call, None)
            phone.logs.pop(call, None)

    # ---- processes --------------------------------------------------------------------------------------------------

    async def _phone_for(self, plan: CallPlan) -> _Phone:
        """A phone with room, started if there is none; the call counts as its own from here on."""
        async with self._starting:
            phone = next((each for each in self._phones if not each.broken and each.load < CALLS_A_PHONE), None)
            if phone is None:
                phone = _Phone(self._watch)
                await phone.child.start()
                self._phones.append(phone)
                await _within(phone.ready, START_S)
            phone.logs[plan.call] = asyncio.get_running_loop().create_future()
            self._of_call[plan.call] = phone
            return phone

    def _read_network(self, line: bytes) -> None:
        match NETWORK_REPORTS.validate_json(line):
            case Ready(sip_port=port):
                self._listening.set_result(port)
            case Routed(number=number):
                _settle(self._routed.get(number), None)
            case Relayed() as relayed:
                _settle(self._relayed.get(relayed.number), relayed)
            case Failed(call=number, what=what):
                self._network_failed(what, number)

    def _network_failed(self, what: str, number: str | None) -> None:
        error = SetupError(what, where="network of the simulated phones", remedy="end what holds the port, or name another")
        waiting: list[Answer] = [self._listening] if number is None else []
        waiting += [future for name, future in self._routed.items() if number in {None, name}]
        waiting += [future for name, future in self._relayed.items() if number in {None, name}]
        if number is None:
            waiting += [log for phone in self._phones for log in phone.logs.values()]
        for future in waiting:
            _refuse(future, error)

    async def _stop(self) -> None:
        children = [phone.child for phone in self._phones] + ([self._network] if self._network else [])
        await asyncio.gather(*(child.stop() for child in children))


@contextlib.asynccontextmanager
async def armed(bank: PhoneBank, plan: CallPlan) -> AsyncIterator[None]:
    """Have a call armed while the block runs; if the phone is still on it afterwards, it hangs up."""
    await bank.arm(plan)
    try:
        yield
    finally:
        bank.disarm(plan.call)


async def _within(future: asyncio.Future[T], seconds: float) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await future
    except TimeoutError as error:
        raise SetupError(
            f"the simulated phones did not answer within {seconds:.0f} s", remedy="is the machine overloaded? call fewer at a time"
        ) from error


def _settle(future: asyncio.Future[T] | None, value: T) -> None:
    if future is not None and not future.done():
        future.set_result(value)


def _refuse(future: Answer, error: SetupError) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # looked at: nobody may be waiting for this one, and whoever is still gets it
