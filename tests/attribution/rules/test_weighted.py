from __future__ import annotations

import pytest
import torch
from recordings import Function, record
from torch import nn
from torch.nn import functional

import zoo
from pellucid.attribution.method import method
from pellucid.attribution.rules.weighted import BATCH_NORMS, folded_norm, weighted
from pellucid.core.randomness import torch_generator


def draw(*shape):
    return torch.randn(shape, generator=torch_generator(4), dtype=torch.float64)


W = draw(4, 3)
LAYERS = {
    "linear": (nn.Linear(4, 3), (4,)),
    "linear over tokens": (nn.Linear(4, 3, bias=False), (2, 4)),
    "conv": (nn.Conv1d(4, 6, 3, stride=2, padding=1, groups=2), (4, 7)),
    "transposed": (nn.ConvTranspose1d(4, 6, 3, stride=2, groups=2, output_padding=1), (4, 5)),
    "mm": (Function(lambda x: x @ W), (4,)),
    "mm, weight first": (Function(lambda x: (W.T @ x.T).T), (4,)),
    "bmm": (Function(lambda x: torch.bmm(x, W.expand(len(x), 4, 3))), (2, 4)),
    "bmm, weight first": (Function(lambda x: torch.bmm(W.T.expand(len(x), 3, 4), x)), (4, 2)),
    "addmm": (Function(lambda x: torch.addmm(W[0], x, W)), (4,)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_weighted_operation_and_its_transpose(name):
    layer, shape = LAYERS[name]
    x = draw(2, *shape)
    tape = record(nn.Sequential(zoo.seeded(layer.double()), nn.Flatten()), x).tape
    (at,) = [found for node in tape.nodes if (found := weighted(node)) is not None]
    assert at.convolution == (name in ("conv", "transposed"))
    assert torch.allclose(at.apply(at.x, at.weight, at.bias), at.z, rtol=1e-12)
    assert at.whole_weight() is at.weight
    assert at.whole_bias() is at.bias
    s = torch.randn(at.z.shape, generator=torch_generator(9), dtype=torch.float64)
    leaf = at.x.clone().requires_grad_()
    (expected,) = torch.autograd.grad(at.apply(leaf, at.weight, None), leaf, s)
    assert torch.allclose(at.transposed(s, at.weight), expected, rtol=1e-11)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x @ x.T,
        lambda x: x[:, :2] @ x[:2, :2],
        lambda x: functional.linear(x, x, None),
        lambda x: functional.linear(x, W.T, x[0, :3]),
        lambda x: functional.linear(W.T, x).T,
        lambda x: torch.addmm(W[0], x, W, beta=2),
        lambda x: torch.addmm(x[:, :3], x, W),
        lambda x: torch.addmm(W[:3], x, W),
        lambda x: functional.conv1d(W[:1, None].expand(3, 1, 3), x[:, None, :2])[:, 0],
        torch.relu,
    ],
)
def test_what_has_no_weights_or_more_than_one_value_is_none(function):
    assert all(weighted(node) is None for node in record(Function(function), draw(3, 4)).tape.nodes)


def folds(module, x):
    tape = record(module, x).tape
    (norm,) = [node for node in tape.nodes if node.operator in BATCH_NORMS]
    return folded_norm(norm), norm


@pytest.mark.parametrize("layer", [nn.Linear(4, 3), nn.Linear(4, 3, bias=False)])
def test_a_batch_norm_folds_into_the_layer_that_it_alone_reads(layer):
    module = zoo.seeded(nn.Sequential(layer, nn.BatchNorm1d(3)).double())
    producer, norm = folds(module, draw(2, 4))
    assert producer.operator == "linear"
    at = weighted(producer, norm)
    assert torch.equal(at.z, norm.outs[0].data)
    assert torch.allclose(at.apply(at.x, at.whole_weight(), at.whole_bias()), at.z, rtol=1e-12)


class Reads(nn.Module):
    def __init__(self, read):
        super().__init__()
        self.layer, self.norm, self.read = nn.Conv1d(2, 3, 1), nn.BatchNorm1d(3), read

    def forward(self, x):
        return self.read(self, x).flatten(1)


def read_twice(module, x):
    y = module.layer(x)
    return module.norm(y) + y


@pytest.mark.parametrize(
    "read",
    [
        lambda m, x: m.norm(torch.relu(m.layer(x))),
        read_twice,
        lambda m, x: m.norm(m.layer(x) + x[:, :1]),
        lambda m, x: m.norm(x.repeat(1, 2, 1)[:, :3]),
    ],
)
def test_any_other_batch_norm_is_not_folded(read):
    assert folds(zoo.seeded(Reads(read).double()), draw(2, 2, 3))[0] is None


def test_a_layer_is_folded_though_its_result_is_read_where_nothing_comes_of_it():
    def read(module, x):
        y = module.layer(x)
        y.relu().sum()
        return module.norm(y)

    assert folds(zoo.seeded(Reads(read).double()), draw(2, 2, 3))[0].operator == "convolution"


def test_a_dense_layer_over_tokens_has_other_channels_than_its_norm():
    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.norm = nn.Linear(4, 3), nn.BatchNorm1d(2)

        def forward(self, x):
            return self.norm(self.layer(x)).flatten(1)

    assert folds(zoo.seeded(Tokens().double()), draw(2, 2, 4))[0] is None


class ComplexLayers(nn.Module):
    """A convolution and a dense layer over a spectrum."""

    def __init__(self):
        super().__init__()
        self.near = nn.Conv1d(4, 2, 3, dtype=torch.complex128)
        self.dense = nn.Linear(13, 3, dtype=torch.complex128)

    def forward(self, x):
        spectrum = torch.fft.rfft(x)
        return self.dense(spectrum.mean(1)).abs() + self.near(spectrum).abs().mean((1, 2))[:, None]


@pytest.mark.parametrize("rule", ["epsilon", "zplus", "flat"])
def test_the_ledger_closes_through_complex_weights(rule):
    module = zoo.seeded(ComplexLayers().double())
    answer = method("lrp", rule=rule)(module, zoo.inputs(1, dtype=torch.float64), target="all")
    assert answer.gap.max() < 1e-9
