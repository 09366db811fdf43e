"""Text of unknown encoding, as headers and tables come."""

from __future__ import annotations

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def decoded(raw: bytes) -> str:
    """Return text: UTF-16 with its mark, else UTF-8, else Latin-1 (which keeps the micro sign of old recorders)."""
    if raw[:2] in _UTF_16:
        return raw[: len(raw) // 2 * 2].decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def is_text(head: bytes) -> bool:
    """Say whether the first bytes of a file can be text: no NUL, unless every other byte is one."""
    return head[:2] in _UTF_16 or b"\0" not in head
