from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from torch import nn

from pellucid.attribution.coalitions import every
from pellucid.attribution.method import method
from pellucid.core.errors import SettingError


class Product(nn.Module):
    """x0 x1 and x0 + 3 x2 - 2 over features."""

    def forward(self, x):
        return torch.stack([x[:, 0] * x[:, 1], x[:, 0] + 3 * x[:, 2] - 2], 1)


ONES = torch.ones(1, 3, dtype=torch.float64)


class Linear(nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.weights = weights

    def forward(self, x):
        return (x @ self.weights)[:, None] + 0.5


def test_a_product_by_weighted_least_squares_over_all_masks():
    answer = method("lime")(Product(), ONES, target="all")
    masks = every(3)
    importance = np.exp(-(1 - masks.mean(1)) / 0.85**2)
    product = LinearRegression().fit(masks, masks[:, 0] & masks[:, 1], importance)
    details = answer.details
    assert details["weights"][0, 0].tolist() == pytest.approx(product.coef_.tolist(), abs=1e-12)
    assert details["weights"][0, 1].tolist() == pytest.approx([1, 0, 3], abs=1e-12)
    assert details["intercept"][0, 1] == pytest.approx(-2, abs=1e-12)
    assert details["r2"][0, 1] == pytest.approx(1, abs=1e-12)
    assert float(details["effective_samples"][0, 0]) == pytest.approx(importance.sum() ** 2 / (importance**2).sum())
    assert answer.base is None
    assert answer.warnings == ()


@pytest.mark.parametrize("count", [8, 30, 100])
def test_a_linear_module_gives_its_weights(count):
    weights = torch.linspace(0.001, 0.03, count, dtype=torch.float64)
    answer = method("lime")(Linear(weights), torch.ones(1, count, dtype=torch.float64))
    assert torch.allclose(answer.relevance[0], weights, atol=1e-12)
    assert float(answer.details["intercept"]) == pytest.approx(0.5, abs=1e-10)
    assert answer.warnings == ()


class Neighbours(nn.Module):
    """Weights 0 to 1, and products of each two features around their middle."""

    def forward(self, x):
        around = 2 * x - 1
        return (x @ torch.linspace(0, 1, x.shape[1]).to(x) + (around[:, ::2] * around[:, 1::2]).sum(1))[:, None]


def test_few_masks_tell_the_weights_of_parts_from_products_of_neighbours():
    answer = method("lime", samples=64)(Neighbours(), torch.ones(1, 40, dtype=torch.float64))
    expected = torch.linspace(0, 1, 40).double()
    assert float((answer.relevance[0] - expected).abs().max()) < 0.1


def test_few_masks_give_a_linear_module_its_weights():
    weights = torch.linspace(0.001, 0.03, 100, dtype=torch.float64)
    answer = method("lime", samples=160)(Linear(weights), torch.ones(1, 100, dtype=torch.float64))
    assert torch.allclose(answer.relevance[0], weights, atol=1e-12)


def test_the_lasso_path_keeps_some_parts():
    weights = torch.tensor([0.1, 5.0, -0.2, 0.3, -4.0, 0.1, 0.0, 3.0], dtype=torch.float64)
    x = torch.ones(1, 8, dtype=torch.float64)
    answer = method("lime", parts_kept=3)(Linear(weights), x)
    assert answer.relevance[0].nonzero().flatten().tolist() == [1, 4, 7]
    assert torch.allclose(answer.relevance[0, [1, 4, 7]], weights[[1, 4, 7]], atol=0.01)
    with pytest.raises(SettingError, match="parts_kept must be 1"):
        method("lime", parts_kept=0)


class Parity(nn.Module):
    def forward(self, x):
        return torch.prod(2 * x - 1, 1)


def test_a_score_that_is_no_sum_is_said():
    answer = method("lime")(Parity(), torch.ones(1, 6, dtype=torch.float64))
    assert float(answer.details["r2"]) < 0.5
    assert "R2 lies below 0.5" in answer.warnings[0]


def test_few_samples_for_many_parts_are_said():
    module, x = Linear(torch.ones(40, dtype=torch.float64)), torch.ones(1, 40, dtype=torch.float64)
    answer = method("lime", samples=100)(module, x)
    assert 90 < float(answer.details["effective_samples"]) < 100
    assert "effective samples are few for these parts; 200 or more" in answer.warnings[0]
    some = method("lime", samples=100, parts_kept=10)(module, x)
    assert "effective samples" not in " ".join(some.warnings)
    assert method("lime", samples=400)(module, x).warnings == ()


def test_the_answer_follows_from_the_seed():
    module = nn.Sequential(nn.Linear(30, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    x = torch.linspace(-1, 2, 30, dtype=torch.float64)[None]
    first, again, other = (method("lime", samples=80, seed=seed)(module, x).relevance for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)
