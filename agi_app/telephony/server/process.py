"""A running Asterisk of our own: started, waited for, ended, and never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import signal
import subprocess
from collections.abc import Awaitable
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self, TextIO

import structlog

from agi_app.config import Settings
from agi_app.errors import AriError, AsteriskError, SetupError
from agi_app.telephony.secrets import Secrets, load_secrets
from agi_app.telephony.server import control
from agi_app.telephony.server.installation import AsteriskInstallation
from agi_app.telephony.server.instance import Instance
from agi_app.telephony.server.local_files import SimulatedTrunk, media_uri, render_local_files
from agi_app.telephony.server.ports import require_free

STOP_GRACE_S = 6.0
"""How long Asterisk may take to hang up its calls and leave before it gets SIGTERM, and again before SIGKILL."""
PORT_GRACE_S = 1.0
POLL_S = 0.05
TAIL_LINES = 12

_log = structlog.get_logger(__name__)


class AsteriskServer:
    """One Asterisk process on this machine, for as long as this object is started.

    It ends with our process, however that ends: the kernel then sends it SIGTERM, on which it hangs up all calls and leaves. Start
    it on a thread that lives as long as the program, such as the one of the event loop.

    Args:
        settings: ports, timeouts, folders.
        installation: what `ensure_asterisk` found.
        name: of the instance; by default the one the settings name.
        simulated_trunk: host and UDP port where simulated candidates listen; adds the trunk `simulated`.
        media: URI of our media server; by default from the settings.
    """

    def __init__(
        self,
        settings: Settings,
        installation: AsteriskInstallation,
        *,
        name: str | None = None,
        simulated_trunk: tuple[str, int] | None = None,
        media: str | None = None,
    ) -> None:
        self.settings = settings
        self.installation = installation
        self.instance = Instance.of(settings, installation, name)
        self.secrets: Secrets = load_secrets(settings.state)
        self.media_uri = media or media_uri(settings)
        self._simulated = SimulatedTrunk(*simulated_trunk) if simulated_trunk else None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: TextIO | None = None
        self._log_start = 0

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id. Raises AsteriskError when not started."""
        if self._process is None:
            raise AsteriskError("Asterisk has not been started")
        return self._process.pid

    @property
    def version(self) -> str:
        """E.g. 22.10.1."""
        return ".".join(map(str, self.installation.version))

    @property
    def log_path(self) -> Path:
        """Asterisk's notices, warnings and errors."""
        return self.instance.log_path

    @property
    def ari_url(self) -> str:
        """Base address of ARI, without a slash at the end."""
        return control.ari_url(self.settings)

    async def start(self) -> None:
        """Write the configuration, start Asterisk and wait until it has fully booted and ARI answers.

        Raises:
            SetupError: a port is taken, or the folder cannot be written.
            AsteriskError: it ended or was not ready within asterisk.start_timeout_s; with the last errors of its log.
        """
        if self.running:
            raise AsteriskError("Asterisk is running already", where=str(self.instance.folder))
        await self.stop()  # what is left of one that died
        self._lock = self.instance.lock()
        try:
            await self._end_stale()
            await self._require_free_ports()
            files = render_local_files(
                self.settings,
                self.secrets,
                PurePosixPath(self.instance.inside),
                media=self.media_uri,
                simulated=self._simulated,
            )
            await asyncio.to_thread(self.instance.prepare, self.settings, files)
            self._log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
            self._launch()
            await self._wait_ready()
        except BaseException:
            self._kill_group(signal.SIGKILL)
            self._release()
            raise
        if problems := self.problems():
            _log.warning("asterisk_started_with_problems", count=len(problems), log=str(self.log_path))
        _log.info("asterisk_started", pid=self.pid, version=self.version, instance=self.instance.name)

    async def stop(self) -> None:
        """End it: `core stop now` (calls are hung up), then SIGTERM, then SIGKILL. Does nothing when it does not run."""
        try:
            if self.running:
                try:
                    await control.run_cli(self.instance, "core stop now", timeout_s=STOP_GRACE_S)
                except AsteriskError as error:  # SIGTERM is next
                    _log.warning("asterisk_stop_command_failed", reason=error.what)
                for step in (signal.SIGTERM, signal.SIGKILL):
                    if await _within(STOP_GRACE_S, self.wait_ended()):
                        break
                    _log.warning("asterisk_does_not_stop", signal=step.name, pid=self.pid)
                    self._kill_group(step, reap=False)
                await self.wait_ended()
        finally:
            self._kill_group(signal.SIGKILL)
            self._release()

    async def kill(self) -> None:
        """SIGKILL, as a crash would look. For tests of faults."""
        self._kill_group(signal.SIGKILL)

    async def wait_ended(self) -> int:
        """Wait until the process has ended, by itself or not; its exit code, negative for a signal."""
        if self._process is None:
            raise AsteriskError("Asterisk has not been started")
        if self._process.poll() is None:
            await _process_end(self._process.pid)
        return self._process.wait()

    async def cli(self, command: str) -> str:
        """What Asterisk's console answers to one command. Raises AsteriskError."""
        return await control.run_cli(self.instance, command)

    def problems(self) -> list[str]:
        """Warnings and errors in the log since this start."""
        return self.instance.problems(self._log_start)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    def _launch(self) -> None:
        if not ipaddress.ip_address(self.settings.asterisk.host).is_loopback:
            _log.warning("asterisk_not_on_loopback", host=self.settings.asterisk.host, risk="ARI and AMI speak without encryption")
        with self.instance.console_path.open("wb") as console:
            self._process = subprocess.Popen(
                self.instance.command("-f", die_with_us=True),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd="/",
                env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/"},
            )

    async def _wait_ready(self) -> None:
        limit = self.settings.asterisk.start_timeout_s
        last = "nothing yet"
        try:
            async with asyncio.timeout(limit):
                while True:
                    if not self.running:
                        raise self._failed(
                            f"Asterisk ended during its start with code {self._process.returncode if self._process else '?'}"
                        )
                    try:
                        await control.run_cli(self.instance, "core waitfullybooted", timeout_s=limit)
                        await control.ask_ari(self.settings, self.secrets, "asterisk/ping")
                        break
                    except (AsteriskError, AriError) as error:
                        last = error.what
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise self._failed(f"Asterisk was not ready within {limit:g} s (last: {last})") from error

    def _failed(self, what: str) -> AsteriskError:
        lines = self.problems()
        if not lines and self.instance.console_path.exists():
            lines = self.instance.console_path.read_text(encoding="utf-8", errors="replace").splitlines()
        tail = "".join(f"\n    {line}" for line in lines[-TAIL_LINES:])
        return AsteriskError(
            f"{what}; its last lines:{tail or ' none'}", where=str(self.log_path), remedy="correct the file it names"
        )

    async def _require_free_ports(self) -> None:
        """Give an Asterisk that is on its way out a moment: a dying process loses its name before its sockets."""
        for _ in range(round(PORT_GRACE_S / POLL_S)):
            try:
                return require_free(self.settings.asterisk)
            except SetupError:
                await asyncio.sleep(POLL_S)
        return require_free(self.settings.asterisk)

    async def _end_stale(self) -> None:
        """End the Asterisk a crashed run of ours left in this very folder. We hold the lock, so nobody uses it."""
        if (pid := self.instance.running_pid()) is None:
            return
        _log.warning("asterisk_left_by_a_crash_is_ended", pid=pid, instance=self.instance.name)
        for step in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, step)
            if await _within(STOP_GRACE_S, _process_end(pid)):
                return
        raise AsteriskError("an Asterisk left by a crash cannot be ended", where=f"process {pid}", remedy=f"kill -9 {pid}")

    def _kill_group(self, step: signal.Signals, *, reap: bool = True) -> None:
        """Signal the process and whatever it started; by default wait for it, which after SIGKILL is at once."""
        if self._process is None or self._process.poll() is not None:
            return
        os.killpg(self._process.pid, step)
        if reap:
            self._process.wait()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


async def _process_end(pid: int) -> None:
    """Wait until a process has ended, and with it its sockets. It need not be our child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    try:
        loop.add_reader(descriptor, ended.set)
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def _within(seconds: float, work: Awaitable[object]) -> bool:
    try:
        await asyncio.wait_for(work, seconds)
    except TimeoutError:
        return False
    return True
