"""What a drawn heart must look like to be the heart of its diagnosis: axis, T wave, criteria of the blocks.

Each criterion takes candidates, shape (candidate, ...), and says which of them meet it. Block criteria after
Surawicz 2009, loosened to what PTB-XL's labelled records show.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pellucid.simulation.tables import QRS, QRS_CLBBB, RIGHT, Array

Mask = NDArray[np.bool_]
I, II, V1, V2, V4, V5, V6 = 0, 1, 2, 3, 5, 6, 7  # noqa: E741  # the leads' own names
_TIMES: Array = np.arange(0.0, 0.200, 0.002)
_LATE: Mask = _TIMES > 0.060


def normal_qrs(tables: Array) -> Mask:
    """Say which QRS tables (candidate, row, lead) in mV have a normal axis and progression."""
    area = tables.sum(axis=1)
    foot = tables[..., II] - tables[..., I] / 2  # aVF
    axis = np.degrees(np.arctan2(1.155 * foot.sum(axis=1), area[:, I]))
    good: Mask = (axis > -20) & (axis < 95) & (area[:, V1] < -0.2) & (area[:, V5] > 0.3)
    return good & (foot[:, 1:3] > -0.15).all(axis=1)


def upright_t(tables: Array) -> Mask:
    """Say which T tables (candidate, row, lead) in mV stand upright in I, II and V4 to V6."""
    tops = tables[:, 5:7, :].sum(axis=1)
    good: Mask = (tops[:, [I, II, V4, V5, V6]] > 0.06).all(axis=1)
    return good


def right_block(normal: Array, right: Array, qrs: float, blocked: float, warp: float) -> Mask:
    """Say which late right ventricles (candidate, row, lead) make a right block after the QRS `normal` (row, lead).

    V1: late R over .40 mV and 1.3 times the early one; V2: over .8 times; I and V6: a late S below -.10 mV.
    """
    late = (_TIMES - 0.030) / (blocked - 0.030)
    signal = normal_basis(_TIMES, qrs, warp) @ normal + gaussians(late, RIGHT.centres, RIGHT.widths) @ right
    early_top, late_top = signal[:, ~_LATE].max(axis=1), signal[:, _LATE].max(axis=1)
    late_low = signal[:, _LATE].min(axis=1)
    good: Mask = (late_top[:, V1] > 0.40) & (late_top[:, V1] > 1.3 * early_top[:, V1])
    good &= late_top[:, V2] > 0.8 * early_top[:, V2]
    good &= (late_low[:, [I, V6]] < -0.10).all(axis=1)
    return good


def left_block(tables: Array, blocked: float) -> Mask:
    """Say which QRS tables (candidate, row, lead) in mV make a left bundle branch block.

    V1: R under .35 of S; I and V6: upright, no q deeper than .07 mV in the first 40 %.
    """
    signal = gaussians(_TIMES / blocked, QRS_CLBBB.centres, QRS_CLBBB.widths) @ tables
    area = tables.sum(axis=1)
    good: Mask = signal[:, :, V1].max(axis=1) < 0.35 * np.abs(signal[:, :, V1].min(axis=1))
    early = signal[:, _TIMES / blocked < 0.4]
    good &= (early[:, :, [I, V6]].min(axis=1) > -0.07).all(axis=1)
    good &= (area[:, [I, V6]] > 0.3).all(axis=1)
    return good


def normal_basis(times: Array, qrs: float, warp: float) -> Array:
    """Return the normal QRS's Gaussians at `times` in s from its onset, shape (..., row)."""
    phase = np.sign(times) * np.abs(times / qrs) ** warp
    return gaussians(phase, QRS.centres, QRS.widths)


def gaussians(phase: Array, centres: Array, widths: Array) -> Array:
    """Return exp(-(phase - centre)^2 / (2 width^2)), shape (..., row)."""
    scaled = (phase[..., None] - centres) * (np.sqrt(0.5) / widths)
    values: Array = np.exp(-scaled * scaled)
    return values
