"""Audio that was made before: on disk, limited in size, shared by processes, with a small hot layer in memory."""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from collections import Counter, OrderedDict
from pathlib import Path

import numpy as np
import structlog

from agi_app.speech.tts.protocol import Pcm

_log = structlog.get_logger(__name__)

_HOT_BYTES = 32 << 20
_TRIM_TO = 0.9
"""An overfull cache shrinks to this share of its limit, so that it is not trimmed at every write."""


class AudioCache:
    """PCM by voice, rate and text. The text itself is never written: file names are hashes.

    Writes are atomic (temporary file, rename); a file that another process removed is simply a miss. Thread-safe; two writers of
    one key write the same bytes.

    Args:
        folder: made when needed.
        limit_mb: least recently used files go when it is exceeded; 0 keeps nothing on disk.
    """

    def __init__(self, folder: Path, *, limit_mb: int) -> None:
        self._folder = folder
        self._limit = limit_mb << 20
        self._hot: OrderedDict[str, Pcm] = OrderedDict()
        self._hot_bytes = 0
        self._lock = threading.Lock()
        self._size: int | None = None
        self.counters: Counter[str] = Counter()
        """hits, misses, removed."""

    @staticmethod
    def key(voice: str, version: str, sample_rate: int, rate: float, text: str) -> str:
        """Everything the audio depends on."""
        described = "\0".join((voice, version, str(sample_rate), f"{rate:.2f}", text))
        return hashlib.sha256(described.encode()).hexdigest()

    def hot(self, key: str) -> Pcm | None:
        """The audio if it is in memory: never touches the disk, so the event loop may ask."""
        with self._lock:
            audio = self._hot.get(key)
            if audio is not None:
                self._hot.move_to_end(key)
                self.counters["hits"] += 1
            return audio

    def get(self, key: str) -> Pcm | None:
        """The audio, or None."""
        if (audio := self.hot(key)) is not None:
            return audio
        path = self._path(key)
        try:
            content = path.read_bytes()
            os.utime(path)  # its last use
        except FileNotFoundError:
            self.counters["misses"] += 1
            return None
        if not content or len(content) % 2:
            _log.warning("a damaged audio file was dropped from the cache", file=path.name)
            path.unlink(missing_ok=True)
            self.counters["misses"] += 1
            return None
        audio = np.frombuffer(content, "<i2")
        self._keep_hot(key, audio)
        self.counters["hits"] += 1
        return audio

    def put(self, key: str, audio: Pcm) -> None:
        """Keep audio. A disk that is full or read-only costs the cache, not the call."""
        self._keep_hot(key, audio)
        if self._limit == 0:
            return
        path = self._path(key)
        partial = path.with_name(f".{key}.{secrets.token_hex(4)}")
        content = audio.astype("<i2").tobytes()
        if self._size is None:
            self._size = sum(stat.st_size for _, stat in self._files())
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                partial.write_bytes(content)
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)
        except OSError as error:
            self.counters["write_failures"] += 1
            _log.warning("the audio cache cannot be written", folder=str(self._folder), error=error.strerror)
            return
        self._size += len(content)
        if self._size > self._limit:
            self._trim()

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.pcm"

    def _keep_hot(self, key: str, audio: Pcm) -> None:
        with self._lock:
            previous = self._hot.pop(key, None)
            self._hot_bytes += audio.nbytes - (previous.nbytes if previous is not None else 0)
            self._hot[key] = audio
            while self._hot_bytes > _HOT_BYTES and len(self._hot) > 1:
                _, oldest = self._hot.popitem(last=False)
                self._hot_bytes -= oldest.nbytes

    def _files(self) -> list[tuple[Path, os.stat_result]]:
        found = []
        for path in self._folder.glob("*/*.pcm"):
            try:
                found.append((path, path.stat()))
            except FileNotFoundError:  # another process removed it
                continue
        return found

    def _trim(self) -> None:
        """Remove what was not used for longest. Another process may do the same at the same time: that is harmless."""
        files = sorted(self._files(), key=lambda item: item[1].st_mtime_ns)
        size = sum(stat.st_size for _, stat in files)
        for path, stat in files:
            if size <= self._limit * _TRIM_TO:
                break
            path.unlink(missing_ok=True)
            size -= stat.st_size
            self.counters["removed"] += 1
        self._size = size
