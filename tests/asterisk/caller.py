"""A telephone that calls us: sipp dialling the real Asterisk."""

from __future__ import annotations

import asyncio
import shutil
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.asterisk.conftest import free_port
from tests.asterisk.sipp_phone import SCENARIOS, keys_as_pcap


def pause(ms: int) -> str:
    """A step of the call: nothing."""
    return f'  <pause milliseconds="{ms}"/>\n'


def keys(folder: Path, pressed: str) -> str:
    """A step of the call: keys."""
    capture = folder / f"keys-{len(list(folder.glob('keys-*')))}.pcap"
    keys_as_pcap(capture, pressed)
    return f'  <nop><action><exec play_pcap_audio="{capture}"/></action></nop>\n'


def speech(folder: Path, pcm: npt.NDArray[np.int16]) -> str:
    """A step of the call: something said (8 kHz), and nothing else until it is over."""
    capture = folder / f"speech-{len(list(folder.glob('speech-*')))}.pcap"
    padded = np.concatenate([pcm, np.zeros(-pcm.size % 160, np.int16)])
    payloads = [alaw(frame) for frame in padded.reshape(-1, 160)]
    packets = [
        struct.pack("!BBHII", 0x80, 8 | (0x80 if number == 0 else 0), number, 160 * number, 0x5EED) + payload
        for number, payload in enumerate(payloads)
    ]
    with capture.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number, rtp in enumerate(packets):
            udp = struct.pack("!HHHH", 6000, 6000, 8 + len(rtp), 0) + rtp
            ip = struct.pack("!BBHHHBBHII", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, 0x7F000001, 0x7F000001) + udp
            packet = bytes(12) + b"\x08\x00" + ip
            file.write(struct.pack("<IIII", number // 50, number % 50 * 20_000, len(packet), len(packet)) + packet)
    return f'  <nop><action><exec play_pcap_audio="{capture}"/></action></nop>\n' + pause(20 * len(packets))


def alaw(pcm: npt.NDArray[np.int16]) -> bytes:
    """G.711 A-law of 16-bit samples (ITU-T G.711, table 1a: sign, three bits of segment, four of level; even bits inverted)."""
    size = np.minimum(np.abs(pcm.astype(np.int32)) >> 3, 4095)
    segment = np.maximum(0, np.floor(np.log2(np.maximum(size, 1))).astype(np.int32) - 4)
    level = size >> np.maximum(1, segment)
    code = (segment << 4) | (level & 0x0F)
    return ((code | np.where(pcm >= 0, 0x80, 0)) ^ 0x55).astype(np.uint8).tobytes()


@asynccontextmanager
async def calling_in(
    sip_port: int, folder: Path, *, caller: str, course: str, called: str = "02886100000"
) -> AsyncIterator[asyncio.Task[int]]:
    """Call Asterisk from `caller` inside the context; the task is done when the caller has hung up."""
    program = shutil.which("sipp")
    assert program, "sipp is missing: apt-get install sip-tester"
    text = (SCENARIOS / "calls_in.xml").read_text(encoding="ascii")
    for name, value in {"caller": caller, "called": called, "course": course}.items():
        text = text.replace(f"@{name}@", value)
    script = folder / "calls_in.xml"
    script.write_text(text, encoding="ascii")
    port, media = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM)
    command = [program, f"127.0.0.1:{sip_port}", "-sf", str(script), "-nostdin", "-i", "127.0.0.1", "-p", str(port), "-m", "1"]
    command += ["-mi", "127.0.0.1", "-mp", str(media), "-timeout", "60"]
    with (folder / "caller.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, cwd=folder)
    waiting = asyncio.create_task(process.wait())
    try:
        yield waiting
    finally:
        if process.returncode is None:
            process.kill()
        await waiting
