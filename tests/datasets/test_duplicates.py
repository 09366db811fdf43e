from __future__ import annotations

import math

import numpy as np
import pytest

from pellucid.datasets.duplicates import BITS, Pair, Twins, bits_allowed, signs, twins, unit


@pytest.fixture
def rows():
    return np.random.default_rng(3).standard_normal((40, 500)).astype(np.float32)


def test_equal_near_and_mirrored_records_are_found_and_no_others(rows):
    noise = np.random.default_rng(4).standard_normal(500).astype(np.float32)
    rows[7] = 3 * rows[2] + 5
    rows[9] = rows[4] + 0.1 * noise
    rows[11] = rows[5] + 0.6 * noise
    rows[13] = rows[6][::-1]
    hashes = [str(i) for i in range(40)]
    hashes[20] = hashes[1]
    rows[20] = rows[1]
    found = twins(hashes, unit(rows), threshold=0.97, mirrored=unit(rows[:, ::-1]))
    assert found.content[20] == found.content[1]
    assert len(set(found.content.tolist())) == 39
    assert {(pair.first, pair.second): pair.mirrored for pair in found.pairs} == {
        (2, 7): False,
        (4, 9): False,
        (6, 13): True,
    }
    by_hand = np.corrcoef(rows[4], rows[9])[0, 1]
    assert next(pair.correlation for pair in found.pairs if pair.first == 4) == pytest.approx(by_hand, abs=1e-5)
    assert twins(hashes, unit(rows), threshold=0.97, near=False).pairs == ()


def test_a_chain_of_twins_is_one_cluster():
    found = Twins(np.array([0, 1, 2, 0, 3]), (Pair(0, 1, 0.99, exact=False), Pair(1, 2, 0.98, exact=False)))
    assert found.neighbours() == [{0, 1}, {0, 1, 2}, {1, 2}, {3}]
    assert found.clusters().tolist() == [0, 0, 0, 0, 1]


def test_bits_differ_as_often_as_the_angle_says():
    random = np.random.default_rng(0)
    one, other = random.standard_normal((2, 200, 800)).astype(np.float32)
    other = 0.9 * one + math.sqrt(1 - 0.9**2) * other
    differing = (BITS - (signs(one) * signs(other)).sum(1)) / 2
    assert differing.mean() == pytest.approx(BITS * math.acos(0.9) / math.pi, rel=0.05)
    assert bits_allowed(0.97) == 42  # 20.0 expected, standard deviation 4.3
    assert (differing > bits_allowed(0.9)).sum() == 0


def test_what_is_flat_is_like_nothing():
    rows = unit(np.array([[2.0, 2.0, 2.0], [1.0, 2.0, 3.0]]))
    assert rows[0].tolist() == [0, 0, 0]
    np.testing.assert_allclose(rows[1], np.array([-1, 0, 1]) / np.sqrt(2), atol=1e-6)
