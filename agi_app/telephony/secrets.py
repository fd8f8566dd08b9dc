"""The secrets Hireline, its commands and its Asterisk share: made once, kept in one file that only its owner can read."""

from __future__ import annotations

import fcntl
import os
import secrets as random_secrets
import tempfile
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path

from agi_app.errors import ConfigError, SetupError

FILE_NAME = "secrets.toml"
MEDIA_USER = "asterisk"
"""The user name Asterisk gives, with `media_token` as the password, when it connects to our media server (HTTP Basic)."""

_REMEDY = "delete it and restart: new ones are made"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What only Hireline, its commands and its Asterisk know. Nothing of it appears in `repr`, lest a log line leak it."""

    ari_password: str = field(repr=False)
    ami_secret: str = field(repr=False)
    media_token: str = field(repr=False)
    control_token: str = field(repr=False)


_NAMES = tuple(item.name for item in fields(Secrets))


def load_secrets(state: Path) -> Secrets:
    """Read the secrets, making those that are not there yet.

    Args:
        state: the state folder; made when missing.

    Raises:
        ConfigError: the file is damaged.
        SetupError: the file or folder cannot be read or written, or the file is readable by others.
    """
    path = state / FILE_NAME
    try:
        state.mkdir(parents=True, exist_ok=True)
        values = _read(path)
        if any(name not in values for name in _NAMES):
            values = _complete(path)
    except OSError as error:
        raise SetupError(
            f"the secrets cannot be read or written: {error.strerror}",
            where=str(path),
            remedy="run as the owner of the state folder, or set paths.state to a folder of your own",
        ) from error
    if wrong := [name for name in _NAMES if not isinstance(values[name], str) or not values[name]]:
        raise ConfigError(f"the secrets file has no usable {', '.join(wrong)}", where=str(path), remedy=_REMEDY)
    return Secrets(**{name: values[name] for name in _NAMES})


def _read(path: Path) -> dict[str, str]:
    try:
        mode = path.stat().st_mode & 0o777
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("the secrets file is damaged", where=str(path), remedy=_REMEDY) from error
    if mode & 0o077:
        raise SetupError(f"the secrets file is readable by others (mode {mode:o})", where=str(path), remedy=f"chmod 600 {path}")
    return values


def _complete(path: Path) -> dict[str, str]:
    """Add the secrets that are missing: all of them the first time. One process at a time, and no reader sees half a file."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        old = _read(path)
        new = {name: random_secrets.token_urlsafe(32) for name in _NAMES if name not in old}
        if new:
            start = path.read_text(encoding="utf-8") if old else "# Made by Hireline. Delete this file to have new ones made.\n"
            handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".secrets-")  # mkstemp makes it 0600
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(start.rstrip() + "\n" + "".join(f'{name} = "{value}"\n' for name, value in new.items()))
            Path(draft).replace(path)
        return old | new
    finally:
        os.close(folder)
