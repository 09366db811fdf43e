from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from dense_lrp import relevance
from torch import nn

import zoo
from pellucid.attribution.method import method
from pellucid.attribution.rules.weighted_rules import WEIGHTED_RULES, Stabiliser
from pellucid.core.errors import NotApplicableError
from pellucid.core.randomness import torch_generator

LAYERS = {
    "dense": ((6,), lambda bias: nn.Linear(6, 5, bias=bias)),
    "dense over tokens": ((3, 6), lambda bias: nn.Linear(6, 5, bias=bias)),
    "conv 1-D": ((3, 9), lambda bias: nn.Conv1d(3, 4, 3, padding=1, bias=bias)),
    "strided": ((3, 9), lambda bias: nn.Conv1d(3, 4, 4, stride=3, padding=2, bias=bias)),
    "grouped and dilated": ((4, 9), lambda bias: nn.Conv1d(4, 6, 3, dilation=2, groups=2, bias=bias)),
    "conv 2-D": ((2, 5, 4), lambda bias: nn.Conv2d(2, 3, 3, padding=1, bias=bias)),
    "depthwise 2-D": ((3, 5, 4), lambda bias: nn.Conv2d(3, 3, (3, 2), groups=3, bias=bias)),
    "pointwise with stride": ((3, 5, 5), lambda bias: nn.Conv2d(3, 4, 1, stride=2, bias=bias)),
    "transposed 1-D": ((4, 5), lambda bias: nn.ConvTranspose1d(4, 6, 3, 2, 1, output_padding=1, groups=2, bias=bias)),
    "transposed 2-D": ((2, 3, 3), lambda bias: nn.ConvTranspose2d(2, 3, 3, stride=2, bias=bias)),
}
LOW, HIGH = -4.0, 5.0
KINDS = pytest.mark.parametrize("kind", LAYERS)


def draws(shape, batch=2):
    return torch.randn(batch, *shape, generator=torch_generator(3), dtype=torch.float64)


def network(layer, shape, *between):
    body = nn.Sequential(layer, *between, nn.ReLU(), nn.Flatten())
    size = body.double()(draws(shape)).shape[1]
    return zoo.seeded(nn.Sequential(*body, nn.Linear(size, 2)).double())


def names(rule):
    """Return the rule of the first layer and of the head: z-box is for the first only."""
    return ("zbox", "epsilon") if rule == "zbox" else (rule, rule)


def table(rule, **more):
    first, other = names(rule)
    bounds = {"low": LOW, "high": HIGH} if rule == "zbox" else {}
    return method("lrp", rule={"convolution": other, "dense": other, "first": first}, **bounds, **more)


def assert_as_by_hand(module, x, rule, **settings):
    found = table(rule, **settings)(module, x, target=1)
    assert found.gap.max() < 1e-12
    first, other = names(rule)
    rows = [(module[0], first), *((part, None) for part in module[1:-1]), (module[-1], other)]
    for number in range(len(x)):
        expected = relevance(rows, x[number : number + 1], 1, {"low": LOW, "high": HIGH, **settings})[0]
        assert torch.allclose(found.relevance[number], expected, rtol=1e-10, atol=1e-12)


@KINDS
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rule", WEIGHTED_RULES)
def test_a_rule_is_its_closed_form(kind, bias, rule):
    shape, build = LAYERS[kind]
    assert_as_by_hand(network(build(bias), shape), draws(shape), rule, eps=0.3)


@pytest.mark.parametrize("rule", WEIGHTED_RULES)
@pytest.mark.parametrize("kind", ["conv 1-D", "transposed 2-D", "dense over tokens"])
def test_relative_epsilon_is_a_share_of_each_samples_root_mean_square(rule, kind):
    shape, build = LAYERS[kind]
    x = draws(shape) * torch.tensor([1.0, 3.0]).double().reshape(2, *(1,) * len(shape)) / 3
    assert_as_by_hand(network(build(True), shape), x, rule, relative_eps=0.4)


@pytest.mark.parametrize("rule", ["zplus", "alpha2beta1", "gamma"])
def test_an_input_without_negative_numbers(rule):
    shape, build = LAYERS["conv 2-D"]
    assert_as_by_hand(network(build(True), shape), draws(shape).abs(), rule, eps=0.01)


@pytest.mark.parametrize("gamma", [0.0, 1.5])
def test_gamma_is_a_setting(gamma):
    shape, build = LAYERS["strided"]
    module, x = network(build(True), shape), draws(shape)
    assert_as_by_hand(module, x, "gamma", gamma=gamma, eps=0.02)
    if not gamma:
        same = method("lrp", rule="epsilon", eps=0.02)(module, x, target=0).relevance
        assert torch.allclose(table("gamma", gamma=0.0, eps=0.02)(module, x, target=0).relevance, same, rtol=1e-9)


def test_gamma_for_signed_inputs_worked_out_on_paper():
    module = nn.Linear(2, 1).double()
    module.weight.data = torch.tensor([[2.0, 3.0]]).double()
    module.bias.data = torch.tensor([0.5]).double()
    ask = method("lrp", rule="gamma", gamma=1.0, eps=0.0)
    # x w = 2, -3; z = -0.5: negative shares count twice: 2, -6 of -4 + 0.5
    found = ask(module, torch.tensor([[1.0, -1.0]]).double(), target=0)
    assert torch.allclose(found.relevance, torch.tensor([[2.0, -6.0]]).double() / -3.5 * -0.5)
    assert found.ledger.total().item() == pytest.approx(0.5 / -3.5 * -0.5)
    # x w = 4, -3; z = 1.5: positive shares count twice, and the bias: 8, -3 of 5 + 1
    found = ask(module, torch.tensor([[2.0, -1.0]]).double(), target=0)
    assert torch.allclose(found.relevance, torch.tensor([[8.0, -3.0]]).double() / 6 * 1.5)
    assert found.ledger.total().item() == pytest.approx(1 / 6 * 1.5)


