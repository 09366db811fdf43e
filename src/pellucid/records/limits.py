"""How large a file pellucid reads: beyond this it says so, before it runs out of memory."""

from __future__ import annotations

from pathlib import Path

from pellucid.core.errors import UnreadableFileError

MAX_BYTES = 512 * 2**20
"""Bytes of one file, or of all files of one record together."""

MAX_SAMPLES = 2**26
"""Samples of one record over all its leads: three hours of twelve leads at 500 Hz, 24 hours of three at 250 Hz."""

MAX_PIXELS = 25_000_000
"""Pixels of one slice."""


def check_bytes(size: int, path: Path) -> None:
    """Refuse `path` if its `size` in bytes is none, or beyond `MAX_BYTES`."""
    if size == 0:
        raise UnreadableFileError(f"{path} is empty. Copy or download it again.")
    if size > MAX_BYTES:
        raise UnreadableFileError(
            f"{path} must have at most {MAX_BYTES // 2**20} MiB; got {size // 2**20} MiB. Cut it into shorter records."
        )


def check_samples(leads: int, samples: int, path: Path) -> None:
    """Refuse a record that announces no samples, or more than `MAX_SAMPLES`."""
    if leads < 1 or samples < 1:
        raise UnreadableFileError(f"{path} holds no signal: {leads} leads of {samples} samples.")
    if leads * samples > MAX_SAMPLES:
        raise UnreadableFileError(
            f"{path} must hold at most {MAX_SAMPLES:,} samples over all leads; it announces {leads} x {samples:,}. "
            "Cut it into shorter records."
        )


def check_pixels(rows: int, columns: int, path: Path) -> None:
    """Refuse a picture that announces more than `MAX_PIXELS`."""
    if rows * columns > MAX_PIXELS:
        raise UnreadableFileError(
            f"{path} must have at most {MAX_PIXELS:,} pixels; got {columns} x {rows}. Reduce it first."
        )
