"""From a class's mean wave to one patient's: a turned dipole, a torso of its own, and what stays with the electrodes.

For row k of a wave, with dipole m_k and rest e_k (`tables`), a patient has

    a'_k = c o ( L (R m_k + j_k) + e_k + n_k )

R turns the heart, L is Dower's matrix with 8 % of error, c the electrodes' gain (o: lead by lead), j_k and n_k
are the patient's own deviations. Source: Dower 1980; Sameni 2007 for the dipole of Gaussians.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pellucid.simulation.draws import Stream, stream
from pellucid.simulation.tables import DOWER, DOWER_INVERSE, Array, Wave

_DIPOLE_SHARE = 0.55
_LEAD_SHARE = 0.40
_NEIGHBOUR = 0.35


def rotations(degrees: Array) -> Array:
    """Return rotation matrices (..., 3, 3) for rotation vectors (..., 3) in degrees (Rodrigues' formula)."""
    vectors = np.radians(degrees)
    angles = np.linalg.norm(vectors, axis=-1)[..., None, None]
    axes = vectors / np.maximum(angles[..., 0], 1e-12)
    cross = np.zeros((*vectors.shape, 3))
    x, y, z = np.moveaxis(axes, -1, 0)
    cross[..., 0, 1], cross[..., 0, 2], cross[..., 1, 2] = -z, y, -x
    cross[..., 1, 0], cross[..., 2, 0], cross[..., 2, 1] = z, -y, x
    turned: Array = np.eye(3) + np.sin(angles) * cross + (1 - np.cos(angles)) * (cross @ cross)
    return turned


def turns_of_leads(degrees: Array) -> Array:
    """Return the matrices (..., 8, 8) that turn the dipole inside the eight leads and leave the rest alone."""
    turned: Array = np.eye(8) + DOWER @ (rotations(degrees) - np.eye(3)) @ DOWER_INVERSE
    return turned


@dataclass(frozen=True, slots=True, eq=False)
class Torso:
    """How a patient's dipole reaches the electrodes.

    Parameters
    ----------
    transfer
        L, shape (lead, axis).
    gains
        c, shape (lead,).
    """

    transfer: Array
    gains: Array

    @classmethod
    def draw(cls, seed: int) -> Torso:
        """Draw a patient's torso."""
        rng = stream(seed, Stream.TORSO)
        transfer = DOWER * (1 + 0.08 * rng.standard_normal((8, 3)))
        gains = np.ones(8)
        gains[2:] = np.exp(0.16 * rng.standard_normal()) * np.exp(0.06 * rng.standard_normal(6))
        return cls(transfer, gains)

    def tables(self, wave: Wave, degrees: Array, rng: np.random.Generator) -> Array:
        """Return one table of this patient per rotation vector.

        Parameters
        ----------
        wave
            The class's mean.
        degrees
            Rotation vectors, shape (candidate, 3).
        rng
            Where the patient's own deviations come from.

        Returns
        -------
        Array
            Shape (candidate, row, lead), in mV.
        """
        rows, candidates = len(wave.centres), len(degrees)
        own = _DIPOLE_SHARE * wave.spread * rng.standard_normal((candidates, rows, 3))
        if rows == 7:
            own = own + _NEIGHBOUR * np.roll(own, 1, axis=1)
        turned = np.einsum("nij,kj->nki", rotations(degrees), wave.dipole)
        leads = _LEAD_SHARE * wave.lead_spread * rng.standard_normal((candidates, rows, 8))
        table: Array = self.gains * ((turned + own) @ self.transfer.T + wave.rest + leads)
        return table
