"""Voltage units as files spell them, in millivolts."""

from __future__ import annotations

_MILLIVOLTS = {"v": 1e3, "mv": 1.0, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3, "nv": 1e-6}
_WORDS = {"volt": "v", "millivolt": "mv", "microvolt": "uv", "nanovolt": "nv"}


def millivolts(unit: str) -> float | None:
    """Return how many mV one `unit` is, in any case and spelling; None if it is no voltage.

    >>> millivolts("uV"), millivolts("millivolts"), millivolts("mmHg")
    (0.001, 1.0, None)
    """
    key = unit.strip().lower()
    return _MILLIVOLTS.get(_WORDS.get(key.removesuffix("s"), key))
