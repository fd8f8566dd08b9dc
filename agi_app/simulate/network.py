"""The network process: `python -m agi_app.simulate.network --port 15080`.

Commands of plan.py come as JSON lines on standard input, reports go to standard output; it ends when its standard input does.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

import uvloop
from pydantic import ValidationError

from agi_app.simulate.plan import NETWORK_COMMANDS, Failed, NetworkReport, Quit, Ready, Relayed, Route, Routed, Unroute
from agi_app.simulate.relay import Relay

LONGEST_COMMAND = 1 << 20


def _tell(report: NetworkReport) -> None:
    sys.stdout.write(report.model_dump_json() + "\n")
    sys.stdout.flush()


async def _carry_out(relay: Relay, command: Route | Unroute) -> None:
    match command:
        case Route():
            try:
                await relay.route(command.number, command.phone_port, command.line, command.seed)
            except OSError as error:
                _tell(Failed(call=command.number, what=f"no ports for the media of a call: {error}"))
                return
            _tell(Routed(number=command.number))
        case Unroute():
            counts = relay.unroute(command.number)
            _tell(Relayed(number=command.number, packets=counts.relayed, lost=counts.lost))


async def serve(port: int) -> int:
    """Relay until standard input ends. Returns the exit code."""
    relay = Relay(port)
    try:
        await relay.open()
    except OSError as error:
        _tell(Failed(call=None, what=f"UDP port {port} on loopback cannot be used: {error.strerror or error}"))
        return 1
    reader = asyncio.StreamReader(limit=LONGEST_COMMAND)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    _tell(Ready(sip_port=relay.port))
    async for line in reader:
        try:
            command = NETWORK_COMMANDS.validate_json(line)
        except ValidationError as error:
            _tell(Failed(call=None, what=f"command not understood: {error.errors()[0]['msg']}"))
            continue
        if isinstance(command, Quit):
            break
        await _carry_out(relay, command)
    relay.close()
    return 0


def main() -> None:
    """Entry point of the process."""
    parser = argparse.ArgumentParser(description="The network in front of simulated phones, driven over standard input.")
    parser.add_argument("--port", type=int, default=0, help="UDP port on loopback; 0 picks a free one")
    sys.exit(uvloop.run(serve(parser.parse_args().port)))


if __name__ == "__main__":
    main()
