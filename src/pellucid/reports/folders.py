"""Names for files and folders, made of names that come from strangers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LONGEST = 80
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(1, 10))}


def safe_name(text: str) -> str:
    """Return a name that every file system takes and that leads nowhere else: letters, digits, `-`, `_`, `.`.

    >>> safe_name("../etc/passwd"), safe_name("ST/T change"), safe_name("")
    ('etc_passwd', 'ST_T_change', 'unnamed')
    """
    plain = unicodedata.normalize("NFKC", text)
    name = re.sub(r"[^\w.-]+", "_", plain).strip("._-")[:LONGEST].rstrip("._-")
    return f"{name}_" if name.lower() in _RESERVED else name or "unnamed"


def safe_names(texts: Iterable[str]) -> list[str]:
    """Return a safe name for each text, all different, also where case is not kept."""
    taken: set[str] = set()
    return [free_name(text, taken) for text in texts]


def free_name(text: str, taken: set[str]) -> str:
    """Return a safe name that is not among those `taken`, which hold small letters, and take it."""
    plain = name = safe_name(text)
    number = 1
    while name.lower() in taken:
        number += 1
        name = f"{plain}-{number}"
    taken.add(name.lower())
    return name
