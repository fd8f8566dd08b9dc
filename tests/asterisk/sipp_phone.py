"""A telephone for the tests: sipp answering one call with one of the scenarios in sipp/."""

from __future__ import annotations

import asyncio
import random
import shutil
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

SCENARIOS = Path(__file__).parent / "sipp"


def _listening(port: int) -> bool:
    """Whether some process holds the UDP port (Linux lists ports in hexadecimal)."""
    lines = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    return any(line.split()[1].endswith(f":{port:04X}") for line in lines)


@asynccontextmanager
async def sipp_phone(scenario: str, port: int, folder: Path, **words: str) -> AsyncIterator[None]:
    """Be reachable on UDP `port` inside the context; `words` replace @word@ in the scenario.

    Afterwards the scenario must have run through, or been left alone.
    """
    program = shutil.which("sipp")
    assert program, "sipp is missing: apt-get install sip-tester"
    text = (SCENARIOS / f"{scenario}.xml").read_text(encoding="ascii")
    for name, value in words.items():
        text = text.replace(f"@{name}@", value)
    script = folder / f"{scenario}.xml"
    script.write_text(text, encoding="ascii")
    command = [program, "-sf", str(script), "-nostdin", "-i", "127.0.0.1", "-p", str(port), "-m", "1"]
    command += ["-mi", "127.0.0.1", "-mp", str(random.randrange(32_000, 60_000, 4)), "-rtp_echo", "-timeout", "60"]
    output = folder / f"{scenario}.log"
    with output.open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, "127.0.0.1", stdout=log, stderr=log, cwd=folder)
    try:
        async with asyncio.timeout(5):
            while not _listening(port):
                assert process.returncode is None, output.read_text(errors="replace")[-2000:]
                await asyncio.sleep(0.02)
        yield
        try:
            async with asyncio.timeout(3):
                code = await process.wait()
        except TimeoutError:
            return  # nobody called, or the call never got to the scenario's end: not what these tests are about
        assert code == 0, output.read_text(errors="replace")[-3000:]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def keys_as_pcap(path: Path, keys: str, payload_type: int = 101) -> None:
    """Write a capture file of telephone events (RFC 4733) for sipp to play: each key 100 ms, 100 ms between keys."""
    packets = []
    sequence = 0
    for number, key in enumerate(keys):
        code = "0123456789*#".index(key)
        for step in range(8):  # five packets while the key is held, three that say it was let go
            ended = step >= 5
            event = struct.pack("!BBH", code, (0x80 if ended else 0) | 10, min(step + 1, 5) * 160)
            first = 0x80 if step == 0 else 0
            rtp = struct.pack("!BBHII", 0x80, first | payload_type, sequence, 1600 * (number + 1), 0x5EED) + event
            sequence += 1
            udp = struct.pack("!HHHH", 6000, 6000, 8 + len(rtp), 0) + rtp
            ip = struct.pack("!BBHHHBBHII", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, 0x7F000001, 0x7F000001) + udp
            packets.append((number * 0.2 + step * 0.02, bytes(12) + b"\x08\x00" + ip))
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for at_s, packet in packets:
            file.write(struct.pack("<IIII", int(at_s), int(at_s % 1 * 1_000_000), len(packet), len(packet)) + packet)
