from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import r2_score

from pellucid.attribution.coalitions import every, folded
from pellucid.attribution.surrogate_fit import bases, effective, fitted, left_out, opposite, products, ridge, sparse


def case(count=9, rows=60, targets=3, noise=0.5):
    draw = np.random.default_rng(0)
    masks = folded(count, rows, seed=1)
    weights = draw.standard_normal((count, targets))
    values = masks @ weights + 0.7 + noise * draw.standard_normal((len(masks), targets))
    return masks, values, draw.random(len(masks)) + 0.1, weights


def scaled(masks, values, importance):
    share = importance / importance.sum()
    root = np.sqrt(importance)[:, None]
    return root * (masks - share @ masks), root * (values - share @ values), share


def error_of(masks, values, importance, partner, penalty):
    design, wanted, share = scaled(masks, values, importance)
    left, singular, _ = np.linalg.svd(design, full_matrices=False)
    return left_out(left, wanted, share, partner, singular**2 / (singular**2 + penalty))


def test_rows_find_their_complements():
    masks = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [1, 1, 1]]) > 0
    assert opposite(masks).tolist() == [2, 1, 0, 3]


@pytest.mark.parametrize("penalty", [0.0, 0.3, 20.0])
@pytest.mark.parametrize("rows", [50, 32, 24], ids=["pairs", "fold-over", "some alone"])
def test_leaving_rows_out_is_as_fitting_without_them(penalty, rows):
    masks, values, importance, _ = case(rows=rows)
    partner = opposite(masks)
    assert (partner == np.arange(len(masks))).any() == (rows == 24)
    expected = np.zeros(3)
    for row in range(len(masks)):
        others = ~np.isin(np.arange(len(masks)), [row, partner[row]])
        model = Ridge(alpha=penalty, solver="cholesky").fit(masks[others], values[others], importance[others])
        expected += importance[row] * (values[row] - model.predict(masks[[row]])[0]) ** 2
    assert np.allclose(error_of(masks, values, importance, partner, penalty), expected, rtol=1e-9)


def test_each_target_gets_the_penalty_that_leaves_out_best():
    masks, values, importance, _ = case(rows=24, noise=3.0)
    values[:, 0] = masks @ np.arange(9.0)
    design, wanted, share = scaled(masks, values, importance)
    weights = ridge(design, wanted, share, opposite(masks))
    assert np.allclose(weights[:, 0], np.arange(9), atol=1e-10)  # no noise, no penalty
    plain = np.linalg.lstsq(design, wanted, rcond=None)[0]
    assert (np.linalg.norm(weights, axis=0)[1:] < np.linalg.norm(plain, axis=0)[1:]).all()
    penalties = np.logspace(-6, 3, 37) * (np.linalg.svd(design, compute_uv=False) ** 2).mean()
    errors = [error_of(masks, values, importance, opposite(masks), penalty)[2] for penalty in penalties]
    best = Ridge(alpha=penalties[int(np.argmin(errors))], fit_intercept=False).fit(design, wanted[:, 2])
    assert np.allclose(weights[:, 2], best.coef_, rtol=1e-8)


def test_pairwise_products_do_not_pass_for_noise_in_a_fold_over():
    masks = folded(9, 32, seed=0)
    signs = 2.0 * masks - 1
    values = (signs @ np.arange(1.0, 10.0) / 10 + 3 * signs[:, 0] * signs[:, 1])[:, None]
    design, wanted, share = scaled(masks, values, np.ones(32))
    found = ridge(design, wanted, share, opposite(masks))[:, 0]
    assert np.allclose(found, np.arange(1, 10) / 5, atol=1e-10)
    assert np.abs(ridge(design, wanted, share, np.arange(32))[:, 0] - found).max() > 0.1


