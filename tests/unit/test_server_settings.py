"""What can be said of our Asterisk without a process: versions, generated files, secrets, the checked-in configuration."""

from __future__ import annotations

import re
import tomllib
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import pytest

from agi_app.config import CHECKOUT, AsteriskSettings, MediaSettings, PathSettings, Settings
from agi_app.errors import ConfigError, SetupError
from agi_app.telephony.secrets import Secrets, load_secrets
from agi_app.telephony.server import AsteriskInstallation, Instance, check, ensure_asterisk, installation
from agi_app.telephony.server.installation import parse_version
from agi_app.telephony.server.local_files import SimulatedTrunk, render_local_files

SECRETS = Secrets("ari-s", "ami-s", "media-s", "control-s")
FOLDER = PurePosixPath("/srv/hireline/main")


def settings(**asterisk: object) -> Settings:
    return Settings(asterisk=AsteriskSettings(**asterisk))


def render(chosen: Settings, simulated: SimulatedTrunk | None = None) -> dict[str, str]:
    return render_local_files(chosen, SECRETS, FOLDER, media="ws://127.0.0.1:19090/media", simulated=simulated)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1\n", (22, 10, 1)),
        ("Asterisk 23.0", (23, 0, 0)),
        ("Asterisk certified-22.8-cert1", (22, 8, 0)),
    ],
)
def test_versions_are_read(text: str, version: tuple[int, int, int]) -> None:
    assert parse_version(text) == version


def test_a_text_without_a_version_is_refused() -> None:
    with pytest.raises(ValueError, match="no version"):
        parse_version("bash: asterisk: command not found")


def test_every_port_and_secret_comes_from_the_settings() -> None:
    files = render(settings(sip_port=1111, http_port=2222, ami_port=3333, rtp_first_port=4444, rtp_last_port=5555))
    assert "bind = 127.0.0.1:1111" in files["pjsip.conf"]
    assert "bindport = 2222" in files["http.conf"]
    assert "port = 3333" in files["manager.conf"]
    assert "rtpstart = 4444\nrtpend = 5555" in files["rtp.conf"]
    assert "password = ari-s" in files["ari.conf"]
    assert "secret = ami-s" in files["manager.conf"]
    assert "password = media-s" in files["websocket_client.conf"]
    assert "pjsip_simulated.conf" not in files


def test_the_simulated_trunk_exists_only_when_asked_for() -> None:
    text = render(settings(), SimulatedTrunk("127.0.0.1", 16070))["pjsip_simulated.conf"]
    assert "contact = sip:127.0.0.1:16070" in text
    assert "qualify_frequency = 0" in text
    assert "allow = ulaw,alaw,g722" in text


@pytest.mark.parametrize("value", ["app\n[admin]", "app;x", "a b", ""])
def test_a_setting_that_would_break_a_file_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match=r"asterisk\.ari_app"):
        render(settings(ari_app=value))


def test_a_host_name_is_no_bind_address() -> None:
    with pytest.raises(ConfigError, match="must be an IP address"):
        render(settings(host="localhost"))


def test_ami_is_open_to_this_machine_only() -> None:
    assert "permit = 127.0.0.0/255.0.0.0,::1/128\n" in render(settings())["manager.conf"]
    assert "permit = 127.0.0.0/255.0.0.0,192.0.2.7/32\n" in render(settings(host="192.0.2.7"))["manager.conf"]


def test_secrets_are_made_once_and_closed(tmp_path: Path) -> None:
    first = load_secrets(tmp_path / "state")
    path = tmp_path / "state" / "secrets.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_secrets(tmp_path / "state") == first
    values = tomllib.loads(path.read_text())
    assert len(set(values.values())) == len(values) == 4
    assert all(len(value) >= 43 for value in values.values())  # 32 random bytes
    assert not any(value in repr(first) for value in values.values())
    assert [item.name for item in path.parent.iterdir()] == ["secrets.toml"]


def test_many_readers_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(load_secrets, [tmp_path] * 16))) == 1


