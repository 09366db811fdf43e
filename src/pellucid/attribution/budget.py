"""How many rows go through a module at once: as many as the caller's memory allows, and no more than pay."""

from __future__ import annotations

import re
from itertools import pairwise

from pellucid.core.errors import InvalidInputError

DEFAULT = "2GiB"
MOST_ROWS = 16  # measured: more rows fall out of the cache and are slower, not faster
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def parsed(memory: str | int) -> int:
    """Return a size in bytes: `2GiB`, `500 MB` or a number of bytes.

    Raises
    ------
    InvalidInputError
        For anything else.
    """
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([a-zA-Z]*)\s*", str(memory))
    unit = _UNITS.get(match[2].upper()) if match else None
    if match is None or unit is None or isinstance(memory, bool) or float(match[1]) <= 0:
        raise InvalidInputError(f"memory must be a size such as '2GiB' or '500MB', or bytes; got {memory!r}.")
    return int(float(match[1]) * unit)


def evenly(total: int, most: int) -> list[slice]:
    """Return the fewest slices of at most `most` steps: their sizes differ by one, so that each fits where one lay."""
    count = -(-total // most)
    edges = [total * number // max(1, count) for number in range(count + 1)]
    return [slice(*ends) for ends in pairwise(edges)]


def rows_at_once(memory: int, bytes_a_row: int) -> int:
    """Return how many rows to run together; one row is always tried."""
    return max(1, min(MOST_ROWS, memory // max(1, bytes_a_row)))
