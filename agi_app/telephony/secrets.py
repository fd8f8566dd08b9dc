"""The secrets Hireline, its commands and its Asterisk share: made once, kept in one file under the state folder, readable by its owner alone."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class Secrets:
    """What only Hireline, its commands and its Asterisk know. Nothing of it appears in `repr`, so that a log line cannot leak it."""

    ari_password: str = field(repr=False)
    ami_secret: str = field(repr=False)
    media_token: str = field(repr=False)
    control_token: str = field(repr=False)


def load_secrets(state: Path) -> Secrets:
    """Read the secrets, making the file when there is none.

    Args:
        state: the state folder; made when missing.

    Raises:
        ConfigError: the file is damaged.
        SetupError: the folder cannot be written, or the file is readable by others.
    """
    path = state / FILE_NAME
    if not path.exists():
        _make(path)
    try:
        mode = path.stat().st_mode & 0o777
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SetupError(
            f"the secrets cannot be read: {error.strerror}", where=str(path), remedy="run as the file's owner"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            "the secrets file is damaged", where=str(path), remedy="delete it and restart: new ones are made"
        ) from error
    if mode & 0o077:
        raise SetupError(f"the secrets file is readable by others (mode {mode:o})", where=str(path), remedy=f"chmod 600 {path}")
    wanted = [item.name for item in fields(Secrets)]
    if wrong := [name for name in wanted if not isinstance(values.get(name), str) or not values[name]]:
        raise ConfigError(
            f"the secrets file lacks {', '.join(wrong)}", where=str(path), remedy="delete it and restart: new ones are made"
        )
    return Secrets(**{name: values[name] for name in wanted})


def _make(path: Path) -> None:
    """Write new secrets; of several processes that try at once exactly one wins, and a reader never sees half a file."""
    lines = ["# Made by Hireline. Delete this file to have new secrets made at the next start.\n"]
    lines += [f'{item.name} = "{random_secrets.token_urlsafe(32)}"\n' for item in fields(Secrets)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".secrets-")  # mkstemp makes it 0600
        draft = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.writelines(lines)
            path.hardlink_to(draft)
        except FileExistsError:
            return  # somebody else was first; theirs counts
        finally:
            draft.unlink()
    except OSError as error:
        raise SetupError(
            f"the secrets cannot be written: {error.strerror}", where=str(path), remedy="make the state folder writable"
        ) from error
