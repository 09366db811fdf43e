"""One memory-mapped array for a whole data set: built once from its files, checked by hash, never trusted blindly."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import PellucidError
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
    wanted: Iterable[int] | None = None,
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
    wanted
        Positions of the records that are asked for; all where not given. One that cannot be read ends this with its
        error; another one that cannot be read is zeros.

    Notes
    -----
    The array is written whole or not at all, and its SHA-256 beside it; it is checked once in a process, and
    built anew when it does not fit. Cost of building: reading every file once.
    """
    kind = [] if dtype is np.int16 else [np.dtype(dtype).str]  # as before there were others: their arrays still hold
    key = text_hash([*identity, *kind, str(shape), *keys])[:24]
    path = cache_folder() / f"{key}.npy"
    stamp = path.with_suffix(".json")
    asked = set(range(len(keys)) if wanted is None else map(int, wanted))
    for position in _unreadable(stamp) & asked:
        read(position)  # says why; or it has been mended, and all is built anew
        _checked.discard(path)
        stamp.unlink(missing_ok=True)
    if not _sound(path, stamp):
        unreadable = []
        with written_whole(path) as temporary:
            array = np.lib.format.open_memmap(temporary, mode="w+", dtype=dtype, shape=(len(keys), *shape))
            for position in track(range(len(keys)), title):
                try:
                    array[position] = read(position)
                except (PellucidError, OSError):
                    if position in asked:
                        raise
                    unreadable.append(position)
            array.flush()
            del array
        told = {"identity": list(identity), "records": len(keys), "unreadable": unreadable}
        write_json(stamp, {"sha256": sha256(path), **told})
        _checked.add(path)
    result: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return result


_checked: set[Path] = set()


def _unreadable(stamp: Path) -> set[int]:
    """Return the positions of the records that could not be read when the array was built."""
    return set(_told(stamp).get("unreadable", ()))


def _told(stamp: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return {}
    return told


def _sound(path: Path, stamp: Path) -> bool:
    if path in _checked:
        return path.is_file()
    if not path.is_file() or sha256(path) != _told(stamp).get("sha256"):
        return False
    _checked.add(path)
    return True
