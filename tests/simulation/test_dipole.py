from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pellucid.simulation import tables
from pellucid.simulation.dipole import Torso, rotations, turns_of_leads


def test_rotations_are_those_of_scipy():
    vectors = np.array([[0.0, 0.0, 0.0], [90.0, 0.0, 0.0], [12.0, -17.0, 40.0], [0.0, 0.0, 1e-9]])
    np.testing.assert_allclose(rotations(vectors), Rotation.from_rotvec(vectors, degrees=True).as_matrix(), atol=1e-12)


def test_a_quarter_turn_about_z_brings_left_down():
    np.testing.assert_allclose(rotations(np.array([0.0, 0.0, 90.0])) @ [1, 0, 0], [0, 1, 0], atol=1e-12)


def test_turning_the_leads_turns_the_dipole_and_leaves_the_rest():
    degrees = np.array([5.0, 10.0, -20.0])
    turned = turns_of_leads(degrees)
    dipole = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(turned @ tables.DOWER @ dipole, tables.DOWER @ rotations(degrees) @ dipole, atol=1e-12)
    rest = tables.QRS.rest[2]
    np.testing.assert_allclose(turned @ rest, rest, atol=1e-12)


class NoDraws:
    """A generator that draws nothing but zeros."""

    def standard_normal(self, shape):
        return np.zeros(shape)


def test_an_average_patient_has_the_table_itself():
    torso = Torso(tables.DOWER, np.ones(8))
    (table,) = torso.tables(tables.QRS, np.zeros((1, 3)), NoDraws())
    np.testing.assert_allclose(table, tables.QRS.amplitudes, atol=1e-12)


def test_gains_scale_leads():
    gains = np.arange(1.0, 9.0)
    (table,) = Torso(tables.DOWER, gains).tables(tables.T, np.zeros((1, 3)), NoDraws())
    np.testing.assert_allclose(table, tables.T.amplitudes * gains, atol=1e-12)


def test_patients_spread_about_the_mean():
    torso = Torso(tables.DOWER, np.ones(8))
    drawn = torso.tables(tables.QRS, np.zeros((20_000, 3)), np.random.default_rng(0))
    np.testing.assert_allclose(drawn.mean(axis=0), tables.QRS.amplitudes, atol=0.02)
    # row 0 of the dipole also takes .35 of the row before it, which is the last
    own = (0.55 * tables.QRS.spread) ** 2
    dipole = own[0] + 0.35**2 * own[-1]
    expected = np.sqrt(dipole @ tables.DOWER.T**2 + (0.40 * tables.QRS.lead_spread[0]) ** 2)
    np.testing.assert_allclose(drawn.std(axis=0)[0], expected, rtol=0.03)


def test_limb_leads_keep_their_gain():
    torso = Torso.draw(1)
    np.testing.assert_array_equal(torso.gains[:2], 1)
    assert np.all(torso.gains[2:] != 1)
    assert torso.transfer == pytest.approx(tables.DOWER, rel=0.4)
