"""Traditional to Simplified Chinese, character by character, by wetext's transducer."""

from __future__ import annotations

from typing import Any, cast

_convert: Any = None


def simplified(text: str) -> str:
    """The text in Simplified Chinese; everything else stays."""
    global _convert  # noqa: PLW0603 - imported on first use: it reads transducers for 0.1 s
    if _convert is None:
        from wetext.utils import preprocess

        _convert = preprocess
    return cast("str", _convert(text, traditional_to_simple=True)) if text else text
