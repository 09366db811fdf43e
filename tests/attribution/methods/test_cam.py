from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.method import method
from pellucid.core.errors import NotApplicableError


@pytest.mark.parametrize(("animal", "dim"), [(name, dim) for name, dim in zoo.CAGES if zoo.ZOO[name].head == "mean"])
def test_the_map_and_the_bias_add_up_to_the_logit(animal, dim):
    module, x = zoo.network(animal, dim, dtype=torch.float64), zoo.inputs(dim, dtype=torch.float64)
    answer = method("cam")(module, x, target="all")
    assert torch.allclose(answer.relevance.flatten(2).sum(-1) + answer.base, module(x), atol=1e-9)
    assert torch.allclose(answer.relevance.flatten(2).sum(-1), answer.cells.flatten(2).sum(-1), atol=1e-9)
    assert answer.gap.max() < 1e-9
    assert answer.warnings == ()


def test_shares_are_weight_times_value_over_the_number_of_cells():
    module, x = zoo.network("plain", 1), zoo.inputs(1)
    answer = method("cam")(module, x, target=2)
    values = module.features(x)
    expected = torch.einsum("bkt,k->bt", values, module.head[2].weight[2]) / values.shape[2]
    assert torch.allclose(answer.cells[:, 0], expected, atol=1e-6)
    assert torch.allclose(answer.base, module.head[2].bias[2].expand(3), atol=1e-5)


class Additive(nn.Module):
    """Gives its own map: the mean of every four samples of a lead, weighed by lead and class."""

    def __init__(self, leads=4):
        super().__init__()
        self.weight = nn.Parameter(torch.arange(leads * 3.0).reshape(3, leads) - 4)
        self.bias = nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))

    def additive_map(self, inputs):
        cells = inputs.unfold(2, 4, 4).mean(-1)
        maps = torch.einsum("blt,cl->bclt", cells, self.weight)
        return SimpleNamespace(maps=maps, bias=self.bias, offset=1.5, jump=4.0)

    def forward(self, x):
        parts = self.additive_map(x)
        return parts.maps.sum((2, 3)) + parts.bias


def test_a_networks_own_map_keeps_the_leads_apart():
    module, x = Additive(), zoo.inputs(1)
    answer = method("cam")(module, x, target=[0, 1, 2])
    assert answer.relevance.shape == x.shape
    assert answer.base.tolist() == [1, 2, 3]
    assert torch.allclose(answer.relevance.flatten(1).sum(1) + answer.base, answer.score, atol=1e-5)
    share = x[1, 2, 4:8].mean() * module.weight[1, 2] / 4
    assert torch.allclose(answer.relevance[1, 2, 4:8], share.expand(4), atol=1e-6)
    assert answer.geometry.by_lead
    assert method("cam")(module, x, target="all").relevance.shape == (3, 3, 4, 24)


def test_a_networks_own_map_is_given_what_the_network_is_and_leaves_the_inputs_alone():
    class Scaled(Additive):
        def additive_map(self, inputs, scale):
            return super().additive_map(inputs.mul_(scale[:, None, None]))

        def forward(self, x, scale):
            parts = self.additive_map(x, scale)
            return parts.maps.sum((2, 3)) + parts.bias

    x, scale = zoo.inputs(1), torch.tensor([1.0, 2.0, 3.0])
    before = x.clone()
    found = method("cam")(Scaled(), x, target=0, arguments=(scale,))
    assert torch.equal(x, before)
    assert torch.allclose(found.relevance, method("cam")(Additive(), x * scale[:, None, None], target=0).relevance)
    assert found.warnings == ()


def test_guessed_places_and_calls_that_are_not_shown_are_said():
    class Rolled(zoo.Plain):
        def forward(self, x):
            return super().forward(x.roll(1, 2))

    answer = method("cam", layer="features.5")(zoo.seeded(Rolled(1)), zoo.inputs(1), target=0)
    assert "could not be followed" in answer.remarks[0]
    twice = method("cam", layer="relu")(zoo.network("reused", 1), zoo.inputs(1), target=0)
    assert "called 2 times" in twice.remarks[0]


def test_a_map_of_another_shape_is_refused():
    with pytest.raises(NotApplicableError, match=r"for 2 leads; it gives \(1, 3, 4, 6\)"):
        method("cam")(Wrong(), zoo.inputs(1, 1)[:, :2], target=0)


class Wrong(Additive):
    def additive_map(self, inputs):
        return super().additive_map(inputs.repeat(1, 2, 1))

    def forward(self, x):
        return self.additive_map(x).maps.sum((2, 3))


@pytest.mark.parametrize(
    ("animal", "layer", "words"),
    [
        ("norms", None, "native_layer_norm"),
        ("flat_head", None, "weighs the positions differently"),
        ("plain", "features.0", "stands between the layer and the logits"),
        ("residual", "one", "past the layer"),
    ],
)
def test_another_head_is_refused_with_what_stands_in_the_way(animal, layer, words):
    with pytest.raises(NotApplicableError, match=f"mean pooling and one linear layer; .*{words}.*`grad_cam`"):
        method("cam", layer=layer)(zoo.network(animal, 1), zoo.inputs(1), target=0)