def test_a_file_of_an_older_version_is_completed(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text('ari_password = "kept"  # mine\n')
    path.chmod(0o600)
    secrets = load_secrets(tmp_path)
    assert secrets.ari_password == "kept"
    assert len(secrets.media_token) >= 43
    assert "# mine" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_secrets(tmp_path) == secrets


@pytest.mark.parametrize("text", ["not toml [", 'ari_password = ""\n', 'ari_password = "x"\nami_secret = 3\nmedia_token = "z"\n'])
def test_damaged_secrets_are_not_replaced_silently(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="secrets file"):
        load_secrets(tmp_path)
    assert path.read_text().startswith(text.rstrip())


def test_secrets_open_to_others_are_refused(tmp_path: Path) -> None:
    load_secrets(tmp_path)
    (tmp_path / "secrets.toml").chmod(0o644)
    with pytest.raises(SetupError, match="readable by others") as caught:
        load_secrets(tmp_path)
    assert "chmod 600" in str(caught.value.remedy)


def test_the_checked_in_files_hold_no_secret_and_no_port() -> None:
    for path in sorted((CHECKOUT / "asterisk_conf").rglob("*.conf")):
        lines = [line.split(";")[0] for line in path.read_text().splitlines()]
        assert not [line for line in lines if re.match(r"\s*(password|secret|bindport|port|bind|rtpstart|uri)\s*=", line)], (
            path.name
        )


def test_every_include_of_a_local_file_has_that_file() -> None:
    generated = render(settings(), SimulatedTrunk("127.0.0.1", 1))
    texts = "".join(path.read_text() for path in (CHECKOUT / "asterisk_conf").glob("*.conf"))
    included = set(re.findall(r'^#(?:try)?include "local/([^"]+)"', texts, re.MULTILINE))
    assert included == set(generated) - {"asterisk.conf"}


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """No Asterisk anywhere; whatever would be run fails the test."""
    monkeypatch.setattr(installation.shutil, "which", lambda name: None if name == "asterisk" else f"/usr/bin/{name}")
    monkeypatch.setattr(installation.subprocess, "Popen", lambda *_, **__: pytest.fail("something was started"))
    monkeypatch.setattr(installation.os, "geteuid", lambda: 0)
    return Settings(paths=PathSettings(state=tmp_path))


def test_without_root_nothing_is_installed(nothing_installed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation.os, "geteuid", lambda: 1000)
    with pytest.raises(SetupError, match="needs root"):
        ensure_asterisk(nothing_installed)


def test_without_mmdebstrap_the_package_is_named(nothing_installed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation.shutil, "which", lambda _: None)
    with pytest.raises(SetupError, match="mmdebstrap") as caught:
        ensure_asterisk(nothing_installed)
    assert "apt-get install mmdebstrap" in str(caught.value.remedy)


def test_a_full_disk_is_noticed_before_anything_is_done(nothing_installed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - what shutil.disk_usage returns
    monkeypatch.setattr(installation.shutil, "disk_usage", lambda _: usage(10**12, 10**12 - 10**9, 10**9))
    with pytest.raises(SetupError, match=r"needs 1\.5 GB of free disk, 1\.0 GB are left"):
        ensure_asterisk(nothing_installed)


async def test_doctor_says_when_there_is_no_asterisk(nothing_installed: Settings) -> None:
    found = {item.name: item for item in await check(nothing_installed)}
    assert not found["asterisk"].ok
    assert "make setup" in str(found["asterisk"].remedy)
    assert found["disk"].ok


async def test_doctor_reports_an_unreachable_foreign_asterisk(tmp_path: Path) -> None:
    foreign = Settings(paths=PathSettings(state=tmp_path), asterisk=AsteriskSettings(managed=False, http_port=9))
    found = {item.name: item for item in await check(foreign)}
    assert not found["ARI"].ok
    assert "127.0.0.1:9" in found["ARI"].detail


def test_a_state_folder_too_deep_for_a_socket_is_refused(tmp_path: Path) -> None:
    deep = Settings(paths=PathSettings(state=tmp_path / ("d" * 100)), media=MediaSettings())
    system = AsteriskInstallation((22, 10, 1), "22.10.1", None, "/usr/sbin/asterisk")
    with pytest.raises(SetupError, match="longer than Unix allows"):
        Instance.of(deep, system)


@pytest.mark.parametrize("name", ["", "../x", "A", "a b", "x" * 33])
def test_instance_names_are_plain(name: str) -> None:
    with pytest.raises(ConfigError):
        Instance.of(Settings(), AsteriskInstallation((22, 10, 1), "22.10.1", Path("/x")), name)
