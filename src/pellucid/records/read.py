"""Reading: one function for every format, chosen by what the file holds, never by its name alone."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from pellucid.core.errors import InvalidInputError, PellucidError, UnreadableFileError
from pellucid.core.registry import Registry
from pellucid.records.ecg import EcgRecord
from pellucid.records.limits import check_bytes
from pellucid.records.slice import MriSlice

HEAD_BYTES = 4096


class Format(Protocol):
    """What a file in `records/formats` must define: a class named like the file, made without arguments."""

    def recognises(self, path: Path, head: bytes) -> bool:
        """Say whether this may be its format, from the first `HEAD_BYTES` bytes; must be quick and import little."""

    def read(self, path: Path) -> EcgRecord | MriSlice:
        """Return the record, in mV and Hz or grey values in 0..1.

        What the reader had to assume or leave out goes, in words, into the list `metadata["notes"]`; `findings`
        repeats it.
        """


formats: Registry[type[Format]] = Registry("pellucid.records.formats", "format")


def read(path: str | Path, *, name: str | None = None) -> EcgRecord | MriSlice:
    """Read an ECG record or an MRI slice.

    Parameters
    ----------
    path
        A file in any format of `pellucid.available("formats")`, chosen by its content. A WFDB record may be named
        without suffix, by its `.hea` or by its `.dat` or `.mat`.
    name
        What pictures and folders call the record; by default the file's name without suffix.

    Raises
    ------
    UnreadableFileError
        If the file is missing, empty, damaged, too large (`records.limits`) or of no known format.
    InvalidInputError
        If it can be read and says something that no record can be: no sampling rate, the same lead twice.
    """
    try:
        file = _existing(Path(path).expanduser())
        check_bytes(file.stat().st_size, file)
    except OSError as error:
        if isinstance(error, UnreadableFileError):
            raise
        raise UnreadableFileError(f"{path} cannot be reached: {error.strerror}. Check its name and rights.") from error
    record = _first_that_reads(file)
    return record if name is None else replace(record, name=name)


def _first_that_reads(file: Path) -> EcgRecord | MriSlice:
    try:
        with file.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as error:
        raise UnreadableFileError(f"{file} cannot be opened: {error.strerror}. Check who may read it.") from error
    failures: list[PellucidError] = []
    for plugin in formats:
        candidate = formats[plugin]()
        if not candidate.recognises(file, head):
            continue
        try:
            with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite, which records refuse
                return candidate.read(file)
        except (UnreadableFileError, InvalidInputError) as error:
            failures.append(error)
    if len(failures) == 1:
        raise failures[0]
    if failures:
        told = " ".join(str(failure) for failure in failures)
        raise UnreadableFileError(f"{file} fits several formats and is none of them. {told}") from failures[0]
    raise UnreadableFileError(
        f"{file} is in none of the formats that pellucid reads ({', '.join(formats)}); it begins with {head[:16]!r}. "
        "Convert it, for example to CSV with a line of lead names."
    )


def _existing(path: Path) -> Path:
    header = path.with_name(path.name + ".hea") if path.name else path
    if path.is_file():
        return path
    if header.is_file():
        return header
    if path.is_dir():
        inside = sorted(file.name for file in path.iterdir() if file.is_file())[:5]
        listed = f", which holds {', '.join(inside)}" if inside else ""
        raise UnreadableFileError(f"{path} is a folder{listed}. Name a file in it.")
    if path.exists():
        raise UnreadableFileError(f"{path} is neither a file nor a folder. Name a file.")
    raise UnreadableFileError(f"{path} does not exist.{_meant(path)}")


def _meant(path: Path) -> str:
    if not path.parent.is_dir():
        return f" Nor does the folder {path.parent}."
    beside = sorted(file.name for file in path.parent.iterdir() if file.is_file())
    longer = [name for name in beside if path.name and name.startswith(path.name)]
    near = longer[:1] or difflib.get_close_matches(path.name, beside, n=1)
    return f" Did you mean {near[0]}?" if near else f" The folder {path.parent} does, with {len(beside)} files."
