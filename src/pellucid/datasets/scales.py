"""Whether the amplitudes of a source are those of ECGs: some collections state a wrong gain."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pellucid.records.ecg import EcgRecord

TYPICAL = 1.2
"""Millivolts: the median over records of the median over leads of the range from the 0.5th to the 99.5th percentile.

Measured: 0.98 in CPSC 2018, 1.10 in PTB-XL.
"""

FACTORS = (1.0, 1 / 5, 5.0, 1 / 1000, 1000.0)
"""Of a wrong gain: 200 in place of 1000 units a mV, microvolts or volts in place of millivolts."""

_FEWEST = 3


def span(record: EcgRecord) -> float:
    """Return the usual range of a record's leads in mV, without its outermost hundredth; 0 where it has no samples."""
    rows = [row[np.isfinite(row)] for row in record.signal]
    ranges = [float(np.ptp(np.percentile(row, (0.5, 99.5)))) for row in rows if len(row)]
    return float(np.median(ranges)) if ranges else 0.0


def factor(spans: Sequence[float]) -> float:
    """Return what a source's amplitudes must be multiplied by: that of `FACTORS` which comes nearest to `TYPICAL`.

    Parameters
    ----------
    spans
        Of some records of the source, see `span`; with fewer than three, nothing is concluded from them and 1 returned.
    """
    known = [value for value in spans if value > 0]
    if len(known) < _FEWEST:
        return 1.0
    middle = float(np.median(known))
    return min(FACTORS, key=lambda one: abs(math.log(middle * one / TYPICAL)))
