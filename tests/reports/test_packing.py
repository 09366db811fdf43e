from __future__ import annotations

import numpy as np
import pytest

from pellucid.reports.packing import pack, unpack


def test_values_come_back_to_half_a_step():
    values = np.random.default_rng(0).normal(size=(12, 500))
    packed = pack(values, 0.001)
    assert packed["step"] == 0.001
    assert np.abs(unpack(packed, 12, 500) - values).max() <= 0.0005 + 1e-12


def test_the_step_grows_where_16_bits_do_not_reach():
    values = np.array([[-100.0, 0.0, 100.0]])
    packed = pack(values, 0.001)
    assert packed["step"] == pytest.approx(100 / 32767)
    assert unpack(packed, 1, 3) == pytest.approx(values, abs=packed["step"] / 2)


def test_what_was_not_recorded_stays_so_beside_the_extremes():
    values = np.array([[np.nan, 32.767, -32.767, np.nan, 0.0]])
    assert unpack(pack(values, 0.001), 1, 5) == pytest.approx(values, nan_ok=True)


def test_nothing_is_packed_too():
    assert (unpack(pack(np.zeros((2, 3)), 0.0), 2, 3) == 0).all()
    assert np.isnan(unpack(pack(np.full((1, 4), np.nan), 0.001), 1, 4)).all()


def test_a_signal_gets_smaller_than_its_16_bits():
    signal = np.cumsum(np.random.default_rng(1).normal(scale=0.003, size=(12, 5000)), axis=1)
    assert len(pack(signal, 0.001)["data"]) < 12 * 5000 * 2 * 0.8
