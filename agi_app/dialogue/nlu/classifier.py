"""The intent classifier: multinomial logistic regression over embedding and n-grams, calibrated, trained from the pack.

Training needs scikit-learn and takes seconds; what it finds is kept as plain numbers under the state folder, named by the hash of
everything it depends on. Calls only multiply.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import structlog

from agi_app.dialogue.grammar.phonetics import Phonetics
from agi_app.dialogue.nlu.encoder import Encoder
from agi_app.dialogue.nlu.examples import Examples
from agi_app.dialogue.nlu.features import Floats, GramVectoriser
from agi_app.dialogue.nlu.noise import Mishearing
from agi_app.dialogue.understanding import Intent
from agi_app.errors import SetupError

_log = structlog.get_logger(__name__)

_VERSION = 7
_EMBEDDING_SHARE = 1.5
"""Weight of the embedding against the n-grams."""
_STRENGTH = 10.0
"""Inverse regularisation."""
_MISHEARD_RATES = (0.18,)
"""Share of the characters misheard in each of the variants of an example."""
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the classifier makes of a text."""

    intent: Intent
    probability: float
    lead: float
    """Over the second likeliest."""
    likeness: float
    """Cosine to the nearest example of that intent, from the centre of all."""


@dataclass(frozen=True)
class IntentClassifier:
    """A trained classifier."""

    intents: tuple[Intent, ...]
    vectoriser: GramVectoriser
    centre: Floats
    scale: float
    weights: Floats
    """Shape [intents, embedding + n-grams]."""
    bias: Floats
    temperature: float
    examples: Floats
    """Directions of the examples' embeddings from the centre, shape [examples, embedding]."""
    labels: npt.NDArray[np.int64]
    """Their intents, as positions in `intents`."""
    encoder: Encoder

    def judge(self, texts: Sequence[str], priors: Mapping[Intent, float] | None = None) -> list[Opinion]:
        """The likeliest intent of each text; `priors` are factors by intent."""
        if not texts:
            return []
        embedded = self.encoder.encode(texts)
        probabilities = self._probabilities(texts, embedded)
        if priors:
            probabilities *= np.array([priors.get(intent, 1.0) for intent in self.intents], np.float32)
            probabilities /= probabilities.sum(axis=1, keepdims=True)
        likeness = _directions(embedded, self.centre) @ self.examples.T
        opinions: list[Opinion] = []
        for row, like in zip(probabilities, likeness, strict=True):
            second, best = np.argsort(row)[-2:]
            nearest = float(like[self.labels == best].max())
            opinions.append(Opinion(self.intents[best], float(row[best]), float(row[best] - row[second]), nearest))
        return opinions

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Calibrated probabilities, shape [len(texts), len(intents)]."""
        if not texts:
            return np.zeros((0, len(self.intents)), np.float32)
        return self._probabilities(texts, self.encoder.encode(texts))

    def _probabilities(self, texts: Sequence[str], embedded: Floats) -> Floats:
        width = self.centre.shape[0]
        scores = _scaled(embedded, self.centre, self.scale) @ self.weights[:, :width].T + self.bias
        for row, text in enumerate(texts):
            columns, values = self.vectoriser.sparse(text)
            scores[row] += self.weights[:, width + columns] @ values
        return _softmax(scores / self.temperature)

    def save(self, path: Path) -> None:
        """Write all numbers to `path`, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".nlu-", suffix=".npz", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(
                    file,
                    intents=np.array([str(intent) for intent in self.intents]),
                    names=np.array(self.vectoriser.names),
                    idf=self.vectoriser.weights,
                    centre=self.centre,
                    scale=np.float32(self.scale),
                    weights=self.weights,
                    bias=self.bias,
                    temperature=np.float32(self.temperature),
                    examples=self.examples.astype(np.float16),
                    labels=self.labels,
                )
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)

    @classmethod
    def read(cls, path: Path, encoder: Encoder) -> IntentClassifier:
        """Read what `save` wrote. Raises OSError, ValueError or KeyError when it cannot be used."""
        with np.load(path, allow_pickle=False) as data:
            return cls(
                tuple(Intent(name) for name in data["intents"].tolist()),
                GramVectoriser(tuple(data["names"].tolist()), data["idf"]),
                data["centre"],
                float(data["scale"]),
                data["weights"],
                data["bias"],
                float(data["temperature"]),
                data["examples"].astype(np.float32),
                data["labels"],
                encoder,
            )


