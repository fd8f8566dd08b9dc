"""The life of the Asterisk process we run ourselves: start, readiness, end, death, and what is left behind (nothing)."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from agi_app.config import Settings
from agi_app.errors import AsteriskError, SetupError
from agi_app.telephony.server import AsteriskInstallation, AsteriskServer, check, ensure_asterisk, process
from agi_app.telephony.server.checks import needed_modules


async def until(condition: Callable[[], bool], seconds: float = 15) -> bool:
    """Whether `condition` becomes true within `seconds`."""
    for _ in range(round(seconds / 0.01)):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return False


def lives(server: AsteriskServer) -> bool:
    return server.instance.running_pid() is not None


def process_status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


async def test_starts_without_a_single_warning(spare_server: AsteriskServer) -> None:
    await spare_server.start()
    assert spare_server.running
    assert "System uptime" in await spare_server.cli("core show uptime")
    log = spare_server.log_path.read_text()
    assert "Asterisk" in log  # the log is written, so that its silence means something
    assert not re.findall(r".*(?:ERROR|WARNING).*", log + spare_server.instance.console_path.read_text())


async def test_every_listed_module_runs(asterisk: AsteriskServer) -> None:
    needed = needed_modules(asterisk.settings)
    assert {"chan_pjsip.so", "chan_websocket.so", "res_ari_channels.so", "codec_g722.so"} <= set(needed)
    shown = await asterisk.cli("module show")
    running = set(re.findall(r"^(\S+\.so) .* \d+ +Running ", shown, re.MULTILINE))  # and not "Not Running"
    assert [module for module in needed if module not in running] == []


async def test_runs_without_privileges(asterisk: AsteriskServer) -> None:
    fields = process_status(asterisk.pid)
    assert "0" not in fields["Uid"].split()
    assert int(fields["CapEff"], 16) == 0
    assert fields["NoNewPrivs"] == "1"


async def test_secrets_and_configuration_are_closed_to_others(asterisk: AsteriskServer) -> None:
    etc = asterisk.instance.folder / "etc"
    for path in [etc, *etc.rglob("*")]:
        assert path.stat().st_mode & 0o027 == 0, path  # others nothing, Asterisk's group no writing
    assert asterisk.secrets.ari_password in (etc / "local" / "ari.conf").read_text()


def test_a_second_ensure_does_nothing(installation: AsteriskInstallation) -> None:
    before = installation.root.stat() if installation.root else None
    said: list[str] = []
    assert ensure_asterisk(Settings(), said.append) == installation
    assert said == []
    assert (installation.root.stat() if installation.root else None) == before


@pytest.mark.parametrize("setting", ["sip_port", "http_port", "ami_port"])
async def test_a_taken_port_is_named_with_its_setting(spare_server: AsteriskServer, setting: str) -> None:
    kind = socket.SOCK_DGRAM if setting == "sip_port" else socket.SOCK_STREAM
    port = getattr(spare_server.settings.asterisk, setting)
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        with pytest.raises(SetupError) as caught:
            await spare_server.start()
    assert str(port) in caught.value.what
    assert f"asterisk.{setting}" in str(caught.value.remedy)
    assert spare_server.instance.running_pid() is None
    await spare_server.start()  # the refusal left nothing in the way
    assert spare_server.running


async def test_stop_leaves_no_process_and_may_be_repeated(spare_server: AsteriskServer) -> None:
    async with spare_server:
        pid = spare_server.pid
        assert spare_server.instance.running_pid() == pid
    assert not psutil.pid_exists(pid)  # reaped, too
    await spare_server.stop()
    with pytest.raises(AsteriskError):
        await spare_server.cli("core show uptime")


async def test_a_killed_asterisk_is_noticed_and_can_be_started_again(spare_server: AsteriskServer) -> None:
    await spare_server.start()
    watching = asyncio.create_task(spare_server.wait_ended())
    await asyncio.sleep(0)
    assert not watching.done()
    await spare_server.kill()
    assert await asyncio.wait_for(watching, 5) == -signal.SIGKILL
    assert not spare_server.running
    await spare_server.start()
    assert spare_server.running
    assert spare_server.problems() == []


async def test_cancelling_the_start_leaves_no_process(spare_server: AsteriskServer) -> None:
    starting = asyncio.create_task(spare_server.start())
    assert await until(lambda: lives(spare_server))
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert spare_server.instance.running_pid() is None


PARENT = """
    import asyncio, sys
    from pathlib import Path
    from agi_app.config import Settings
    from agi_app.telephony.server import AsteriskServer, ensure_asterisk

    async def main():
        settings = Settings.model_validate_json(sys.stdin.readline())
        server = AsteriskServer(settings, ensure_asterisk(Settings()), name=sys.argv[1])
        await server.start()
        print(server.pid, flush=True)
        await asyncio.sleep(600)

    asyncio.run(main())
