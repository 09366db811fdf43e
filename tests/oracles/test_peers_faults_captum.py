"""Where captum 0.9 is wrong: the smallest case, what it returns, and ours."""

from __future__ import annotations

import pickle

import pytest
import torch
from captum.attr import (
    LRP,
    Deconvolution,
    DeepLift,
    GuidedBackprop,
    GuidedGradCam,
    IntegratedGradients,
    KernelShap,
    LayerGradCam,
    Lime,
)
from torch import nn
from torch.nn import functional

import zoo
from pellucid.attribution.method import method
from zoo_writing import scripted

pytestmark = [
    pytest.mark.filterwarnings("ignore:Setting .*hooks:UserWarning"),
    pytest.mark.filterwarnings("ignore:Input Tensor 0 did not already require gradients:UserWarning"),
]
RECTIFIED = pytest.mark.parametrize(
    ("name", "peer"), [("guided_backprop", GuidedBackprop), ("deconvolution", Deconvolution)]
)
EXACT = {"rule": "epsilon", "eps": 1e-12}


class Functional(nn.Module):
    """Linear, `F.relu` (or another function), linear, without biases; a way around it if asked for."""

    def __init__(self, act=functional.relu, *, around=False):
        super().__init__()
        self.one, self.two = nn.Linear(4, 4, bias=False), nn.Linear(4, 3, bias=False)
        self.act, self.around = act, around

    def forward(self, x):
        hidden = self.act(self.one(x))
        return self.two(hidden + x if self.around else hidden)


def built(module, seed=0):
    return zoo.seeded(module, seed).double()