def load_classifier(examples: Examples, encoder: Encoder, phonetics: Phonetics, state: Path) -> IntentClassifier:
    """The classifier for these examples: from the cache under `state`, or trained and put there.

    Raises:
        SetupError: scikit-learn is missing, or the folder cannot be written.
    """
    settings = (_VERSION, examples.digest, encoder.width, _EMBEDDING_SHARE, _STRENGTH, _MISHEARD_RATES)
    key = hashlib.sha256(repr(settings).encode()).hexdigest()[:16]
    path = state / "nlu" / f"intents-{key}.npz"
    if path.is_file():
        try:
            return IntentClassifier.read(path, encoder)
        except (OSError, ValueError, KeyError) as error:
            _log.warning("intent_classifier_damaged", file=path.name, reason=type(error).__name__)
    _log.info("intent_classifier_training", examples=len(examples.texts))
    classifier = train(examples, encoder, phonetics)
    try:
        classifier.save(path)
    except OSError as error:
        raise SetupError(
            f"the trained classifier cannot be written: {error}", where=str(path), remedy="check space and rights"
        ) from error
    return classifier


def train(examples: Examples, encoder: Encoder, phonetics: Phonetics) -> IntentClassifier:
    """Train on the examples and on misheard variants of them. Raises SetupError without scikit-learn."""
    try:
        from scipy import sparse
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import StratifiedGroupKFold
    except ImportError as error:
        raise SetupError("training the intents needs scikit-learn", remedy="install the project's dependencies") from error
    texts = list(examples.texts)
    for seed, rate in enumerate(_MISHEARD_RATES):
        mishear = Mishearing(phonetics, rate=rate, seed=seed)
        texts += [mishear(text) or text for text in examples.texts]
    variants = 1 + len(_MISHEARD_RATES)
    groups = np.tile(np.arange(len(examples.texts)), variants)
    labels = np.array([str(intent) for intent in examples.intents] * variants)
    vectoriser = GramVectoriser.fit(texts)
    embedded = _embed(encoder, texts)
    centre = embedded.mean(axis=0)
    scale = float(embedded.std(axis=0).mean())
    counted = sparse.csr_matrix(vectoriser.matrix(texts), shape=(len(texts), len(vectoriser.names)))
    features = sparse.hstack([sparse.csr_matrix(_scaled(embedded, centre, scale)), counted], format="csr")

    def fitted(rows: npt.NDArray[np.intp]) -> LogisticRegression:
        return LogisticRegression(C=_STRENGTH, max_iter=200, tol=3e-3).fit(features[rows], labels[rows])

    model = fitted(np.arange(len(texts)))
    names = model.classes_.tolist()
    known, held_out = next(StratifiedGroupKFold(4, shuffle=True, random_state=0).split(features, labels, groups))
    scores = fitted(known).decision_function(features[held_out])
    truth = np.array([names.index(label) for label in labels[held_out]])
    return IntentClassifier(
        tuple(Intent(name) for name in names),
        vectoriser,
        centre,
        scale,
        model.coef_.astype(np.float32),
        model.intercept_.astype(np.float32),
        _temperature(scores, truth),
        _directions(embedded[: len(examples.texts)], centre),
        np.array([names.index(str(intent)) for intent in examples.intents]),
        encoder,
    )


def _temperature(scores: Floats, truth: npt.NDArray[np.intp]) -> float:
    """Temperature scaling (Guo et al. 2017): the divisor of the scores under which held-out examples are likeliest."""
    rows = np.arange(len(truth))
    losses: dict[float, float] = {}
    for tenths in range(3, 31):
        likely = _softmax(scores / (tenths / 10))[rows, truth]
        losses[tenths / 10] = -float(np.log(np.maximum(likely, 1e-9)).mean())
    return min(losses, key=losses.__getitem__)


def _embed(encoder: Encoder, texts: Sequence[str]) -> Floats:
    """Embeddings in the order of `texts`; batches of like length waste least."""
    order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
    embedded = np.zeros((len(texts), encoder.width), np.float32)
    for start in range(0, len(order), _BATCH):
        part = order[start : start + _BATCH]
        embedded[part] = encoder.encode([texts[number] for number in part])
    return embedded


def _scaled(embedded: Floats, centre: Floats, scale: float) -> Floats:
    """E5's vectors lie close together: centred and stretched they weigh as much as the n-grams."""
    scaled: Floats = (embedded - centre) * np.float32(_EMBEDDING_SHARE / (scale * np.sqrt(centre.shape[0])))
    return scaled


def _directions(embedded: Floats, centre: Floats) -> Floats:
    away = embedded - centre
    unit: Floats = away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
    return unit


def _softmax(scores: Floats) -> Floats:
    exponent = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities: Floats = exponent / exponent.sum(axis=1, keepdims=True)
    return probabilities
