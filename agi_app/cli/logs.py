"""Where the log goes: JSON lines in a file under the state folder, and the terminal when asked for. No personal data in either."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from pathlib import Path

import structlog

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure_logs(*, verbose: bool = False, level: str = "info", folder: Path | None = None) -> None:
    """Set up logging once a process; a later call replaces an earlier one.

    Args:
        verbose: readable lines on standard error.
        level: lowest level kept.
        folder: where `hireline.log` is written; None: no file.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    handlers: list[logging.Handler] = []
    if verbose:
        terminal = logging.StreamHandler(sys.stderr)
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        terminal.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
        handlers.append(terminal)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = logging.handlers.RotatingFileHandler(folder / "hireline.log", maxBytes=20_000_000, backupCount=5, encoding="utf-8")
        file.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                processors=[
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    structlog.processors.JSONRenderer(ensure_ascii=False),
                ],
                foreign_pre_chain=shared,
            )
        )
        handlers.append(file)
    logging.basicConfig(handlers=handlers or [logging.NullHandler()], level=LEVELS[level], force=True)
    for noisy in ("aiohttp.access", "faster_whisper", "numba", "jieba"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        cache_logger_on_first_use=False,
    )
