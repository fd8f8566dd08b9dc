"""Voice activity by the Silero model (https://github.com/snakers4/silero-vad, MIT), 8 or 16 kHz, by onnxruntime alone.

The model reads 32 ms at a time: 256 samples at 8 kHz (512 at 16 kHz), preceded by the last 32 (64) samples of the block before, and
carries a state of shape [2, batch, 128] from block to block.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from agi_app.errors import ModelError

Samples = npt.NDArray[np.float32]

BLOCK_MS = 32

onnxruntime.disable_telemetry_events()  # nothing about a call leaves the machine


class VadStream:
    """What the model remembers of one stream of audio."""

    __slots__ = ("context", "state")

    def __init__(self, context_samples: int) -> None:
        self.state = np.zeros((2, 1, 128), np.float32)
        self.context = np.zeros(context_samples, np.float32)


class SileroVad:
    """The model, shared by all calls; run it from one thread.

    Args:
        path: the ONNX file.
        sample_rate: 8000 or 16000 Hz.

    Raises:
        ModelError: the file is missing or is not the model.
    """

    def __init__(self, path: Path, sample_rate: int = 8000) -> None:
        if sample_rate not in (8000, 16000):
            raise ModelError(f"voice activity works at 8000 or 16000 Hz, not {sample_rate}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        if not path.is_file():
            raise ModelError("the voice activity model is missing", where=str(path), remedy="run: hireline models fetch")
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises types of its own, without a common base
            raise ModelError(
                f"the voice activity model cannot be loaded: {type(error).__name__}",
                where=str(path),
                remedy="run: hireline models verify",
            ) from error
        self.sample_rate = sample_rate
        self.block_samples = sample_rate * BLOCK_MS // 1000
        self._context_samples = self.block_samples // 8
        self._rate = np.array(sample_rate, np.int64)

    def stream(self) -> VadStream:
        """A fresh memory for a new call."""
        return VadStream(self._context_samples)

    def probabilities(self, streams: Sequence[VadStream], blocks: Sequence[Samples]) -> list[float]:
        """Probability of speech in the next block of each stream, all in one run.

        Args:
            streams: one memory a block, all different; updated in place.
            blocks: float32 in [-1, 1], shape [block_samples].
        """
        batch = np.stack([np.concatenate((stream.context, block)) for stream, block in zip(streams, blocks, strict=True)])
        state = np.concatenate([stream.state for stream in streams], axis=1)
        output, state = self._session.run(None, {"input": batch, "state": state, "sr": self._rate})
        for index, (stream, block) in enumerate(zip(streams, blocks, strict=True)):
            stream.state = state[:, index : index + 1]
            stream.context = block[-self._context_samples :]
        return [float(value) for value in output[:, 0]]
