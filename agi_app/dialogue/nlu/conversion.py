"""Turns the 4-bit E5 weights into a CTranslate2 encoder once: int8, and only the pieces that Chinese and Latin text needs."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import structlog
from ctranslate2.specs import common_spec, transformer_spec
from ctranslate2.specs.model_spec import LayerSpec

from agi_app.dialogue.nlu.e5_file import E5File, Floats
from agi_app.errors import ModelError

_log = structlog.get_logger(__name__)

PIECES = "pieces.json"
_VERSION = 1
_SCRIPTS = ((0, 0x250), (0x2000, 0x3100), (0x3400, 0xA000), (0xFE00, 0x10000))
"""Code points of Latin letters, signs, Chinese characters and full-width forms."""


def converted(source: Path, folder: Path) -> Path:
    """The converted model of `source` under `folder`, made when it is not there yet (a few seconds).

    Raises:
        ModelError: the source is missing or damaged, or the folder cannot be written.
    """
    try:
        stat = source.stat()
    except OSError as error:
        raise ModelError("the embedding model is missing", where=str(source), remedy="run `hireline models fetch`") from error
    target = folder / f"e5-ct2-v{_VERSION}-{stat.st_size}-{stat.st_mtime_ns:x}"
    if (target / PIECES).is_file():
        return target
    _log.info("embedding_model_converting")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".e5-", dir=folder))
        try:
            _convert(E5File(source), made)
            made.replace(target)
        except OSError:
            if not (target / PIECES).is_file():  # another process was faster
                raise
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise ModelError(
            f"the converted embedding model cannot be written: {error}", where=str(folder), remedy="check space and rights"
        ) from error
    return target


def _convert(file: E5File, folder: Path) -> None:
    vocabulary = file.vocabulary
    special = (vocabulary.begin, vocabulary.end, vocabulary.unknown)
    kept = [number for number, piece in enumerate(vocabulary.pieces) if number in special or (piece and _useful(piece))]
    spec = transformer_spec.TransformerEncoderModelSpec(
        transformer_spec.TransformerEncoderSpec(
            file.layers, file.heads, pre_norm=False, activation=common_spec.Activation.GELU, layernorm_embedding=True
        )
    )
    encoder = spec.encoder
    encoder.scale_embeddings = False
    width = file.width
    encoder.embeddings[0].weight = file.matrix("emb.word", file.rows, width, np.array(kept))
    # Every token is of the first kind, so its vector can be added to the positions.
    kind = file.floats("emb.type", file.kinds, width)[0]
    encoder.position_encodings.encodings = file.floats("emb.pos", file.positions, width) + kind
    _norm(encoder.layernorm_embedding, file, "emb.ln", width)
    for index, layer in enumerate(encoder.layer):
        name = f"l{index}."
        attention, forward = layer.self_attention, layer.ffn
        mixed = [_weights(file, name + part, width, width) for part in ("q", "k", "v")]
        attention.linear[0].weight = np.concatenate([weight for weight, _ in mixed])
        attention.linear[0].bias = np.concatenate([bias for _, bias in mixed])
        attention.linear[1].weight, attention.linear[1].bias = _weights(file, name + "ao", width, width)
        _norm(attention.layer_norm, file, name + "aln", width)
        forward.linear_0.weight, forward.linear_0.bias = _weights(file, name + "fi", file.inner, width)
        forward.linear_1.weight, forward.linear_1.bias = _weights(file, name + "fo", width, file.inner)
        _norm(forward.layer_norm, file, name + "oln", width)
    pieces = [vocabulary.pieces[number] for number in kept]
    spec.register_vocabulary([piece or f"<{number}>" for number, piece in enumerate(pieces)])
    spec.config.unk_token = pieces[kept.index(vocabulary.unknown)]
    spec.config.layer_norm_epsilon = file.epsilon
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    (folder / PIECES).write_text(
        json.dumps(
            {
                "pieces": pieces,
                "scores": [round(vocabulary.scores[number], 4) for number in kept],
                "begin": kept.index(vocabulary.begin),
                "end": kept.index(vocabulary.end),
                "unknown": kept.index(vocabulary.unknown),
                "replacements": {old: new for old, new in vocabulary.replacements.items() if _useful(old)},
            },
            ensure_ascii=False,
        ),
        encoding="utf-8",
    )


def _weights(file: E5File, name: str, rows: int, columns: int) -> tuple[Floats, Floats]:
    return file.matrix(name + ".w", rows, columns), file.floats(name + ".b", rows)


def _norm(spec: LayerSpec, file: E5File, name: str, width: int) -> None:
    spec.gamma = file.floats(name + ".w", width)
    spec.beta = file.floats(name + ".b", width)


def _useful(piece: str) -> bool:
    """Chinese, Latin letters and signs: the other scripts of the 250,000 pieces would only cost memory."""
    return all(any(low <= ord(one) < high for low, high in _SCRIPTS) for one in piece)
