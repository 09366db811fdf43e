"""Beside captum 0.9: equal where it is right; where it is not, its smallest wrong case and ours."""

from __future__ import annotations

import pytest
import torch
from captum.attr import InputXGradient, IntegratedGradients, LayerGradCam, NoiseTunnel, Saliency
from torch import nn

import zoo
from pellucid.attribution.method import method
from pellucid.core.errors import NotApplicableError

TARGETS = [2, 0, 1]
CAGES = pytest.mark.parametrize(("animal", "dim"), zoo.CAGES)


def case(animal, dim):
    return zoo.network(animal, dim, dtype=torch.float64), zoo.inputs(dim, dtype=torch.float64)


@CAGES
def test_saliency_is_captums(animal, dim):
    module, x = case(animal, dim)
    theirs = Saliency(module).attribute(x.clone().requires_grad_(), target=torch.tensor(TARGETS))
    ours = method("saliency")(module, x, target=TARGETS).relevance
    assert torch.allclose(ours, theirs, rtol=1e-10, atol=1e-13)


@CAGES
def test_input_times_gradient_is_captums(animal, dim):
    module, x = case(animal, dim)
    theirs = InputXGradient(module).attribute(x.clone().requires_grad_(), target=torch.tensor(TARGETS))
    ours = method("input_x_gradient")(module, x, target=TARGETS).relevance
    assert torch.allclose(ours, theirs, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(("kind", "squared"), [("smoothgrad", False), ("smoothgrad_sq", True)])
def test_smooth_grad_is_captums_but_for_the_draw(kind, squared):
    module, x = case("norms", 1)
    spread = 0.1 * (x[:1].max() - x[:1].min())
    with torch.random.fork_rng():
        torch.random.manual_seed(0)  # captum draws from the global generator
        theirs = NoiseTunnel(Saliency(module)).attribute(
            x[:1], nt_type=kind, nt_samples=1500, stdevs=float(spread), target=1, abs=False
        )
    ours = method("smooth_grad", samples=1500, noise=0.1, squared=squared)(module, x[:1], target=1).relevance
    assert (ours - theirs).abs().max() < 0.08 * theirs.abs().max()


@CAGES
def test_integrated_gradients_are_captums_at_equal_nodes(animal, dim):
    module, x = case(animal, dim)
    start = zoo.inputs(dim, dtype=torch.float64, seed=5)
    theirs = IntegratedGradients(module).attribute(
        x, start, target=torch.tensor(TARGETS), n_steps=7, method="gausslegendre"
    )
    ours = method("integrated_gradients", steps=7)(module, x, target=TARGETS, baseline=start).relevance
    # captum rounds its weights to float32
    assert torch.allclose(ours, theirs, rtol=1e-6, atol=1e-7 * float(theirs.abs().max()))


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("relu", [True, False])
def test_grad_cam_is_captums_on_the_cells(dim, relu):
    module, x = case("plain", dim)
    theirs = LayerGradCam(module, module.features[5]).attribute(x, target=torch.tensor(TARGETS), relu_attributions=relu)
    for layer in (None, "features.5", module.features[5]):
        ours = method("grad_cam", relu=relu)(module, x, target=TARGETS, layer=layer).cells
        assert torch.allclose(ours, theirs, rtol=1e-10, atol=1e-13)


def test_grad_cam_of_the_paper_has_a_relu_and_captums_default_has_none():
    module, x = case("plain", 1)
    theirs = LayerGradCam(module, module.features[5]).attribute(x, target=torch.tensor(TARGETS))
    assert theirs.min() < 0
    assert method("grad_cam")(module, x, target=TARGETS).relevance.min() == 0


def test_leads_folded_into_the_batch_give_captum_a_map_too_many_and_us_an_error():
    module, x = case("leads_folded", 1)
    theirs = LayerGradCam(module, module.encoder).attribute(x[:2], target=torch.tensor(TARGETS[:2]))
    assert len(theirs) == 8  # maps for two records of four leads
    with pytest.raises(NotApplicableError, match="batch axis, of 2"):
        method("grad_cam")(module, x[:2], target=TARGETS[:2], layer="encoder")


class Cliff(nn.Module):
    """A score that rises within one part in a hundred of the way."""

    def forward(self, x):
        return torch.sigmoid(200 * (x.sum(1) - 0.5))


def test_a_sum_that_misses_is_silent_in_captum_and_said_by_us():
    module, x = Cliff(), torch.tensor([[0.6, 0.4]], dtype=torch.float64)
    theirs = IntegratedGradients(module).attribute(x, n_steps=50).sum()
    assert abs(float(theirs) - 1) > 0.4
    answer = method("integrated_gradients", steps=50)(module, x)
    assert float(answer.gap) == pytest.approx(abs(float(answer.relevance.sum()) - 1), abs=1e-6)
    assert "more steps than 50" in answer.warnings[0]
    ours = method("integrated_gradients")(module, x)
    assert float(ours.relevance.sum()) == pytest.approx(1, abs=0.01)
    assert ours.warnings == ()
