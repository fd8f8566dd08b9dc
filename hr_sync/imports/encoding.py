"""Which encoding a text file is in: decided by its bytes, never guessed from frequencies.

The candidates are those that Chinese spreadsheets and HR systems write: UTF-8 with and without a byte order mark, UTF-16 with and
without one, and GB18030 (which reads GBK and GB2312 as well).
"""

from __future__ import annotations

import codecs

from hr_sync.errors import InvalidDataError

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SAMPLE = 4096
"""Bytes looked at to tell UTF-16 without a mark."""
_ZEROS = 0.05
"""Share of zero bytes at one parity from which a text is UTF-16: line breaks, commas and digits alone give more."""


def decode(data: bytes, *, where: str, encoding: str | None = None) -> tuple[str, str]:
    """The text and the name of its encoding.

    Args:
        data: the whole file.
        where: the file, for the error.
        encoding: what the reader says it is; None: found out.

    Raises:
        InvalidDataError: names the line at which it stops being text in that encoding.
    """
    if encoding is not None:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise InvalidDataError(f"there is no encoding {encoding}", where=where, remedy="utf-8, gb18030 or utf-16") from None
        return _decoded(data, encoding, where), encoding
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _decoded(data, name, where), name
    wide = _wide(data[:_SAMPLE])
    if wide is not None:
        return _decoded(data, wide, where), wide
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as not_utf8:
        try:
            return data.decode("gb18030"), "gb18030"
        except UnicodeDecodeError as not_gb:
            # The longer one of them read on is what the file was meant to be.
            raise _broken(data, max(not_utf8, not_gb, key=lambda error: error.start), where) from None


def _wide(sample: bytes) -> str | None:
    if len(sample) < 4:
        return None
    pairs = len(sample) // 2
    high, low = sample[0::2].count(0) / pairs, sample[1::2].count(0) / pairs
    if low > max(high, _ZEROS) and b"\n\x00" in sample:
        return "utf-16-le"
    if high > max(low, _ZEROS) and b"\x00\n" in sample:
        return "utf-16-be"
    return None


def _decoded(data: bytes, encoding: str, where: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _broken(data, error, where) from None


def _broken(data: bytes, error: UnicodeDecodeError, where: str) -> InvalidDataError:
    newline = b"\n\x00" if error.encoding.endswith(("16", "16-le")) else b"\n"
    line = data.count(newline, 0, error.start) + 1
    return InvalidDataError(
        f"the file stops being {error.encoding} text at byte {error.start + 1}",
        where=f"{where}, line {line}",
        remedy="save it as UTF-8 (CSV UTF-8 in Excel), or name its encoding with --encoding",
    )
