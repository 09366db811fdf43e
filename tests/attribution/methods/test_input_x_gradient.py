from __future__ import annotations

import torch
from torch import nn

import zoo
from pellucid.attribution.method import method


def test_a_linear_module_gives_its_terms():
    module = nn.Linear(3, 2).double()
    x = torch.tensor([[1.0, -2.0, 0.0]], dtype=torch.float64)
    answer = method("input_x_gradient")(module, x, target=1)
    assert torch.allclose(answer.relevance, x * module.weight[1])
    assert answer.kind == "signed"
    assert answer.base is None


def test_it_adds_up_for_rectifiers_without_biases():
    module = nn.Sequential(nn.Linear(5, 8, bias=False), nn.ReLU(), nn.Linear(8, 3, bias=False)).double()
    x = torch.randn(4, 5, dtype=torch.float64)
    answer = method("input_x_gradient")(module, x, target="all")
    assert torch.allclose(answer.relevance.sum(-1), answer.score, atol=1e-12)


def test_it_is_the_input_times_the_signed_saliency():
    module, x = zoo.network("attention", 2, dtype=torch.float64), zoo.inputs(2, dtype=torch.float64)
    slope = method("saliency", signed=True)(module, x, target=[2, 0, 1]).relevance
    assert torch.equal(method("input_x_gradient")(module, x, target=[2, 0, 1]).relevance, x * slope)
