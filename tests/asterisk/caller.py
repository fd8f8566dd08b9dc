"""A telephone that calls us: sipp dialling the real Asterisk."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

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


@asynccontextmanager
async def calling_in(
    sip_port: int, folder: Path, *, caller: str, course: str, called: str = "02886100000"
) -> AsyncIterator[asyncio.Task[int]]:
    """Call Asterisk from `caller` inside the context; the task is done when the caller has hung up."""
    import socket

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
