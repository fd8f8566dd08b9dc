"""Cells of spreadsheets that nobody's program runs as a formula.

A text that begins with one of = + - @, or a tab or line break before them, is executed by spreadsheets when the file is opened
(OWASP, CSV injection). A quotation mark before it makes it text. Plain numbers and telephone numbers stay as they are.
"""

from __future__ import annotations

import re

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_PLAIN = re.compile(r"[+-]?\d+(?:[.,]\d+)*")


def neutral(cell: object) -> object:
    """The cell as it may be written to CSV or XLSX; everything but text is returned unchanged."""
    if not isinstance(cell, str) or not cell.startswith(_STARTS) or _PLAIN.fullmatch(cell):
        return cell
    return f"'{cell}"
