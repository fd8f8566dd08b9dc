"""A real Asterisk for the tests in this folder: one for the whole session, on free ports, with a simulated trunk."""

from __future__ import annotations

import asyncio
import base64
import os
import random
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from agi_app.config import AsteriskSettings, ControlSettings, InboundSettings, MediaSettings, PathSettings, Settings
from agi_app.telephony.server import AsteriskInstallation, AsteriskServer, ensure_asterisk
from tests.asterisk.interview_stage import Theatre, theatre

LEFTOVER_LIMIT_S = 3.0


def free_port(kind: socket.SocketKind) -> int:
    """A port nobody holds, below those the kernel hands out by itself so that it stays free until it is used."""
    for _ in range(200):
        port = random.randrange(16_000, 20_000)
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port between 16000 and 20000")


def settings_on_free_ports(state: Path) -> Settings:
    """Settings with a state folder of their own, the weights and the Asterisk of the real one, and ports nobody holds.

    Kept audio and the trained understanding are shared with the real state folder: nothing is made twice.
    """
    (state / "asterisk").mkdir(parents=True)
    for made in ("models", "cache", "nlu"):
        shared = Settings().state / made
        shared.mkdir(parents=True, exist_ok=True)
        (state / made).symlink_to(shared)
    (state / "asterisk" / "rootfs").symlink_to(Settings().state / "asterisk" / "rootfs")
    first = random.randrange(20_000, 31_600, 2)
    return Settings(
        paths=PathSettings(state=state),
        asterisk=AsteriskSettings(
            sip_port=free_port(socket.SOCK_DGRAM),
            http_port=free_port(socket.SOCK_STREAM),
            ami_port=free_port(socket.SOCK_STREAM),
            rtp_first_port=first,
            rtp_last_port=first + 399,
            instance=f"test-{os.getpid()}-{random.randrange(16**6):06x}",
        ),
        media=MediaSettings(port=free_port(socket.SOCK_STREAM)),
        control=ControlSettings(port=free_port(socket.SOCK_STREAM)),
        inbound=InboundSettings(agi_port=free_port(socket.SOCK_STREAM)),
    )


@pytest.fixture(scope="session")
def installation() -> AsteriskInstallation:
    """The Asterisk of this machine, installed if need be."""
    return ensure_asterisk(Settings(), print)


@pytest.fixture(scope="session")
def asterisk_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """What `asterisk` runs with: free ports (our media server's, too) and a state folder of this test run."""
    return settings_on_free_ports(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session")
def simulated_port() -> int:
    """UDP port that the trunk `simulated` sends calls to: bind a SIP phone here, and dial PJSIP/NUMBER@simulated."""
    return free_port(socket.SOCK_DGRAM)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def asterisk(
    installation: AsteriskInstallation, asterisk_settings: Settings, simulated_port: int
) -> AsyncIterator[AsteriskServer]:
    """A running Asterisk; its `settings` and `secrets` say how to reach it. A test that kills it must `start` it again."""
    server = AsteriskServer(
        asterisk_settings, installation, name=f"test-{os.getpid()}", simulated_trunk=("127.0.0.1", simulated_port)
    )
    async with server:
        yield server
    server.instance.remove()


@pytest.fixture
def spare_server(installation: AsteriskInstallation, tmp_path: Path) -> Iterator[AsteriskServer]:
    """An Asterisk of the test's own, not started; the test may kill it. It is gone afterwards."""
    server = AsteriskServer(settings_on_free_ports(tmp_path), installation, name=f"spare-{os.getpid()}")
    yield server
    asyncio.run(server.stop())
    server.instance.remove()


@pytest.fixture
def own_files(spare_server: AsteriskServer, tmp_path: Path) -> AsteriskServer:
    """`spare_server` with a copy of asterisk_conf/ and dialplan/ that the test may edit."""
    paths = spare_server.settings.paths
    for name in ("asterisk_conf", "dialplan"):
        shutil.copytree(spare_server.settings.folder(getattr(paths, name)), tmp_path / name)
    paths = paths.model_copy(update={"asterisk_conf": tmp_path / "asterisk_conf", "dialplan": tmp_path / "dialplan"})
    spare_server.settings = spare_server.settings.model_copy(update={"paths": paths})
    return spare_server


@pytest_asyncio.fixture
async def ari_http(asterisk: AsteriskServer) -> AsyncIterator[aiohttp.ClientSession]:
    """A bare HTTP session to the real ARI, logged in; paths count from /ari/."""
    login = base64.b64encode(f"{asterisk.settings.asterisk.ari_user}:{asterisk.secrets.ari_password}".encode()).decode()
    async with aiohttp.ClientSession(f"{asterisk.ari_url}/", headers={"Authorization": f"Basic {login}"}) as session:
        yield session


@pytest_asyncio.fixture
async def no_leftovers(ari_http: aiohttp.ClientSession) -> AsyncIterator[None]:
    """After the test the real Asterisk must have no channel and no bridge left, within a moment."""
    yield

    async def left() -> list[str]:
        found = []
        for kind in ("channels", "bridges"):
            async with ari_http.get(kind) as response:
                assert response.status == 200
                found += [f"{kind}/{item['id']}" for item in await response.json()]
        return found

    for _ in range(round(LEFTOVER_LIMIT_S / 0.05)):
        if not (remaining := await left()):
            break
        await asyncio.sleep(0.05)
    for path in remaining:  # the next test shall not suffer for this one
        async with ari_http.delete(path):
            pass
    assert not remaining, f"left in Asterisk after the test: {remaining}"


def quick(settings: Settings) -> Settings:
    """The settings with short waits."""
    changes = {
        "trunk": settings.trunk.model_copy(update={"ring_timeout_s": 2.0}),
        "store": settings.store.model_copy(update={"busy_limit_s": 0.5}),
        "turn": settings.turn.model_copy(update={"greeting_wait_ms": 200}),
    }
    return settings.model_copy(update=changes)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def playhouse(installation: AsteriskInstallation, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Theatre]:
    """The whole phone wing with its phones, for the whole session. Tests take `stage`."""
    async with theatre(quick(settings_on_free_ports(tmp_path_factory.mktemp("wing") / "state"))) as made:
        yield made


@pytest_asyncio.fixture
async def stage(playhouse: Theatre) -> AsyncIterator[Theatre]:
    """The running phone wing; after the test nothing of its calls may be left anywhere."""
    async with playhouse.tidy():
        yield playhouse