def points(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gradient(module, x, target):
    leaf = x.clone().requires_grad_()
    return torch.autograd.grad(module(leaf)[:, target].sum(), leaf)[0]


def by_nodes(module, x, target, *, guided):
    """Return guided backprop or deconvolution by hooks on autograd's own nodes, which no way of writing escapes."""
    leaf = x.clone().requires_grad_()
    score = module(leaf)[:, target].sum()
    waiting, seen = [score.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        waiting += [before for before, _ in node.next_functions]
        if node.name().startswith("Relu"):
            node.register_prehook(lambda arriving: (arriving[0].clamp(min=0),))
            if not guided:
                node.register_hook(lambda leaving, arriving: (arriving[0].clamp(min=0),))
    return torch.autograd.grad(score, leaf)[0]


@RECTIFIED
@pytest.mark.parametrize("form", ["functional", "scripted"])
def test_a_rectifier_that_is_no_module_is_not_seen_by_captum(name, peer, form):
    plain, x = built(Functional()), points(3, 4)
    modules = nn.Sequential(plain.one, nn.ReLU(), plain.two)
    module = plain if form == "functional" else scripted(modules)
    theirs = peer(module).attribute(x.clone().requires_grad_(), target=0)
    right = peer(modules).attribute(x.clone().requires_grad_(), target=0)
    assert torch.equal(theirs, gradient(plain, x, 0))
    assert (theirs - right).abs().max() > 0.3 * right.abs().max()
    assert torch.allclose(by_nodes(plain, x, 0, guided=name == "guided_backprop"), right, atol=1e-12)
    assert torch.allclose(method(name)(module, x, target=0).relevance, right, atol=1e-12)


@RECTIFIED
def test_a_rectifier_inside_a_transformer_is_not_seen_by_captum(name, peer):
    module, x = zoo.network("attention", 1, dtype=torch.float64), zoo.inputs(1, dtype=torch.float64)
    theirs = peer(module).attribute(x.clone().requires_grad_(), target=0)
    right = by_nodes(module, x, 0, guided=name == "guided_backprop")
    assert torch.equal(theirs, gradient(module, x, 0))
    assert (theirs - right).abs().max() > 0.3 * right.abs().max()
    assert torch.allclose(method(name)(module, x, target=0).relevance, right, atol=1e-10)


@pytest.mark.filterwarnings("ignore:.*forward, backward hooks:UserWarning")
def test_deep_lift_on_a_function_does_not_add_up_and_integrated_gradients_do():
    module, x = built(Functional()), points(2, 4)
    module.one.bias = nn.Parameter(points(4, seed=3))
    start = torch.zeros_like(x)
    _, missed = DeepLift(module).attribute(x, start, target=0, return_convergence_delta=True)
    modules = nn.Sequential(module.one, nn.ReLU(), module.two)
    _, met = DeepLift(modules).attribute(x, start, target=0, return_convergence_delta=True)
    assert missed.abs().max() > 0.01
    assert met.abs().max() < 1e-12
    ours = method("integrated_gradients", tolerance=1e-3)(module, x, target=0)
    gained = (module(x) - module(start))[:, 0].detach()
    assert torch.allclose(ours.relevance.sum(1), gained, atol=1e-3 * float((ours.score.abs() + gained.abs()).max()))


@pytest.mark.parametrize(
    "layers",
    [
        (nn.Conv1d(1, 2, 3, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(12, 3, bias=False)),
        (nn.Flatten(), nn.Linear(8, 4, bias=False), nn.GELU(), nn.Linear(4, 3, bias=False)),
    ],
    ids=["Conv1d", "GELU"],
)
def test_captums_lrp_knows_no_1d_convolution_and_no_gelu(layers):
    module, x = built(nn.Sequential(*layers)), points(2, 1, 8)
    with pytest.raises(TypeError, match="no rule defined"):
        LRP(module).attribute(x, target=0)
    ours = method("lrp", **EXACT)(module, x, target=0)
    assert torch.allclose(ours.relevance.sum((1, 2)), ours.score, atol=1e-9)


@pytest.mark.parametrize(("act", "around"), [(torch.relu, True), (functional.gelu, False)])
def test_captums_lrp_does_not_conserve_over_a_sum_or_a_function(act, around):
    module, x = built(Functional(act, around=around)), points(2, 4)
    theirs = LRP(module).attribute(x, target=0).sum(1)
    score = module(x)[:, 0]
    assert ((theirs - score).abs() > 0.05 * score.abs()).all()
    ours = method("lrp", **EXACT)(module, x, target=0).relevance.sum(1)
    assert torch.allclose(ours, score, atol=1e-9)


def test_captums_lrp_leaves_the_patients_activations_in_the_module():
    module, x = built(nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2))), points(500, 4)
    before = len(pickle.dumps(module))
    method("lrp", **EXACT)(module, x, target=0)
    assert len(pickle.dumps(module)) == before
    LRP(module).attribute(x, target=0)
    assert len(pickle.dumps(module)) > 10 * before
    assert any(torch.equal(kept[0], x) for part in module for kept in vars(part).get("activations", {}).values())


class Cliff(nn.Module):
    """A score that rises within one part in a hundred of the way."""

    def forward(self, x):
        return torch.sigmoid(200 * (x.sum(1) - 0.5))


def test_integrated_gradients_miss_a_cliff_in_captum_and_find_it_here():
    module, x = Cliff(), torch.tensor([[0.6, 0.4]], dtype=torch.float64)
    assert float(IntegratedGradients(module).attribute(x, n_steps=50).sum()) == pytest.approx(0.509, abs=0.001)
    assert float(method("integrated_gradients", tolerance=0.01)(module, x).relevance.sum()) == pytest.approx(
        1, abs=0.01
    )


def test_guided_grad_cam_steps_in_captum_and_is_linear_between_cells_here():
    module, x = zoo.network("plain", 1, dtype=torch.float64), zoo.inputs(1, dtype=torch.float64)
    theirs = GuidedGradCam(module, module.features[5]).attribute(x, target=0)
    guided = GuidedBackprop(module).attribute(x.clone().requires_grad_(), target=0)
    cells = LayerGradCam(module, module.features[5]).attribute(x, target=0, relu_attributions=True)
    steps = functional.interpolate(cells, x.shape[2], mode="nearest")
    assert torch.allclose(theirs, guided * steps, atol=1e-12)
    ours = method("guided_grad_cam")(module, x, target=0).relevance
    linear = functional.interpolate(cells, x.shape[2], mode="linear", align_corners=False)
    assert torch.allclose(ours, guided * linear, atol=1e-12)
    assert (ours - theirs).abs().max() > 0.1 * theirs.abs().max()


def test_small_weights_are_all_zero_in_captums_lime():
    module = nn.Linear(30, 1, bias=False)
    weights = torch.linspace(0.0005, 0.015, 30)  # well under what its penalty of .01 lets through, whatever it draws
    module.weight = nn.Parameter(weights[None])
    x = torch.ones(1, 30)
    theirs = Lime(lambda rows: module(rows)[:, 0]).attribute(x, n_samples=500)
    assert torch.equal(theirs.detach(), torch.zeros(1, 30))
    ours = method("lime", samples=500)(module, x, parts=torch.arange(30))
    assert torch.allclose(ours.relevance[0], weights, atol=0.02 * 0.015)


class Game(nn.Module):
    """x0 x1 + 2 x2 x3 x4 + x5."""

    def forward(self, x):
        return x[:, 0] * x[:, 1] + 2 * x[:, 2] * x[:, 3] * x[:, 4] + x[:, 5]


def test_shapley_values_of_six_players_are_guessed_in_captum_and_exact_here():
    right = torch.tensor([1 / 2, 1 / 2, 2 / 3, 2 / 3, 2 / 3, 1], dtype=torch.float64)
    x = torch.ones(1, 6, dtype=torch.float64)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = KernelShap(Game()).attribute(x)
    assert (theirs[0] - right).abs().max() > 0.5
    ours = method("kernel_shap")(Game(), x, parts=torch.arange(6)).relevance
    assert torch.allclose(ours[0], right, atol=1e-12)
