from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from pellucid.attribution.coalitions import every, kernel_weighted
from pellucid.attribution.shapley import exact, regressed


def game(count, targets=2):
    return np.random.default_rng(count).standard_normal((2**count, targets))


def by_permutations(values, count):
    total = np.zeros((count, values.shape[1]))
    orders = list(permutations(range(count)))
    for order in orders:
        row = 0
        for part in order:
            total[part] += values[row | 1 << part] - values[row]
            row |= 1 << part
    return total / len(orders)


@pytest.mark.parametrize("count", [2, 3, 6])
def test_the_closed_form_is_the_mean_over_all_orders(count):
    values = game(count)
    assert np.allclose(exact(values), by_permutations(values, count), atol=1e-13)


def test_a_game_known_by_symmetry():
    x = every(6)
    values = (x[:, 0] * x[:, 1] + 2.0 * x[:, 2] * x[:, 3] * x[:, 4] + x[:, 5])[:, None]
    assert np.allclose(exact(values)[:, 0], [1 / 2, 1 / 2, 2 / 3, 2 / 3, 2 / 3, 1], atol=1e-14)


@pytest.mark.parametrize("count", [2, 3, 8, 12])
def test_regression_on_all_coalitions_is_the_closed_form(count):
    values = game(count)
    masks, weights = kernel_weighted(count, 2**count, seed=0)
    own = values[masks @ (1 << np.arange(count))]
    found, determined = regressed(masks, weights, own, values[0], values[-1])
    assert determined
    assert np.abs(found - exact(values)).max() < 1e-10


def test_the_sum_is_held_and_what_is_open_is_shared_equally():
    masks = np.array([[True, False, False, False], [False, True, True, True]])
    values = np.array([[5.0], [2.0]])
    found, determined = regressed(masks, np.array([0.5, 0.5]), values, np.array([1.0]), np.array([9.0]))
    assert not determined
    assert found.sum() == pytest.approx(8, abs=1e-14)
    assert found[1:, 0] == pytest.approx([found[1, 0]] * 3)
    # 4 fits the first coalition, 7 the second: between them
    assert found[0, 0] == pytest.approx(5.5)


def test_more_coalitions_come_nearer():
    count = 14
    draw = np.random.default_rng(0)
    slopes, shifts, ends = draw.standard_normal((count, 20)), draw.standard_normal(20), draw.standard_normal((20, 1))

    def worth(masks):
        return np.maximum(masks @ slopes + shifts, 0) @ ends

    whole = exact(worth(every(count)))
    none, everything = worth(np.zeros((1, count)))[0], worth(np.ones((1, count)))[0]

    def error(samples, seed):
        masks, weights = kernel_weighted(count, samples, seed)
        found, _ = regressed(masks, weights, worth(masks), none, everything)
        return np.sqrt(((found - whole) ** 2).mean()) / whole.std()

    errors = [np.mean([error(samples, seed) for seed in range(5)]) for samples in (100, 400, 1600)]
    assert errors[0] > 1.5 * errors[1] > 1.5**2 * errors[2]
    assert errors[2] < 0.03