def pairs(design, size):
    """All products of two columns of one group."""
    count = design.shape[1]
    both = [(one, two) for one in range(count) for two in range(one + 1, count) if one // size == two // size]
    return np.stack([design[:, one] * design[:, two] for one, two in both], 1)


def test_products_are_those_of_two_columns_of_a_group():
    design = np.random.default_rng(0).standard_normal((7, 10))
    columns = pairs(design, 4)
    assert columns.shape == (7, 6 + 6 + 1)
    assert np.allclose(products(design, 4), columns @ columns.T, rtol=1e-12)


def test_columns_beside_are_fitted_with_a_ridge_of_their_own():
    masks, values, importance, _ = case(count=20, rows=32)
    design, wanted, _ = scaled(masks, values, importance)
    columns = pairs(design, 4)
    found = list(bases(design, columns @ columns.T))
    assert len(found) == 5
    for ratio, (left, squares) in zip((0, 0.1, 0.3, 1, 3), found, strict=True):
        share = ratio * (design**2).sum() / (columns**2).sum()
        all_columns = np.concatenate([design, np.sqrt(share) * columns], 1)
        expected = Ridge(alpha=2.0, fit_intercept=False).fit(all_columns, wanted).coef_[:, :20].T
        weights = design.T @ (left @ (left.T @ wanted / (squares[:, None] + 2)))
        assert np.allclose(weights, expected, atol=1e-9)


def test_products_of_neighbours_do_not_hide_the_weights_in_few_rows():
    masks = folded(40, 64, seed=0)
    signs = 2.0 * masks - 1
    weights = np.random.default_rng(0).standard_normal((40, 1))
    values = masks @ weights + (signs[:, ::8] * signs[:, 1::8]).sum(1)[:, None]
    importance = np.exp(masks.mean(1) / 0.7)
    errors = [np.abs(fitted(masks, values, importance, None, size).weights - weights).max() for size in (1, 8)]
    assert errors[0] > 0.3
    assert errors[1] < 0.03


@pytest.mark.parametrize("group", [1, 4])
def test_a_linear_model_is_found_exactly_with_its_intercept(group):
    masks, _, importance, weights = case()
    model = fitted(masks, masks @ weights + 0.7, importance, None, group)
    assert np.abs(model.weights - weights).max() < 1e-12
    assert np.abs(model.intercept - 0.7).max() < 1e-12
    assert np.abs(model.r2 - 1).max() < 1e-12


@pytest.mark.parametrize("kept", [None, 3])
def test_r2_is_sklearns(kept):
    masks, values, importance, _ = case(noise=1.5)
    model = fitted(masks, values, importance, kept)
    expected = r2_score(
        values, masks @ model.weights + model.intercept, sample_weight=importance, multioutput="raw_values"
    )
    assert np.allclose(model.r2, expected, rtol=1e-12)


@pytest.mark.parametrize("value", [4.0, 0.3, 0.0])
@pytest.mark.parametrize("kept", [None, 2])
def test_a_constant_has_no_weights_and_is_described_entirely(kept, value):
    importance = np.linspace(0.1, 1.3, 8)  # its weighted mean is off by rounding
    model = fitted(every(3), np.full((8, 1), value), importance, kept)
    assert (model.weights == 0).all()
    assert np.allclose(model.intercept, [value], rtol=1e-15, atol=0)
    assert model.r2.tolist() == [1]


@pytest.mark.parametrize("kept", [1, 2, 5])
def test_the_lasso_path_keeps_the_strongest_and_fits_them_again(kept):
    masks, _, importance, _ = case()
    weights = np.zeros((9, 1))
    weights[[1, 4, 6, 7, 8], 0] = [5, -4, 3, -2, 1]
    model = fitted(masks, masks @ weights, importance, kept)
    assert model.weights.nonzero()[0].tolist() == sorted([1, 4, 6, 7, 8][:kept])
    if kept == 5:
        assert np.abs(model.weights - weights).max() < 1e-3  # a ridge of 1e-3 on about ten rows' weight
    design, wanted, _ = scaled(masks, masks @ weights, importance)
    some = design[:, model.weights[:, 0] != 0]
    again = Ridge(alpha=1e-3, fit_intercept=False).fit(some, wanted[:, 0]).coef_
    assert np.allclose(sparse(design, wanted, kept)[model.weights[:, 0] != 0, 0], again, rtol=1e-9)


def test_all_masks_are_fitted_by_least_squares():
    draw = np.random.default_rng(0)
    masks, values, importance = every(4), draw.standard_normal((16, 2)), draw.random(16) + 0.1
    model = fitted(masks, values, importance, None)
    expected = LinearRegression().fit(masks, values, importance)
    assert np.allclose(model.weights, expected.coef_.T, atol=1e-12)
    assert np.allclose(model.intercept, expected.intercept_, atol=1e-12)


def test_effective_samples():
    assert effective(np.ones(7)) == pytest.approx(7)
    assert effective(np.array([1.0, 1e-9, 1e-9])) == pytest.approx(1)
    assert effective(np.array([1.0, 2.0])) == pytest.approx(9 / 5)


def test_fewer_rows_than_parts_are_fitted_with_a_penalty():
    masks, values, importance, _ = case(count=40, rows=20)
    model = fitted(masks, values, importance, None)
    assert np.isfinite(model.weights).all()
    assert (model.r2 < 1).all()
