from __future__ import annotations

import pytest
import torch
from torch import nn

import zoo
from pellucid.attribution.method import method
from pellucid.core.errors import NotApplicableError


class TwoRectifiers(nn.Module):
    """z = 2 relu(relu(a) - relu(b)) - 3 relu(b), and its opposite."""

    def forward(self, x):
        a, b = torch.relu(x).unbind(1)
        z = 2 * torch.relu(a - b) - 3 * b
        return torch.stack([z, -z], 1)


@pytest.mark.parametrize(
    ("pair", "target", "expected"),
    [
        # at the inner rectifier of b arrives -2 - 3: nothing of it passes
        ((3.0, 1.0), 0, [2, 0]),
        # of the opposite the outer rectifier lets nothing pass, and 3 b stays
        ((3.0, 1.0), 1, [0, 3]),
        ((1.0, 3.0), 0, [0, 0]),
        ((-1.0, 3.0), 1, [0, 3]),
        ((-1.0, -3.0), 0, [0, 0]),
    ],
)
def test_worked_out_by_hand(pair, target, expected):
    x = torch.tensor([pair])
    assert method("guided_backprop")(TwoRectifiers(), x, target=target).relevance[0].tolist() == expected


@pytest.mark.parametrize("dim", [1, 2])
def test_modules_agree_with_captum_and_functions_with_modules(dim):
    captum = pytest.importorskip("captum.attr")
    x = zoo.inputs(dim, 2, dtype=torch.float64)
    module = zoo.network("plain", dim, dtype=torch.float64)
    with pytest.warns(UserWarning, match="Setting backward hooks"):
        judge = captum.GuidedBackprop(module).attribute(x.clone().requires_grad_(), target=1)
    for twin in zoo.TWINS:
        found = method("guided_backprop")(zoo.network(twin, dim, dtype=torch.float64), x, target=1).relevance
        assert torch.allclose(found, judge, rtol=1e-10, atol=1e-12)


def test_inside_a_transformer_it_is_not_the_plain_gradient():
    module, x = zoo.network("attention", 1, dtype=torch.float64), zoo.inputs(1, 2, dtype=torch.float64)
    guided = method("guided_backprop")(module, x, target=0).relevance
    plain = method("saliency", signed=True)(module, x, target=0).relevance
    assert (guided - plain).abs().max() > 0.1 * plain.abs().max()


@pytest.mark.parametrize("name", ["dense", "flat_head", "recurrent", "state_space"])
def test_without_rectifiers_it_is_refused(name):
    with pytest.raises(NotApplicableError, match=r"guided_backprop changes the gradient at rectifiers.*none between"):
        method("guided_backprop")(zoo.network(name, 1), zoo.inputs(1), target=0)


def test_a_module_of_several_inputs():
    module = zoo.network("signal_and_age", 1, dtype=torch.float64)
    signal, age = zoo.everything("signal_and_age", 1, 2, dtype=torch.float64)
    both = method("guided_backprop")(module, (signal, age), target=2).relevance
    alone = method("guided_backprop")(module, signal, target=2, arguments=(age,)).relevance
    assert torch.equal(both[0], alone)
    # no rectifier between the age and the logits: there it is the gradient
    leaf = age.clone().requires_grad_()
    expected = torch.autograd.grad(module(signal, leaf)[:, 2].sum(), leaf)[0]
    assert torch.allclose(both[1], expected, rtol=1e-10)


@pytest.mark.parametrize("name", ["guided_backprop", "deconvolution"])
def test_activations_that_are_no_rectifiers_are_told(name):
    module = zoo.seeded(nn.Sequential(nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)))
    warnings = method(name)(module, torch.ones(1, 4), target=0).warnings
    assert warnings[0] == "only rectifiers change the gradient; it is the plain one at gelu in 1"
    assert method(name)(zoo.network("plain", 1), zoo.inputs(1), target=0).warnings == ()