def test_flat_square_and_box_worked_out_on_paper():
    module = nn.Linear(2, 1, bias=False).double()
    module.weight.data = torch.tensor([[2.0, -1.0]]).double()
    x = torch.tensor([[3.0, 1.0]]).double()  # z = 5
    for rule, shares, settings in [
        ("flat", [0.5, 0.5], {}),
        ("w_square", [0.8, 0.2], {}),
        ("zbox", [2 * (3 - -1) / 11, -1 * (1 - 4) / 11], {"low": -1.0, "high": 4.0}),
    ]:
        found = method("lrp", rule=rule, eps=0.0, **settings)(module, x, target=0)
        assert torch.allclose(found.relevance, 5 * torch.tensor([shares]).double()), rule
        assert found.ledger.total().abs().max() < 1e-12


def test_z_box_needs_bounds_that_hold():
    module, x = nn.Linear(2, 1), torch.tensor([[3.0, 1.0]])
    with pytest.raises(NotApplicableError, match="low= and high="):
        method("lrp", rule="zbox")(module, x, target=0)
    with pytest.raises(NotApplicableError, match=r"between low=0\.0 and high=2\.0; it has 1 to 3"):
        method("lrp", rule="zbox", low=0.0, high=2.0)(module, x, target=0)


def folded_by_hand(layer, norm):
    """Return a layer that does what both did, the gain and shift of each output channel in its weights."""
    twin = deepcopy(layer)
    gain = (norm.running_var + norm.eps).rsqrt() * (1 if norm.weight is None else norm.weight)
    shift = -norm.running_mean * gain + (0 if norm.bias is None else norm.bias)
    twin.bias = nn.Parameter(shift + (0 if layer.bias is None else gain * layer.bias))
    with torch.no_grad():
        for channel in range(len(gain)):
            if isinstance(layer, nn.ConvTranspose1d | nn.ConvTranspose2d):
                wide, narrow = layer.in_channels // layer.groups, layer.out_channels // layer.groups
                group = channel // narrow
                twin.weight[group * wide : (group + 1) * wide, channel % narrow] *= gain[channel]
            else:
                twin.weight[channel] *= gain[channel]
    return twin


@pytest.mark.parametrize("kind", [kind for kind in LAYERS if kind != "dense over tokens"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rule", WEIGHTED_RULES)
def test_a_batch_norm_behind_is_folded(kind, bias, rule):
    shape, build = LAYERS[kind]
    norms = {1: nn.BatchNorm1d, 2: nn.BatchNorm1d, 3: nn.BatchNorm2d}
    layer, x = build(bias), draws(shape)
    width = layer.out_features if kind == "dense" else layer.out_channels
    module = network(layer, shape, norms[len(shape)](width, affine=bias))
    by_hand = nn.Sequential(folded_by_hand(module[0], module[1]), *module[2:])
    assert torch.allclose(by_hand(x), module(x))
    ask = table(rule, eps=0.05)
    found, expected = (ask(net, x, target=0) for net in (module, by_hand))
    assert found.gap.max() < 1e-12
    assert torch.allclose(found.relevance, expected.relevance, rtol=1e-10, atol=1e-12)
    assert torch.allclose(found.ledger.total(), expected.ledger.total(), rtol=1e-9, atol=1e-12)


def test_a_layer_that_gives_exactly_zero_divides_by_nothing():
    module = nn.Linear(2, 1, bias=False).double()
    x = torch.tensor([[1.0, -1.0]]).double()
    module.weight.data = torch.ones(1, 2).double()
    for settings in ({"eps": 0.0}, {"eps": 1e-6}, {"relative_eps": 0.1}):
        for rule in ("epsilon", "zplus", "alpha2beta1", "gamma", "flat", "w_square"):
            found = method("lrp", rule=rule, **settings)(module, x, target=0)
            assert torch.isfinite(found.relevance).all()
            assert found.relevance.sum().item() == pytest.approx(-found.ledger.total().item(), abs=1e-12)


def test_the_stabiliser():
    z = torch.tensor([[2.0, -2.0, 0.0]]).double()
    ones = torch.ones(1, 3).double()
    exact = Stabiliser(0.5, False, 1)
    assert exact.divided(ones, z).tolist() == [[1 / 2.5, 1 / -2.5, 2.0]]
    assert exact.lessened(ones, z).tolist() == [[0.8, 0.8, 0.0]]
    assert Stabiliser(0.0, False, 1).divided(ones, z).tolist() == [[0.5, -0.5, 0.0]]
    assert Stabiliser(0.0, False, 1).lessened(ones, z) is ones
    folded = torch.tensor([[3.0], [4.0], [0.3], [0.4]]).double()  # two samples, each of two rows
    size = Stabiliser(0.1, True, 2).size(folded)
    assert torch.allclose(size.flatten(), torch.tensor([0.1, 0.1, 0.01, 0.01]).double() * 12.5**0.5)
    assert Stabiliser(0.1, True, 2).divided(ones.T[:2].repeat(2, 1), 0 * folded).tolist() == [[0], [0], [0], [0]]


def test_the_stabiliser_for_complex_numbers():
    z = torch.tensor([3 - 4j, 0j])
    exact = Stabiliser(0.0, False, 2)
    # R has one relevance for each part
    assert exact.divided(torch.tensor([6 + 2j, 0j]), z).tolist() == [2 - 0.5j, 0j]
