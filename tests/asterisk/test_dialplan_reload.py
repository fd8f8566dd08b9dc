"""The admin's files: rehearsed by a real Asterisk aside, taken over by the running one, given back when it does not take them."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest

from agi_app.errors import AmiLostError, AsteriskError
from agi_app.telephony.server import AsteriskServer, Reloaded, reload_configuration
from agi_app.telephony.server.dialplan_files import check_files, documented_applications
from agi_app.telephony.server.rehearsal import rehearse


def plan_file(server: AsteriskServer, text: str) -> Path:
    path = server.settings.paths.dialplan / "own.conf"
    path.write_text(text, "utf-8")
    return path


async def reload(server: AsteriskServer) -> Reloaded:
    plan, _ = check_files(server.settings, server.installation, None)
    return await reload_configuration(server.settings, server.secrets, server.instance, plan)


def snapshot(server: AsteriskServer) -> dict[Path, tuple[bytes, float]]:
    paths = server.settings.paths
    files = [path for folder in (paths.asterisk_conf, paths.dialplan) for path in folder.rglob("*") if path.is_file()]
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


async def test_a_change_is_taken_over_and_the_admins_files_are_never_written(own_files: AsteriskServer) -> None:
    plan_file(own_files, "; 我的拨号计划\n[own-first]\nexten => 1,1,Hangup()\n")
    before = snapshot(own_files)
    async with own_files:
        assert own_files.problems() == []
        assert "own-first" in await own_files.cli("dialplan show")
        assert snapshot(own_files) == before  # a start does not write to them
        plan_file(own_files, "[own-second]\nexten => 1,1,Hangup()\n")
        before = snapshot(own_files)
        assert await reload(own_files) == Reloaded((), went_back=False)
        shown = await own_files.cli("dialplan show")
        assert "own-second" in shown
        assert "own-first" not in shown
        assert "transport-loopback" in await own_files.cli("pjsip show transports")  # generated files survive a reload
        assert snapshot(own_files) == before
    with pytest.raises(AsteriskError, match="does not run"):
        await reload(own_files)
    async with own_files:  # a later start
        assert "own-second" in await own_files.cli("dialplan show")
    assert snapshot(own_files) == before


async def test_what_asterisk_does_not_take_is_taken_back(own_files: AsteriskServer) -> None:
    plan_file(own_files, "[own-good]\nexten => 1,1,Hangup()\n")
    async with own_files:
        broken = plan_file(own_files, "[own-bad]\nexten => 1,1,Hangup()\nexten 2,1,Hangup()\n")
        done = await reload(own_files)
        assert done.went_back
        assert any(item.file == "dialplan/own.conf" and item.line == 3 for item in done.findings), done.findings
        shown = await own_files.cli("dialplan show")
        assert "own-good" in shown
        assert "own-bad" not in shown
        assert broken.read_text("utf-8").startswith("[own-bad]")  # the admin's text is still there to be corrected
        broken.write_text("[own-better]\nexten => 1,1,Hangup()\n", "utf-8")
        assert not (await reload(own_files)).went_back
        assert "own-better" in await own_files.cli("dialplan show")


async def test_an_extension_that_asterisk_drops_without_a_word_is_noticed(own_files: AsteriskServer) -> None:
    async with own_files:
        plan_file(own_files, "[own]\nexten => 1,1,Hangup()\n")
        plan, _ = check_files(own_files.settings, own_files.installation, None)
        plan_file(own_files, "; nothing here any more\n")  # the files change between the check and the reload
        done = await reload_configuration(own_files.settings, own_files.secrets, own_files.instance, plan)
    assert done.went_back
    assert [item.code for item in done.findings] == ["not_taken_over"]


async def test_without_the_manager_interface_nothing_is_touched(own_files: AsteriskServer) -> None:
    async with own_files:
        plan_file(own_files, "[own]\nexten => 1,1,Hangup()\n")
        wrong = own_files.settings.asterisk.model_copy(update={"ami_port": 1})
        plan, _ = check_files(own_files.settings, own_files.installation, None)
        with pytest.raises(AmiLostError):
            await reload_configuration(
                own_files.settings.model_copy(update={"asterisk": wrong}), own_files.secrets, own_files.instance, plan
            )
        assert not (own_files.instance.folder / "etc" / "dialplan" / "own.conf").exists()


async def test_a_rehearsal_names_what_a_real_asterisk_finds(own_files: AsteriskServer) -> None:
    assert await rehearse(own_files.settings, own_files.installation) == []
    plan_file(own_files, "[own]\nexten => 1,1,Hangup()\nexten 2,1,Hangup()\n")
    (own_files.settings.paths.asterisk_conf / "pjsip.d" / "mine.conf").write_text(
        "[mine](trunk)\naors = mine\nno_such_option = 1\n"
    )
    findings = await rehearse(own_files.settings, own_files.installation)
    assert ("dialplan/own.conf", 3) in {(item.file, item.line) for item in findings}
    assert any("no_such_option" in item.what for item in findings)
    assert not list((own_files.settings.state / "asterisk").glob("rehearsal-*"))


async def test_a_rehearsal_beside_the_running_server_disturbs_nothing_and_calls_no_carrier(own_files: AsteriskServer) -> None:
    folder = own_files.settings.paths.asterisk_conf / "pjsip.d"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as carrier:
        carrier.bind(("127.0.0.1", 0))
        far, own = carrier.getsockname()[1], 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            own = probe.getsockname()[1]
        (folder / "carrier.conf").write_text(
            f"[transport-udp]\ntype = transport\nprotocol = udp\nbind = 127.0.0.1:{own}\n"
            f"[carrier](trunk)\naors = carrier\n[carrier]\ntype = aor\ncontact = sip:127.0.0.1:{far}\nqualify_frequency = 1\n"
            f"[carrier-reg]\ntype = registration\ntransport = transport-udp\nserver_uri = sip:127.0.0.1:{far}\n"
            f"client_uri = sip:u@127.0.0.1:{far}\n"
        )
        await rehearse(own_files.settings, own_files.installation)
        await asyncio.sleep(1.2)
        carrier.setblocking(False)
        with pytest.raises(BlockingIOError):
            carrier.recv(2048)
        async with own_files:
            pid = own_files.pid
            assert await rehearse(own_files.settings, own_files.installation) == []
            assert own_files.running
            assert own_files.pid == pid


def test_the_applications_are_those_of_the_installed_asterisk(own_files: AsteriskServer) -> None:
    applications = documented_applications(own_files.installation)
    assert applications is not None
    assert {applications["dial"], applications["gosub"], applications["stasis"]} == {"app_dial", "app_stack", "app_stasis"}
    assert applications["hangup"] == "builtin"
    assert json.dumps(applications)
    plan_file(own_files, "[own]\nexten => s,1,NoSuchApplication()\n same => n,VoiceMail(1)\n")
    _, findings = check_files(own_files.settings, own_files.installation, None)
    assert [(item.line, item.code) for item in findings] == [(2, "unknown_application"), (3, "application_not_loaded")]
