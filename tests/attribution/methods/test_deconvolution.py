from __future__ import annotations

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.method import method
from pellucid.core.errors import NotApplicableError
from pellucid.core.settings import encode


class Pools(nn.Module):
    """Rectified, pooled by two, weighed."""

    def __init__(self, weights):
        super().__init__()
        self.pool, self.weights = nn.MaxPool1d(2), torch.tensor(weights)

    def forward(self, x):
        return (self.pool(torch.relu(x))[:, 0] * self.weights).sum(1, keepdim=True)


X = torch.tensor([[[1.0, 4.0, -3.0, -2.0, 5.0, 2.0]]])


def test_what_is_positive_goes_back_to_where_the_largest_stood():
    answer = method("deconvolution")(Pools([2.0, 7.0, -1.0]), X)
    # relu gives 1 4 0 0 5 2; of equal values the first counts; -1 is cut off, though the rectifier let 5 pass
    assert answer.relevance.tolist() == [[[0, 2, 7, 0, 0, 0]]]
    assert method("guided_backprop")(Pools([2.0, 7.0, -1.0]), X).relevance.tolist() == [[[0, 2, 0, 0, 0, 0]]]
    assert answer.details == {}


def test_the_switches_are_where_the_largest_value_stood():
    answer = method("deconvolution", switches=True)(Pools([2.0, 7.0, -1.0]), X)
    assert answer.details["switches of pool"].tolist() == [[[1, 2, 4]]]


def switches_by_hand(values):
    """Return where in each 2 x 2 window of (channel, height, width) the largest value stands."""
    channels, height, width = values.shape
    found = torch.zeros(channels, height // 2, width // 2, dtype=torch.long)
    for channel in range(channels):
        for row in range(height // 2):
            for column in range(width // 2):
                places = [(2 * row + a, 2 * column + b) for a in (0, 1) for b in (0, 1)]
                best = max(places, key=lambda place: values[(channel, *place)])
                found[channel, row, column] = best[0] * width + best[1]
    return found


def test_switches_in_two_dimensions():
    module, x = zoo.network("plain", 2, dtype=torch.float64), zoo.inputs(2, 2, dtype=torch.float64)
    answer = method("deconvolution", switches=True)(module, x, target="all")
    (name,) = answer.details
    assert name == "switches of features.3"
    values = module.features[:3](x).detach()
    for number in range(2):
        for target in range(3):
            assert torch.equal(answer.details[name][number, target], switches_by_hand(values[number]))


def test_a_pool_used_twice_has_switches_of_each_use():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.pool = nn.MaxPool1d(2)

        def forward(self, x):
            return self.pool(torch.relu(self.pool(x)))[:, 0]

    x = torch.tensor([[[1.0, 4.0, 3.0, 2.0, 0.5, 0.1, 6.0, 7.0]]])
    found = list(method("deconvolution", switches=True)(Twice(), x, target=0).details.items())
    assert found[0][0] == "switches of pool"
    assert found[0][1].tolist() == [[[1, 2, 4, 7]]]
    assert found[1][0].startswith("switches of pool, operation ")
    assert found[1][1].tolist() == [[[0, 3]]]


@pytest.mark.parametrize("dim", [1, 2])
def test_modules_agree_with_captum_and_functions_with_modules(dim):
    captum = pytest.importorskip("captum.attr")
    x = zoo.inputs(dim, 2, dtype=torch.float64)
    module = zoo.network("plain", dim, dtype=torch.float64)
    with pytest.warns(UserWarning, match="Setting backward hooks"):
        judge = captum.Deconvolution(module).attribute(x.clone().requires_grad_(), target=1)
    for twin in zoo.TWINS:
        found = method("deconvolution")(zoo.network(twin, dim, dtype=torch.float64), x, target=1).relevance
        assert torch.allclose(found, judge, rtol=1e-10, atol=1e-12)


def test_without_rectifiers_it_is_refused():
    with pytest.raises(NotApplicableError, match="deconvolution changes the gradient at rectifiers"):
        method("deconvolution")(zoo.network("dense", 1), zoo.inputs(1), target=0)


def test_switches_are_a_setting():
    assert encode(method("deconvolution", switches=True))["switches"] is True
