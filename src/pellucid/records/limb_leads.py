"""Einthoven's and Goldberger's laws: how far six limb leads break them, and what would mend it.

III = II - I, aVR = -(I + II)/2, aVL = I - II/2, aVF = II - I/2: four laws, so that two of the six leads carry all.
They hold for every placement of the electrodes, exchanged cables included; what breaks them is done after the
recording: exchanged columns, a wrong sign, wrong gains, one lead filtered or damaged alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from pellucid.records.ecg import EcgRecord
from pellucid.records.leads import DERIVED

LIMB_LEADS = ("I", "II", *DERIVED)

_REMAINDER = 0.01
_NOTHING = 0.005  # mV, root mean square


@dataclass(frozen=True, slots=True)
class Break:
    """The law of one derived lead, broken by at most `deviation` mV, at `second`."""

    lead: str
    deviation: float
    second: float


def breaks(record: EcgRecord, tolerance: float) -> tuple[Break, ...]:
    """Return the laws that the record breaks by more than `tolerance` mV, the worst first.

    Each lead is taken about its own median, since a constant offset is the recorder's. Laws whose leads are not all
    present, and samples that are not all recorded, are passed over.
    """
    found = []
    rows = dict(zip(record.leads, record.signal.astype(np.float64), strict=True))
    for lead, (one, two) in DERIVED.items():
        if {"I", "II", lead} <= set(rows):
            deviation = rows[lead] - one * rows["I"] - two * rows["II"]
            recorded = np.flatnonzero(np.isfinite(deviation))
            distance = np.abs(deviation[recorded] - np.median(deviation[recorded])) if recorded.size else np.zeros(1)
            worst = int(distance.argmax())
            if distance[worst] > tolerance:
                found.append(Break(lead, float(distance[worst]), int(recorded[worst]) / record.sampling_rate))
    return tuple(sorted(found, key=lambda item: -item.deviation))


@dataclass(frozen=True, slots=True)
class Repair:
    """What would make six limb leads obey the laws.

    `sources[i]` is the name under which the lead `LIMB_LEADS[i]` stands in the file, `factors[i]` what it must be
    multiplied by: -1 for a wrong sign, 1.3 for a wrong gain.
    """

    sources: tuple[str, ...]
    factors: tuple[float, ...]


def repair(record: EcgRecord) -> Repair | None:
    """Return the smallest change of order, signs or gains after which all six limb leads obey the laws.

    A change counts if it removes 99 % of the energy by which the laws are broken. Orders and signs are tried one and
    all (720 x 64) on the leads' covariance; of those that count, the one that changes fewest leads is taken: the laws
    cannot tell it from the others. Gains, relative to lead I, come from the smallest eigenvector. Cost: 3 ms.

    Returns
    -------
    Repair or None
        None if not all six leads are there, or if nothing of the kind helps.
    """
    if not set(LIMB_LEADS) <= set(record.leads):
        return None
    signal = record.select(LIMB_LEADS).signal.astype(np.float64)
    signal = signal[:, np.isfinite(signal).all(axis=0)]
    if signal.shape[1] < 2:
        return None
    covariance = np.cov(signal)
    if np.diag(covariance).min() < _NOTHING**2:
        return None  # where a lead shows nothing, any order will do
    allowed = _REMAINDER * float(np.sum(_GRAM * covariance))
    return _reordered(covariance, allowed) or _rescaled(covariance, allowed)


def _laws() -> NDArray[np.float64]:
    """Return the laws as (law, limb lead): their product with the six leads is 0."""
    laws = np.zeros((len(DERIVED), len(LIMB_LEADS)))
    for row, (one, two) in enumerate(DERIVED.values()):
        laws[row, [0, 1, 2 + row]] = -one, -two, 1
    return laws


# The energy that breaks the laws is the sum of this matrix times the leads' covariance.
_GRAM = _laws().T @ _laws()


@cache
def _arrangements() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return every order and every signs of the six leads, and how many leads each pair of them changes."""
    orders = np.array(list(permutations(range(6))))
    signs = np.array(list(product((1, -1), repeat=6)))
    moved = (orders[:, None, :] != np.arange(6)) | (signs[None, :, :] < 0)
    return orders, signs, moved.sum(axis=2)


def _reordered(covariance: NDArray[np.float64], allowed: float) -> Repair | None:
    orders, signs, changed = _arrangements()
    weighted = _GRAM * covariance[orders[:, :, None], orders[:, None, :]]
    good = np.einsum("oij,si,sj->os", weighted, signs, signs, optimize=True) < allowed
    if not good.any():
        return None
    best = np.unravel_index(np.where(good, changed, 99).argmin(), good.shape)
    sources = tuple(LIMB_LEADS[row] for row in orders[best[0]])
    return Repair(sources, tuple(float(sign) for sign in signs[best[1]]))


def _rescaled(covariance: NDArray[np.float64], allowed: float) -> Repair | None:
    spread = np.sqrt(np.diag(covariance))
    _, vectors = np.linalg.eigh(_GRAM * covariance / np.outer(spread, spread))
    gains = vectors[:, 0] / spread
    gains /= gains[0]
    if (gains <= 0).any() or gains @ (_GRAM * covariance) @ gains > allowed:
        return None
    return Repair(LIMB_LEADS, tuple(float(gain) for gain in gains))
