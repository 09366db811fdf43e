from __future__ import annotations

import numpy as np
import pytest

from pellucid.simulation import tables

ALL = [tables.P, tables.QRS, tables.RIGHT, tables.QRS_CLBBB, tables.T, tables.T_CRBBB, tables.T_CLBBB]


@pytest.mark.parametrize("wave", ALL)
def test_every_table_has_a_row_per_gaussian_and_eight_leads(wave):
    rows = len(wave.centres)
    assert wave.widths.shape == (rows,)
    assert wave.amplitudes.shape == wave.lead_spread.shape == (rows, 8)
    assert wave.spread.shape == (rows, 3)


@pytest.mark.parametrize("wave", ALL)
def test_dipole_and_rest_add_up_and_the_rest_has_no_dipole(wave):
    np.testing.assert_allclose(wave.dipole @ tables.DOWER.T + wave.rest, wave.amplitudes, atol=1e-12)
    np.testing.assert_allclose(wave.rest @ tables.DOWER_INVERSE.T, 0, atol=1e-12)


def test_sharpening_by_hand():
    rows = np.array([[1.0], [2.0], [5.0], [3.0]])
    # inner rows: (1 + 2s) a_k - s (a_{k-1} + a_{k+1}) with s = .1
    np.testing.assert_allclose(tables._sharpened(rows, 0.1), [[1.0], [1.8], [5.5], [3.0]])


def test_the_mean_normal_heart_has_a_normal_axis_and_progression():
    one, two, v1, *_, v5, _ = tables.QRS.amplitudes.sum(axis=0)
    assert 30 < np.degrees(np.arctan2(1.155 * (two - one / 2), one)) < 70
    assert v1 < 0 < v5


def test_the_origin_of_the_tables_is_named():
    for name in ("PTB-XL", "Wagner", "10.13026/kfzx-aw45", "Creative Commons Attribution 4.0"):
        assert name in tables.__doc__
