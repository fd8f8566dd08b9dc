"""systemd units, images and compose file, as far as they can be checked without an engine; `make images` runs the rest."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from agi_app import cli
from agi_app.config import CHECKOUT, Settings

DOCKER = CHECKOUT / "docker"
UNITS = sorted((DOCKER / "systemd").glob("*.service"))
SCRIPTS = sorted([*DOCKER.glob("*/*.sh"), *DOCKER.glob("*.sh")])
HARDENED = (
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "CapabilityBoundingSet=",
    "User=hireline",
)


def settings_named_in(text: str) -> set[str]:
    """Variables of Hireline's that a file sets."""
    return set(re.findall(r"\b(HIRELINE_[A-Z0-9_]*[A-Z0-9])\s*[=:]", text)) - {"HIRELINE_CONFIG", "HIRELINE_ASTERISK_FOLDER"}


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_is_one_that_systemd_takes_and_is_hardened(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text("utf-8")
    assert [line for line in HARDENED if line not in text.splitlines()] == []
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    for path in UNITS:  # what they start need not be on this machine
        (tmp_path / path.name).write_text(
            re.sub(r"^(Exec\w+=)\S+", r"\1/bin/true", path.read_text("utf-8"), flags=re.MULTILINE), "utf-8"
        )
    run = subprocess.run(["systemd-analyze", "verify", tmp_path / unit.name], capture_output=True, text=True, check=False)
    complaints = [line for line in run.stderr.splitlines() if unit.stem in line]
    assert (run.returncode, complaints) == (0, [])


def test_a_unit_that_is_wrong_is_noticed(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    (tmp_path / "wrong.service").write_text("[Service]\nExecStart=/bin/true\nRestart=sometimes\n", "utf-8")
    run = subprocess.run(["systemd-analyze", "verify", tmp_path / "wrong.service"], capture_output=True, text=True, check=False)
    assert "service restart specifier" in run.stderr


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(DOCKER)))
def test_a_script_parses_and_stops_at_the_first_error(script: Path) -> None:
    text = script.read_text("utf-8")
    shell = "bash" if "bash" in text.splitlines()[0] else "sh"
    assert subprocess.run([shell, "-n", script], check=False).returncode == 0
    assert re.search(r"^set -e", text, re.MULTILINE) or text.rstrip().splitlines()[-1].startswith("exec ")


def test_the_images_hold_what_their_scripts_install_and_run_without_root() -> None:
    for name in ("app", "asterisk"):
        text = (DOCKER / name / "Dockerfile").read_text("utf-8")
        assert f"docker/{name}/install.sh" in text
        assert len(re.findall(r"^RUN sh \S+$", text, re.MULTILINE)) == len(re.findall(r"^RUN", text, re.MULTILINE)) == 1
        assert "USER 58560:58560" in text
        for copied in re.findall(r"docker/\w+/[\w.]+", text):
            assert (CHECKOUT / copied).is_file(), copied


def test_the_compose_file_opens_nothing_and_starts_in_order() -> None:
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
    services = compose["services"]
    assert set(services) == {"postgres", "files", "asterisk", "app"}
    assert all(port.startswith("127.0.0.1:") for service in services.values() for port in service.get("ports", []))
    for name in ("files", "asterisk", "app"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
    assert services["asterisk"]["depends_on"] == {"files": {"condition": "service_completed_successfully"}}
    assert set(services["app"]["depends_on"]) == {"asterisk", "postgres"}
    for service in services.values():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert source in compose["volumes"] or (DOCKER / source).is_dir(), volume
    command = services["files"]["command"]
    assert command[0] == "hireline"
    assert CliRunner().invoke(cli.app, [*command[1:3], "--help"]).exit_code == 0


def test_every_setting_they_name_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [*UNITS, DOCKER / "compose.yaml", DOCKER / "app" / "Dockerfile", DOCKER / "check_images.sh"]
    named = {name for path in files for name in settings_named_in(path.read_text("utf-8"))}
    assert {"HIRELINE_PATHS__STATE", "HIRELINE_ASTERISK__MANAGED", "HIRELINE_CAMPAIGN__DATABASE"} <= named
    for name in named:
        section, _, field = name.removeprefix("HIRELINE_").lower().partition("__")
        assert section in Settings.model_fields, name
        annotation = Settings.model_fields[section].annotation
        assert annotation is not None
        assert field in annotation.model_fields, name


def test_secrets_never_get_into_an_image() -> None:
    ignored = (CHECKOUT / ".dockerignore").read_text("utf-8").splitlines()
    assert {"var", ".git", "asterisk_conf/pjsip.d/*.conf", "asterisk_conf/keys", "hireline.toml"} <= set(ignored)
    assert ".env" in (DOCKER / ".gitignore").read_text("utf-8").split()
