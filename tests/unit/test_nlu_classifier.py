"""Training, calibration, likeness, and the cache of the trained classifier."""

import numpy as np
import pytest

from agi_app.dialogue.nlu.classifier import IntentClassifier, load_classifier, train
from agi_app.dialogue.nlu.e5_file import E5File
from agi_app.dialogue.nlu.encoder import SentenceEncoder
from agi_app.dialogue.nlu.examples import Examples, load_examples
from agi_app.dialogue.nlu.features import GramVectoriser, grams
from agi_app.dialogue.nlu.noise import Mishearing
from agi_app.dialogue.understanding import Intent
from agi_app.errors import ModelError, SetupError
from tests.unit.grammar_kit import PACK, pack_grammars
from tests.unit.nlu_kit import HashingEncoder

PHONETICS = pack_grammars().lexicon.phonetics
_TOPICS = {
    Intent.ASK_PAY: ("工资多少", "薪资怎么样", "待遇如何", "一个月多少钱"),
    Intent.ASK_OVERTIME: ("加班多吗", "经常加班吗", "周末加班不", "加班严重吗"),
    Intent.BUSY: ("我在开会", "现在没空", "正在开车", "这会儿不方便"),
}


def few_examples() -> Examples:
    rows = [(intent, text + end) for intent, texts in _TOPICS.items() for text in texts for end in ("", "啊", "呢", "哈", "了")]
    return Examples(tuple(text for _, text in rows), tuple(intent for intent, _ in rows), "digest")


@pytest.fixture(scope="module")
def trained() -> IntentClassifier:
    return train(few_examples(), HashingEncoder(), PHONETICS)


def test_it_learns_and_says_how_sure_it_is(trained):
    known, misheard, strange = trained.judge(["请问加班多吗", "工咨多少啊", "红烧肉怎么做"])
    assert known.intent is Intent.ASK_OVERTIME
    assert known.probability > 0.6
    assert known.likeness > 0.5
    assert misheard.intent is Intent.ASK_PAY
    assert strange.likeness < known.likeness
    assert trained.judge([]) == []


def test_probabilities_are_probabilities(trained):
    found = trained.probabilities(["工资", "", "😀" * 50])
    assert found.shape == (3, len(_TOPICS))
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)


def test_the_second_load_does_not_train_again(tmp_path, trained):
    encoder = HashingEncoder()
    first = load_classifier(few_examples(), encoder, PHONETICS, tmp_path)
    calls = encoder.calls
    second = load_classifier(few_examples(), encoder, PHONETICS, tmp_path)
    assert encoder.calls == calls
    assert np.allclose(first.probabilities(["加班多吗"]), second.probabilities(["加班多吗"]), atol=1e-4)
    assert second.judge(["加班多吗"])[0].likeness == pytest.approx(first.judge(["加班多吗"])[0].likeness, abs=0.01)


def test_changed_examples_are_trained_anew(tmp_path):
    examples = few_examples()
    load_classifier(examples, HashingEncoder(), PHONETICS, tmp_path)
    load_classifier(Examples(examples.texts, examples.intents, "other digest"), HashingEncoder(), PHONETICS, tmp_path)
    assert len(list((tmp_path / "nlu").glob("*.npz"))) == 2


def test_a_damaged_cache_is_replaced(tmp_path):
    load_classifier(few_examples(), HashingEncoder(), PHONETICS, tmp_path)
    path = next((tmp_path / "nlu").glob("*.npz"))
    path.write_bytes(b"no archive")
    encoder = HashingEncoder()
    load_classifier(few_examples(), encoder, PHONETICS, tmp_path)
    assert encoder.calls > 0
    assert IntentClassifier.read(path, encoder).intents


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "nlu").write_text("in the way")
    with pytest.raises(SetupError, match="cannot be written"):
        load_classifier(few_examples(), HashingEncoder(), PHONETICS, tmp_path)


def test_sound_grams_survive_homophones():
    spoken, heard = grams("薪资多少"), grams("新资多少")
    assert {name for name in spoken if name.startswith("s")} == {name for name in heard if name.startswith("s")}
    assert {name for name in grams("是的") if name.startswith("h")} == {name for name in grams("四的") if name.startswith("h")}
    assert spoken != heard


def test_the_vectoriser_makes_unit_rows_and_ignores_the_unknown():
    vectoriser = GramVectoriser.fit(["加班多吗", "加班吗", "工资多少"], least=1)
    columns, values = vectoriser.sparse("加班多吗")
    assert np.linalg.norm(values) == pytest.approx(1, abs=1e-5)
    assert len(columns) == len(set(columns.tolist()))
    assert len(vectoriser.sparse("xyz")[0]) == 0


def test_mishearings_repeat_and_sound_alike():
    first, again, other = (Mishearing(PHONETICS, rate=0.5, seed=seed) for seed in (1, 1, 2))
    text = "我期望的薪资是一万二左右"
    assert first(text) == again(text) != text
    assert other(text) != first(text)
    assert Mishearing(PHONETICS, rate=0.0, seed=1)(text) == text


def test_a_missing_or_strange_model_file_is_named(tmp_path):
    with pytest.raises(ModelError, match="missing"):
        SentenceEncoder(tmp_path / "nowhere.bin", tmp_path)
    (tmp_path / "other.bin").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelError, match="not an embedding model"):
        E5File(tmp_path / "other.bin")
    (tmp_path / "cut.bin").write_bytes(b"E5S1" + bytes(30))
    with pytest.raises(ModelError, match="damaged"):
        E5File(tmp_path / "cut.bin")


def test_the_pack_can_be_trained_on(tmp_path):
    examples = load_examples(PACK / "intents")
    kept = [row for row in range(len(examples.texts)) if row % 3 == 0]
    part = Examples(tuple(examples.texts[row] for row in kept), tuple(examples.intents[row] for row in kept), "part")
    classifier = load_classifier(part, HashingEncoder(), PHONETICS, tmp_path)
    assert set(classifier.intents) == set(Intent)
