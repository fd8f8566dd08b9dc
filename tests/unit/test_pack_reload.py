"""A changed language pack in a running phone wing: taken as a whole when it is good, refused as a whole when it is not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from agi_app.app import Hireline
from agi_app.config import Settings, load_settings
from agi_app.errors import PackError
from agi_app.language import load_language


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The configured models and state, with a copy of the pack."""
    configured, models = load_settings(), tmp_path_factory.mktemp("models")
    shutil.copytree(configured.models / "zh_CN", models / "zh_CN")
    return configured.model_copy(update={"paths": configured.paths.model_copy(update={"models": models})})


@pytest.fixture(scope="module")
def wing(settings: Settings) -> Hireline:
    running = Hireline(settings)
    running._take(load_language(settings))
    return running


@contextmanager
def changed(settings: Settings, file: str, old: str, new: str) -> Iterator[None]:
    """A file of the pack, otherwise than it should be."""
    path = settings.models / "zh_CN" / file
    good = path.read_text(encoding="utf-8")
    assert old in good
    path.write_text(good.replace(old, new, 1), encoding="utf-8")
    yield
    path.write_text(good, encoding="utf-8")


async def test_a_good_pack_is_taken_and_what_runs_keeps_its_own(wing: Hireline, settings: Settings) -> None:
    before = wing.pack
    understander = wing._understander
    with (
        changed(settings, "wording/small-words.yaml", "- 明白了。", "- 我明白了。"),
        changed(settings, "grammars/money.gram", "<unit> = ", "<unit> = 两银子 | "),
    ):
        await wing.reload_language()
    assert wing.pack is not before
    assert wing._understander is not understander
    assert any(sentence.source == "我明白了。" for sentence in wing.pack.wording["acknowledge"])
    assert any(sentence.source == "明白了。" for sentence in before.wording["acknowledge"])


@pytest.mark.parametrize(
    ("file", "old", "new", "where"),
    [
        ("wording/small-words.yaml", "改成{value}", "改成{vlaue}", "small-words.yaml"),
        ("interviews/standard.yaml", "patience_ms: 900", "patience_ms: 很久", "standard.yaml"),
        ("grammars/money.gram", "<small> = <below1000>;", "<small> = <small>;", "money.gram"),
        ("grammars/money.gram", "<small> = <below1000>;", "<small> = <nothing_like_it>;", "money.gram"),
        ("intents/bye.yaml", "intent: bye", "intent: farewell", "bye.yaml"),
        ("mood.yaml", "  plain:\n", "  plane:\n", "mood.yaml"),
        ("suggestions.yaml", "longest: 40", "longest: long", "suggestions.yaml"),
        ("pack.yaml", "mood: mood.yaml", "mood: moods.yaml", "pack.yaml"),
    ],
)
async def test_a_broken_pack_is_refused_and_the_last_good_one_stays(
    wing: Hireline, settings: Settings, file: str, old: str, new: str, where: str
) -> None:
    pack, understander = wing.pack, wing._understander
    with changed(settings, file, old, new), pytest.raises(PackError) as caught:
        await wing.reload_language()
    assert where in str(caught.value.where)
    assert caught.value.remedy
    assert wing.pack is pack
    assert wing._understander is understander


async def test_a_missing_file_is_refused(wing: Hireline, settings: Settings) -> None:
    pack = wing.pack
    for file in ("intents/bye.yaml", "grammars/common.gram", "answers/pay.yaml"):
        path = settings.models / "zh_CN" / file
        text = path.read_text(encoding="utf-8")
        path.unlink()
        with pytest.raises(PackError):
            await wing.reload_language()
        path.write_text(text, encoding="utf-8")
    assert wing.pack is pack
