"""Every example in asterisk_conf/pjsip.d, filled in and loaded by a real Asterisk; a real call over TLS with SRTP; the routes."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from agi_app.config import CHECKOUT
from agi_app.errors import AmiError, AmiLostError, RouteError
from agi_app.telephony.ami import AmiClient, Routes, TrunkStatus, trunk_picture
from agi_app.telephony.ari.client import basic_authorization
from agi_app.telephony.server import AsteriskServer, check
from tests.asterisk.conftest import free_port

EXAMPLES = sorted(path.name for path in (CHECKOUT / "asterisk_conf" / "pjsip.d").glob("*.conf.example"))
VALUES = {
    "OUR.IP.ADDRESS": "127.0.0.1",
    "OUR.NAME.EXAMPLE": "localhost",
    "ACCOUNT": "u1",
    "PASSWORD": "p1",
    r"[A-Z0-9]+(\.[A-Z]+)+": "127.0.0.1",
}
"""What stands in CAPITALS, as a pattern, and what a test puts there; the last one is any other name."""


def fill_in(text: str, **ports: int) -> str:
    """An example with its capitals replaced, and ports nobody holds."""
    lines = []
    for line in text.splitlines():
        code, mark, comment = line.partition(";") if not line.lstrip().startswith(";") else ("", ";", line)
        if code.endswith("\\"):
            code, mark, comment = line, "", ""
        for capitals, value in VALUES.items():
            code = re.sub(capitals, value, code)
        for old, new in ports.items():
            code = re.sub(rf":{old.removeprefix('p')}\b", f":{new}", code)
        lines.append(code + mark + comment)
    return "\n".join(lines) + "\n"


def certificate(folder: Path) -> None:
    """A key and a certificate for 127.0.0.1 that vouches for itself."""
    folder.mkdir()
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
    ]
    subprocess.run(
        [*command, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "hireline.key", "-out", folder / "hireline.crt"],
        check=True,
        capture_output=True,
    )
    shutil.copyfile(folder / "hireline.crt", folder / "carrier-ca.crt")


def with_trunks(server: AsteriskServer, names: list[str], **ports: int) -> None:
    """Copy these examples into the server's own files, filled in."""
    conf = server.settings.paths.asterisk_conf
    certificate(conf / "keys")
    for name in names:
        text = (conf / "pjsip.d" / name).read_text("utf-8").replace("ETC.FOLDER", f"{server.instance.inside}/etc")
        (conf / "pjsip.d" / name.removesuffix(".example")).write_text(fill_in(text, **ports), "utf-8")
    modules = conf / "modules.conf"
    modules.write_text(modules.read_text("utf-8") + "load = res_pjsip_registrar.so\n", "utf-8")


