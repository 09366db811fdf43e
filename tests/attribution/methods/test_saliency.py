from __future__ import annotations

import torch
from torch import nn

from pellucid.attribution.method import method


def test_the_size_of_a_linear_weight():
    module = nn.Linear(3, 2)
    module.weight.data = torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, -4.0]])
    x = torch.tensor([[7.0, 8.0, 9.0]])
    assert method("saliency")(module, x, target=0).relevance.tolist() == [[1, 2, 0.5]]
    assert method("saliency", signed=True)(module, x, target=1).relevance.tolist() == [[0, 3, -4]]
    assert method("saliency")(module, x, target="all").relevance.tolist() == [[[1, 2, 0.5], [0, 3, 4]]]


def test_its_kind_follows_the_sign():
    assert method("saliency").kind == "positive"
    assert method("saliency", signed=True).kind == "signed"
