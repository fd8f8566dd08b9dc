"""A real PostgreSQL for tests: one cluster a test run, on a port of its own, run by an unprivileged user.

Ask for the fixture `postgres`; `postgres.database()` makes an empty database and returns its connection string. The programs are
those of the Debian package; where it is not installed they are unpacked into var/postgresql, and nothing is installed.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

VAR = Path(__file__).resolve().parents[1] / "var"
START_S = 30.0


def programs() -> Path:
    """The folder of initdb and postgres."""
    unpacked = VAR / "postgresql"
    for root in (Path("/"), unpacked):
        if found := sorted(root.glob("usr/lib/postgresql/*/bin/initdb"), key=lambda path: float(path.parts[-3])):
            return found[-1].parent
    _unpack(unpacked)
    return next(unpacked.glob("usr/lib/postgresql/*/bin"))


def _unpack(target: Path) -> None:
    archives = VAR / "postgresql-packages"
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "update", "-qq"], check=True, timeout=120)
    command = ["apt-get", "install", "-qq", "-y", "--download-only", "--no-install-recommends", "postgresql"]
    subprocess.run([*command, "-o", f"Dir::Cache::archives={archives}", "-o", "APT::Sandbox::User=root"], check=True, timeout=300)
    for package in archives.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, target], check=True, timeout=120)
    shutil.rmtree(archives)


class Cluster:
    """A running PostgreSQL."""

    user = "hireline"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bin = programs()
        self._made = 0
        self.password = secrets.token_urlsafe(16)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._as = self._unprivileged()
        self._environment = {"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"], "PGPASSWORD": self.password}
        if (libraries := next(VAR.glob("postgresql/usr/lib/*-linux-gnu"), None)) is not None:
            self._environment["LD_LIBRARY_PATH"] = str(libraries)
        self._data = folder / "data"
        self._log = (folder / "log").open("wb")
        self._server: subprocess.Popen[bytes] | None = None

    def _unprivileged(self) -> tuple[str, ...]:
        """PostgreSQL refuses to run as root; it ends with the process that started it, however that ends."""
        end = ("setpriv", "--pdeathsig", "INT")
        if os.geteuid() != 0:
            return end
        names = {user.pw_name: user for user in pwd.getpwall()}
        user = names.get("postgres") or names["nobody"]
        os.chown(self._folder, user.pw_uid, user.pw_gid)
        return (*end, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")

    def make(self) -> None:
        """Initialise the files."""
        password = self._folder / "password"
        password.write_text(self.password)
        password.chmod(0o644)  # the folder above is closed to others
        self._run(
            "initdb", "-D", self._data, "-U", self.user, f"--pwfile={password}", "--auth=scram-sha-256", "-E", "UTF8", "--no-sync"
        )
        password.unlink()

    def start(self) -> None:
        """Start and wait until it takes connections."""
        options = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "fsync": "off",
            "shared_buffers": "16MB", "max_connections": 60, "logging_collector": "off",
        }  # fmt: skip
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._server = subprocess.Popen(
            [*self._as, self._bin / "postgres", "-D", self._data, *arguments],
            env=self._environment, stdout=self._log, stderr=self._log, cwd=self._folder,
        )  # fmt: skip
        deadline = time.monotonic() + START_S
        while self._psql("postgres", "SELECT 1").returncode != 0:
            assert self._server.poll() is None and time.monotonic() < deadline, self.log()  # noqa: PT018
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once; clients lose their connections."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(START_S)
            self._server = None

    def close(self) -> None:
        """Stop, and close the log."""
        self.stop()
        self._log.close()

    def dsn(self, database: str = "postgres") -> str:
        """Connection string of a database."""
        return f"postgresql://{self.user}:{self.password}@127.0.0.1:{self.port}/{database}"

    def database(self, name: str | None = None) -> str:
        """Make an empty database; its connection string."""
        self._made += 1
        name = name or f"test_{self._made}"
        made = self._psql("postgres", f'CREATE DATABASE "{name}"')
        assert made.returncode == 0, made.stderr.decode()
        return self.dsn(name)

    def log(self) -> str:
        """What the server has said."""
        return (self._folder / "log").read_text("utf-8", "replace")

    def _psql(self, database: str, sql: str) -> subprocess.CompletedProcess[bytes]:
        command = [self._bin / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.dsn(database), "-c", sql]
        return subprocess.run(command, env=self._environment, capture_output=True, timeout=START_S, check=False)

    def _run(self, program: str, *arguments: object) -> None:
        command = [*self._as, self._bin / program, *map(str, arguments)]
        done = subprocess.run(command, env=self._environment, capture_output=True, timeout=60, cwd=self._folder, check=False)
        assert done.returncode == 0, done.stderr.decode()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL that runs as long as the tests do."""
    VAR.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="test-postgres-", dir=VAR))
    cluster = Cluster(folder)
    try:
        cluster.make()
        cluster.start()
        yield cluster
    finally:
        cluster.close()
        shutil.rmtree(folder)
