"""Beside zennit 0.5.1 where it is right: chains of modules without batch norm, with biases and without."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

import zoo
from pellucid.attribution.method import method

TARGETS = [2, 0, 1]
EPS = 1e-4  # large enough to be seen
CLOSE = 1e-9  # of the largest relevance
LOW, HIGH = -60.0, 60.0  # of hidden layers too
CASES = [pytest.param(dim, bias, id=f"{dim}d-{'bias' if bias else 'none'}") for dim in (1, 2) for bias in (True, False)]
SINGLE = {
    "epsilon": lambda rules: rules.Epsilon(EPS),
    "gamma": lambda rules: rules.Gamma(0.3, stabilizer=EPS),
    "zplus": lambda rules: rules.ZPlus(stabilizer=EPS),
    "alpha2beta1": lambda rules: rules.AlphaBeta(2, 1, stabilizer=EPS),
    "flat": lambda rules: rules.Flat(stabilizer=EPS),
    "w_square": lambda rules: rules.WSquare(stabilizer=EPS, zero_params=["bias"]),
    "zbox": lambda rules: rules.ZBox(LOW, HIGH, stabilizer=EPS),
}
COMPOSITES = {
    "epsilon_plus": lambda composites, same: composites.EpsilonPlus(**same),
    "epsilon_alpha2_beta1": lambda composites, same: composites.EpsilonAlpha2Beta1(**same),
    "epsilon_plus_flat": lambda composites, same: composites.EpsilonPlusFlat(**same),
    "epsilon_alpha2_beta1_flat": lambda composites, same: composites.EpsilonAlpha2Beta1Flat(**same),
    "epsilon_gamma_box": lambda composites, same: composites.EpsilonGammaBox(LOW, HIGH, gamma=0.3, **same),
}
SETTINGS = {
    "gamma": {"gamma": 0.3},
    "zbox": {"low": LOW, "high": HIGH},
    "epsilon_gamma_box": {"gamma": 0.3, "low": LOW, "high": HIGH},
}


def chain(dim, bias):
    """Return a small VGG: convolutions, ReLU, max and mean pooling, three dense layers."""
    largest = nn.MaxPool1d(2) if dim == 1 else nn.MaxPool2d(2)
    mean = nn.AvgPool1d(2) if dim == 1 else nn.AvgPool2d(2)
    channels, size = zoo.SHAPES[dim][0], zoo.SHAPES[dim][1] // 4
    features = [
        zoo.conv(dim, channels, 6, bias=bias), nn.ReLU(), zoo.conv(dim, 6, 6, bias=bias), nn.ReLU(), largest,
        zoo.conv(dim, 6, 8, bias=bias), nn.ReLU(), mean, nn.Flatten(),
    ]  # fmt: skip
    head = [nn.Linear(8 * size**dim, 7, bias=bias), nn.ReLU(), nn.Linear(7, zoo.CLASSES, bias=bias)]
    return zoo.seeded(nn.Sequential(*features, *head)).double()


def with_norms(module, dim):
    """Return a chain with a batch norm behind each convolution, and the same with them folded in by torch."""
    layers, folded = [], []
    for number, layer in enumerate(module):
        if not isinstance(layer, nn.Conv1d | nn.Conv2d):
            layers, folded = [*layers, layer], [*folded, layer]
            continue
        norm = zoo.seeded(zoo.norm(dim, layer.out_channels), seed=number).double()
        layers, folded = [*layers, layer, norm], [*folded, fuse_conv_bn_eval(layer, norm)]
    return nn.Sequential(*layers), nn.Sequential(*folded)


def judged(zennit, module, composite, x):
    """Return zennit's relevance of the targets' logits."""
    start = torch.nn.functional.one_hot(torch.tensor(TARGETS), zoo.CLASSES)
    with zennit.attribution.Gradient(module, composite) as attributor:
        return attributor(x, lambda logits: logits * start)[1]


def even(zennit):
    """Return mean pooling without zennit's epsilon: ours takes none there where c arrives, behind LRP-epsilon."""
    return [(zennit.types.AvgPool, zennit.rules.Norm(1e-30))]


def assert_equal(ours, theirs):
    assert theirs.abs().max() > 1e-6
    assert (ours - theirs).abs().max() < CLOSE * theirs.abs().max()


def composite_of(zennit, rule):
    """Return zennit's composite of that name, or one with that rule everywhere."""
    if rule in COMPOSITES:
        return COMPOSITES[rule](zennit.composites, {"epsilon": EPS, "stabilizer": EPS, "layer_map": even(zennit)})
    everywhere = (zennit.types.Linear, SINGLE[rule](zennit.rules))
    return zennit.composites.LayerMapComposite(
        [everywhere, *(even(zennit) if rule == "epsilon" else []), *zennit.composites.layer_map_base(EPS)]
    )


def asked_of_both(zennit, rule, dim, bias):
    """Return our relevance of a chain, and zennit's."""
    module, x = chain(dim, bias), zoo.inputs(dim, dtype=torch.float64)
    ours = method("lrp", rule=rule, eps=EPS, **SETTINGS.get(rule, {}))(module, x, target=TARGETS).relevance
    return ours, judged(zennit, module, composite_of(zennit, rule), x)


@pytest.mark.parametrize(("dim", "bias"), CASES)
@pytest.mark.parametrize("rule", [*SINGLE, *COMPOSITES])
def test_a_rule_everywhere_and_composites(zennit, rule, dim, bias):
    assert_equal(*asked_of_both(zennit, rule, dim, bias))


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("rule", COMPOSITES)
def test_a_batch_norm_is_as_if_folded(zennit, rule, dim):
    """zennit itself is wrong on these: what it merges is still divided by sqrt(1 + eps)."""
    (module, folded), x = with_norms(chain(dim, bias=False), dim), zoo.inputs(dim, dtype=torch.float64)
    ours = method("lrp", rule=rule, eps=EPS, **SETTINGS.get(rule, {}))(module, x, target=TARGETS).relevance
    assert_equal(ours, judged(zennit, folded, composite_of(zennit, rule), x))
