"""One memory-mapped array for a whole data set: built once from its files, checked by hash, never trusted blindly."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.core.files import sha256, write_json, written_whole
from pellucid.core.progress import track
from pellucid.core.provenance import text_hash


def cache_folder() -> Path:
    """Return the user's cache folder for data sets."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("pellucid")) / "datasets"


def packed(
    keys: Sequence[str],
    read: Callable[[int], NDArray[Any]],
    *,
    shape: tuple[int, int],
    identity: Sequence[str],
    title: str,
    dtype: type[np.integer[Any]] = np.int16,
) -> NDArray[Any]:
    """Return (record, lead, sample), or (record, row, column), as a read-only memory map, built on first use.

    Parameters
    ----------
    keys
        One text a record; with `identity` they say which array this is.
    read
        Position to the record's samples or pixels of `shape`.
    shape
        (lead, sample), or (row, column), of every record.
    identity
        Whatever else changes the content: folder, sampling rate, sizes and times of the files.
    title
        Shown with the progress of building.
    dtype
        Of the array.

    Notes
    -----
    The array is written whole or not at all, and its SHA-256 beside it; it is checked once in a process, and
    built anew when it does not fit. Cost of building: reading every file once.
    """
    kind = [] if dtype is np.int16 else [np.dtype(dtype).str]  # as before there were others: their arrays still hold
    key = text_hash([*identity, *kind, str(shape), *keys])[:24]
    path = cache_folder() / f"{key}.npy"
    stamp = path.with_suffix(".json")
    if not _sound(path, stamp):
        with written_whole(path) as temporary:
            array = np.lib.format.open_memmap(temporary, mode="w+", dtype=dtype, shape=(len(keys), *shape))
            for position in track(range(len(keys)), title):
                array[position] = read(position)
            array.flush()
            del array
        write_json(stamp, {"sha256": sha256(path), "identity": list(identity), "records": len(keys)})
        _checked.add(path)
    result: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return result


_checked: set[Path] = set()


def _sound(path: Path, stamp: Path) -> bool:
    if path in _checked:
        return path.is_file()
    if not path.is_file() or not stamp.is_file():
        return False
    try:
        wanted = json.loads(stamp.read_text(encoding="utf-8"))["sha256"]
    except (json.JSONDecodeError, KeyError):
        return False
    if sha256(path) != wanted:
        return False
    _checked.add(path)
    return True