"""


def start_parent(server: AsteriskServer) -> tuple[subprocess.Popen[str], int]:
    """Another Hireline process that runs this server's instance; and its Asterisk's pid."""
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), server.instance.name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    parent.stdin.write(server.settings.model_dump_json() + "\n")
    parent.stdin.close()
    for line in parent.stdout:
        if line.strip().isdigit():
            return parent, int(line)
    raise AssertionError("the other process did not start its Asterisk")


async def test_asterisk_ends_when_our_process_is_killed(spare_server: AsteriskServer) -> None:
    parent, pid = await asyncio.to_thread(start_parent, spare_server)
    try:
        assert spare_server.instance.running_pid() == pid
        with pytest.raises(AsteriskError, match="already run by another"):
            await spare_server.start()
        assert psutil.pid_exists(pid)  # the refusal did not touch the other's Asterisk
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    assert await until(lambda: not lives(spare_server))
    await spare_server.start()  # and the instance is free again
    assert spare_server.running


async def test_a_stale_asterisk_of_ours_is_ended_and_nobody_elses(
    asterisk: AsteriskServer, spare_server: AsteriskServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "STOP_GRACE_S", 1.0)
    await spare_server.start()
    await spare_server.stop()
    orphan = await asyncio.to_thread(subprocess.Popen, spare_server.instance.command("-f"), stdout=subprocess.DEVNULL)
    try:
        assert await until((spare_server.instance.folder / "run" / "asterisk.ctl").exists)
        await spare_server.cli("core waitfullybooted")  # from here on it handles SIGTERM
        os.kill(orphan.pid, signal.SIGSTOP)  # one that does not even react to SIGTERM
        await asyncio.gather(spare_server.start(), asyncio.to_thread(orphan.wait))
    finally:
        if orphan.poll() is None:
            orphan.kill()
            orphan.wait()
    assert orphan.returncode == -signal.SIGKILL
    assert spare_server.running
    assert asterisk.running  # lives in another folder, though it runs the same program


async def test_a_start_that_fails_says_what_asterisk_said(own_files: AsteriskServer) -> None:
    modules = own_files.settings.paths.asterisk_conf / "modules.conf"
    modules.write_text(modules.read_text() + "\nrequire = res_no_such_thing.so\n")
    with pytest.raises(AsteriskError, match=r"(?s)ended during its start.*res_no_such_thing"):
        await own_files.start()
    assert own_files.instance.running_pid() is None


async def test_a_start_that_takes_too_long_is_given_up(spare_server: AsteriskServer) -> None:
    asterisk = spare_server.settings.asterisk.model_copy(update={"start_timeout_s": 0.02})
    spare_server.settings = spare_server.settings.model_copy(update={"asterisk": asterisk})
    with pytest.raises(AsteriskError, match=r"not ready within 0\.02 s"):
        await spare_server.start()
    assert spare_server.instance.running_pid() is None


async def test_an_unknown_console_command_is_an_error(asterisk: AsteriskServer) -> None:
    with pytest.raises(AsteriskError, match="does not know"):
        await asterisk.cli("make coffee")


async def test_doctor_finds_a_running_asterisk_healthy(asterisk: AsteriskServer) -> None:
    checks = await check(asterisk.settings, name=asterisk.instance.name)
    assert [item for item in checks if not item.ok] == []
    names = {item.name for item in checks}
    assert {"asterisk", "disk", "ARI", "modules", f"port {asterisk.settings.asterisk.sip_port}/udp"} <= names


async def test_doctor_examines_an_asterisk_that_others_run(asterisk: AsteriskServer) -> None:
    foreign = asterisk.settings.asterisk.model_copy(update={"managed": False})
    found = {item.name: item for item in await check(asterisk.settings.model_copy(update={"asterisk": foreign}))}
    assert {"ARI", "modules", "disk"} <= set(found)
    assert all(item.ok for item in found.values())
    assert asterisk.version in found["ARI"].detail


async def test_a_running_asterisk_without_any_endpoint_is_healthy(spare_server: AsteriskServer) -> None:
    await spare_server.start()
    checks = {item.name: item for item in await check(spare_server.settings, name=spare_server.instance.name)}
    assert checks["ARI"].ok, checks["ARI"].detail
    assert checks["modules"].ok
