"""Finding and installing Asterisk: what goes wrong on real machines, with stand-ins for the programs; a real one on the PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from agi_app.config import PathSettings, Settings
from agi_app.errors import SetupError
from agi_app.telephony.server import AsteriskInstallation, AsteriskServer, ensure_asterisk, find_asterisk

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="installing needs root")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in front of the PATH for stand-ins."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def fake_mmdebstrap(folder: Path, version: str) -> None:
    """Makes a root file system whose asterisk is a shell script; counts its runs."""
    program(
        folder,
        "mmdebstrap",
        f"""
        for target; do :; done
        echo run >> {folder}/runs
        echo "I: extracting archives..."
        for file in /bin/sh $(ldd /bin/sh | grep -o '/[^ ]*'); do
            mkdir -p "$target$(dirname "$file")" && cp -L "$file" "$target$file"
        done
        mkdir -p "$target/usr/sbin"
        printf '#!/bin/sh\\necho Asterisk {version}\\n' > "$target/usr/sbin/asterisk"
        chmod 755 "$target/usr/sbin/asterisk"
        sleep 0.3
        """,
    )


def state(tmp_path: Path) -> Settings:
    return Settings(paths=PathSettings(state=tmp_path / "state"))


def test_a_failing_download_shows_the_last_lines_and_leaves_nothing(tmp_path: Path, programs: Path) -> None:
    program(
        programs,
        "mmdebstrap",
        'for target; do :; done; mkdir -p "$target/usr"; echo "I: running apt-get update..."; '
        'echo "E: Temporary failure resolving mirror" >&2; exit 100',
    )
    said: list[str] = []
    with pytest.raises(SetupError, match="Temporary failure resolving") as caught:
        ensure_asterisk(state(tmp_path), said.append)
    assert "network" in str(caught.value.remedy)
    assert "running apt-get update..." in said
    assert [path.name for path in (tmp_path / "state" / "asterisk").iterdir()] == ["install.lock"]


def test_two_at_once_install_once_and_half_made_ones_are_discarded(tmp_path: Path, programs: Path) -> None:
    fake_mmdebstrap(programs, "22.10.3")
    half_made = tmp_path / "state" / "asterisk" / "rootfs.partial-1"
    (half_made / "usr").mkdir(parents=True)
    found: list[AsteriskInstallation] = []
    threads = [threading.Thread(target=lambda: found.append(ensure_asterisk(state(tmp_path)))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [item.version for item in found] == [(22, 10, 3)] * 2
    assert found[0].root == tmp_path / "state" / "asterisk" / "rootfs"
    assert (programs / "runs").read_text().count("run") == 1
    assert sorted(path.name for path in half_made.parent.iterdir()) == ["install.lock", "rootfs"]


def test_a_root_file_system_with_too_old_an_asterisk_is_refused(tmp_path: Path, programs: Path) -> None:
    fake_mmdebstrap(programs, "20.6.0")
    with pytest.raises(SetupError, match=r"Asterisk 20\.6\.0 is too old"):
        ensure_asterisk(state(tmp_path))
    assert not (tmp_path / "state" / "asterisk" / "rootfs").exists()


def test_an_old_asterisk_on_the_path_is_passed_over(tmp_path: Path, programs: Path) -> None:
    program(programs, "asterisk", "echo Asterisk 20.6.0~dfsg")
    assert find_asterisk(state(tmp_path)) is None


async def test_an_asterisk_on_the_path_is_used_where_it_is(
    installation: AsteriskInstallation, spare_server: AsteriskServer, programs: Path
) -> None:
    """A real one, as a system package would be: it sees our files, and its own /usr."""
    if installation.root is None:
        pytest.skip("this machine has its own Asterisk: all other tests run with it")
    unshare = shutil.which("unshare") or "unshare"
    mount = f"mount --rbind {installation.root}/usr /usr"
    if subprocess.run([unshare, "-m", "sh", "-c", mount], check=False, capture_output=True).returncode:  # noqa: ASYNC221
        pytest.skip("mount namespaces are not allowed here")
    program(programs, "asterisk", f"""exec {unshare} -m sh -c '{mount} && exec /usr/sbin/asterisk "$@"' asterisk "$@" """)
    found = find_asterisk(spare_server.settings)
    assert found is not None
    assert found.root is None
    server = AsteriskServer(spare_server.settings, found, name="system")
    async with server:
        assert server.problems() == []
        assert "System uptime" in await server.cli("core show uptime")
        assert server.instance.folder.is_relative_to(spare_server.settings.state)
        assert server.instance.running_pid() == server.pid
    assert server.instance.running_pid() is None
