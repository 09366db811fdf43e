"""Who works on a study: each process keeps a file locked while it lives, so that a killed one is known for certain."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

_FOLDER = "workers"


@dataclass(frozen=True, slots=True)
class Worker:
    """One process on a study, known to the others by its name."""

    folder: Path
    name: str

    def owner_lives(self, name: str) -> bool:
        """Return whether the worker of that name is at work.

        Notes
        -----
        The kernel drops the lock of a process that ends in any way, so the answer does not hang on process numbers,
        which come again, or on clocks. A lock is only asked for on the machine that holds it: of another machine's
        worker, whose network file system may keep locks to itself, the file alone counts; `elsewhere` names it.
        """
        path = self.folder / _FOLDER / name
        if name == self.name:
            return True
        try:
            with path.open(encoding="utf-8") as stream:
                if json.load(stream)["host"] != socket.gethostname():
                    return True
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        path.unlink(missing_ok=True)
        return False

    def elsewhere(self, name: str) -> str | None:
        """Return the machine that a worker of another machine is on, and the file that says so."""
        path = self.folder / _FOLDER / name
        try:
            host = str(json.loads(path.read_text(encoding="utf-8"))["host"])
        except FileNotFoundError:
            return None
        return None if host == socket.gethostname() else f"{host} ({path})"


@contextmanager
def working(folder: Path) -> Iterator[Worker]:
    """Be known as a worker on the study in this folder until the block ends."""
    place = folder / _FOLDER
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{os.getpid()}-{token_hex(4)}"
    with path.open("x", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        json.dump({"host": socket.gethostname(), "process": os.getpid()}, stream)
        stream.flush()
        try:
            yield Worker(folder, path.name)
        finally:
            path.unlink(missing_ok=True)
