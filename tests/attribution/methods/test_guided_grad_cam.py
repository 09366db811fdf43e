from __future__ import annotations

import pytest
import torch

import zoo
from pellucid.attribution.method import method
from pellucid.core.errors import NotApplicableError, UnknownNameError


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("target", [1, "all", [2, 0]])
def test_it_is_the_product_of_both(dim, target):
    module, x = zoo.network("plain", dim, dtype=torch.float64), zoo.inputs(dim, 2, dtype=torch.float64)
    found = method("guided_grad_cam")(module, x, target=target)
    cam = method("grad_cam")(module, x, target=target)
    guided = method("guided_backprop")(module, x, target=target)
    assert torch.allclose(found.relevance, cam.relevance * guided.relevance, rtol=1e-10)
    assert found.relevance.shape == guided.relevance.shape
    assert found.relevance.abs().sum() > 0


def test_by_hand_between_two_cells():
    class Two(zoo.nn.Module):
        """relu(x) at every second sample, twice its mean."""

        def __init__(self):
            super().__init__()
            self.features = zoo.nn.Conv1d(1, 1, 1, stride=2, bias=False)
            self.features.weight.data = torch.ones(1, 1, 1)
            self.head = zoo.nn.Linear(1, 1, bias=False)
            self.head.weight.data = torch.tensor([[2.0]])

        def forward(self, x):
            return self.head(self.features(torch.relu(x)).mean(-1))

    x = torch.tensor([[[4.0, 1.0, 8.0, 1.0]]])
    # cells 4 and 8 with weight 2 / 2 cells: 4, 6, 8, 8 on the input's grid; guided 1, 0, 1, 0
    assert method("guided_grad_cam")(Two(), x, target=0).relevance.tolist() == [[[4, 0, 8, 0]]]


def test_the_layer_is_grad_cams():
    module, x = zoo.network("residual", 1, dtype=torch.float64), zoo.inputs(1, 2, dtype=torch.float64)
    found = method("guided_grad_cam", layer="one")(module, x, target=0).relevance
    cam = method("grad_cam", layer="one")(module, x, target=0).relevance
    assert torch.allclose(found, cam * method("guided_backprop")(module, x, target=0).relevance, rtol=1e-10)
    with pytest.raises(UnknownNameError, match="'one'"):
        method("guided_grad_cam")(module, x, target=0, layer="on")


def test_without_rectifiers_or_space_it_is_refused():
    with pytest.raises(NotApplicableError, match="at rectifiers"):
        method("guided_grad_cam")(zoo.network("flat_head", 1), zoo.inputs(1), target=0)
    with pytest.raises(NotApplicableError):
        method("guided_grad_cam")(zoo.network("dense", 1), zoo.inputs(1), target=0)