async def test_every_trunk_example_loads_once_filled_in(own_files: AsteriskServer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as carrier:
        carrier.bind(("127.0.0.1", 0))  # listens and never answers
        far = carrier.getsockname()[1]
        with_trunks(own_files, EXAMPLES, p5060=far, p5061=far)
        transports = own_files.settings.paths.asterisk_conf / "pjsip.d" / "transports.conf"
        for protocol, kind in (("udp", socket.SOCK_DGRAM), ("tcp", socket.SOCK_STREAM), ("tls", socket.SOCK_STREAM)):
            text = re.sub(
                rf"(protocol = {protocol}\nbind = 127\.0\.0\.1):\d+", rf"\1:{free_port(kind)}", transports.read_text("utf-8")
            )
            transports.write_text(text, "utf-8")
        async with own_files:
            assert own_files.problems() == []
            endpoints = await own_files.cli("pjsip show endpoints")
            shown = set(re.findall(r"^ Endpoint:  ([\w-]+)", endpoints, re.MULTILINE))
            assert shown == {"carrier", "peer", "ims", "e1", "fxo", "gsm", "secure"}
            assert {"transport-udp", "transport-tcp", "transport-tls"} <= set(
                re.findall(r"transport-\w+", await own_files.cli("pjsip show transports"))
            )
            for name in shown:
                detail = await own_files.cli(f"pjsip show endpoint {name}")
                assert re.search(r"context +: from-trunk", detail), name
                assert re.search(r"allow +: \(alaw", detail), name
                assert re.search(r"allow_transfer +: false", detail), name
            found = {item.name: item for item in await check(own_files.settings, name=own_files.instance.name)}
            assert re.search("未注册|拒绝", found["registration carrier-registration"].detail)
            assert not found["registration carrier-registration"].ok
            assert not found["trunk gsm"].ok  # it has not registered with us
            assert "no address 没有地址" in found["trunk gsm"].detail
            assert found["trunk carrier"].detail == "not checked yet 尚未探测"
            await own_files.cli("pjsip qualify peer")
            async with AmiClient(own_files.settings.asterisk, own_files.secrets.ami_secret) as client, asyncio.timeout(10):
                while (picture := await trunk_picture(client)).trunks[5].status is not TrunkStatus.UNREACHABLE:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            assert picture.trunks[5].name == "peer"
            assert not picture.trunks[5].up
            assert "does not answer 对端无应答" in picture.trunks[5].words


def test_the_files_name_every_example() -> None:
    readme = (CHECKOUT / "asterisk_conf" / "pjsip.d" / "README.md").read_text("utf-8")
    assert len(EXAMPLES) == 8
    assert all(f"`{name}`" in readme for name in EXAMPLES)
    for folder, files in (("asterisk_conf", "*.conf"), ("dialplan", "*.conf")):
        text = (CHECKOUT / folder / "README.md").read_text("utf-8")
        missing = [path.name for path in (CHECKOUT / folder).glob(files) if f"`{path.name}`" not in text]
        assert missing == []


async def test_a_call_over_tls_with_encrypted_audio(own_files: AsteriskServer) -> None:
    port, own = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_STREAM)
    with_trunks(own_files, ["tls-trunk.conf.example"], p5061=port)
    conf = own_files.settings.paths.asterisk_conf
    text = (
        (conf / "pjsip.d" / "transports.conf.example").read_text("utf-8").replace("ETC.FOLDER", f"{own_files.instance.inside}/etc")
    )
    section = text[text.index("[transport-tls]") :]
    (conf / "pjsip.d" / "transports.conf").write_text(fill_in(section, p5061=own), "utf-8")
    phone = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "tests.asterisk.tls_phone",
            str(port),
            conf / "keys" / "hireline.crt",
            conf / "keys" / "hireline.key",
        ),
        stdout=asyncio.subprocess.PIPE,
        cwd=CHECKOUT,
    )
    assert phone.stdout is not None
    try:
        async with asyncio.timeout(30), own_files:
            await phone.stdout.readuntil(b"ready\n")
            login = {"Authorization": basic_authorization(own_files.settings.asterisk.ari_user, own_files.secrets.ari_password)}
            where = {"endpoint": "PJSIP/13800000001@secure", "context": "unavailable", "extension": "s", "priority": "1"}
            async with (
                aiohttp.ClientSession() as http,
                http.post(f"{own_files.ari_url}/channels", headers=login, params=where) as answer,
            ):
                assert answer.status == 200
            said = (await phone.stdout.read()).decode()
    finally:
        if phone.returncode is None:
            phone.kill()
        await phone.wait()
    assert "SRTP status: Active Crypto-suite: AES_CM_128" in said
    received = re.search(r"RX pt=.*?total (\d+)pkt", said, re.DOTALL)
    assert received is not None, said
    assert int(received[1]) > 25  # half a second of decrypted audio, 20 ms each


async def test_the_dialplan_names_the_way_of_a_number(asterisk: AsteriskServer) -> None:
    trunk = asterisk.settings.trunk.name
    async with AmiClient(asterisk.settings.asterisk, asterisk.secrets.ami_secret) as client:
        routes = Routes(client)
        assert await routes.endpoint("8613800000001") == f"PJSIP/8613800000001@{trunk}"
        assert await routes.endpoint("862160000000") == f"PJSIP/862160000000@{trunk}"
        for number in ("0013800000001", "12025550100", "86138000000011", "861280000000"):
            with pytest.raises(RouteError, match="no route"):
                await routes.endpoint(number)
        with pytest.raises(RouteError, match="not a number"):
            await routes.endpoint("1,1)}${SHELL(id")
        picture = await trunk_picture(client)
        assert [(item.name, item.status) for item in picture.trunks] == [("simulated", TrunkStatus.UNWATCHED)]
        assert picture.registrations == ()


async def test_the_manager_interface_survives_a_restart_and_refuses_a_wrong_secret(spare_server: AsteriskServer) -> None:
    settings, secret = spare_server.settings.asterisk, spare_server.secrets.ami_secret
    async with AmiClient(settings, secret) as client:
        with pytest.raises(AmiLostError, match="does not answer"):
            await client.ask("Ping")
        async with spare_server:
            assert (await client.ask("Ping"))[0]["ping"] == "Pong"
            with pytest.raises(AmiError, match="refused NoSuchAction"):
                await client.ask("NoSuchAction")
            async with AmiClient(settings, "guess") as stranger:
                with pytest.raises(AmiError, match="refused our password"):
                    await stranger.ask("Ping")
        with pytest.raises(AmiLostError):
            await client.ask("Ping")
        async with spare_server:
            assert (await client.ask("Ping"))[0]["ping"] == "Pong"
