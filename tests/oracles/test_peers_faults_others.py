"""Where MONAI 1.6.1, lime 0.2 and shap 0.51 are wrong: the smallest case, what each returns, and ours."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import zoo
from pellucid.attribution.method import method


@pytest.fixture(scope="session")
def visualize():
    """MONAI's room of that name; what it imports is outdated in places."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import monai.visualize

    return monai.visualize


def test_a_batch_has_other_maps_than_its_samples_in_monai(visualize):
    module, x = zoo.network("plain", 2), zoo.inputs(2, 4)
    cam = visualize.GradCAM(module, "features.5", postprocessing=lambda value: value)
    together = cam(x).detach()
    alone = torch.cat([cam(x[number : number + 1]).detach() for number in range(4)])
    assert (together - alone).abs().max() > alone.abs().max()
    best = module(x).argmax(1)
    ours = method("grad_cam")(module, x, target=best).cells
    one_by_one = [method("grad_cam")(module, x[n : n + 1], target=best[n : n + 1]).cells for n in range(4)]
    assert torch.allclose(ours, torch.cat(one_by_one), atol=1e-6)


def test_a_second_call_on_one_tensor_doubles_the_gradient_in_monai(visualize):
    module, x = zoo.network("plain", 2), zoo.inputs(2, 1)
    theirs = visualize.VanillaGrad(module)
    leaf = x.clone()
    first = theirs(leaf, index=0).clone()
    assert torch.allclose(theirs(leaf, index=0), 2 * first)
    ours = method("saliency", signed=True)
    assert torch.allclose(ours(module, x, target=0).relevance, first, atol=1e-6)
    assert torch.equal(ours(module, x, target=0).relevance, ours(module, x, target=0).relevance)


class Three(nn.Module):
    """Three classes of one grey channel."""

    def forward(self, x):
        flat = x.flatten(1)
        return torch.stack([flat.sum(1), 2 * flat[:, 0], flat[:, 1]], 1)


@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence:UserWarning")
def test_one_channel_is_taken_for_one_class_in_monai(visualize):
    x = torch.arange(16.0).reshape(1, 1, 4, 4) / 16
    theirs = visualize.OcclusionSensitivity(Three(), mask_size=2, n_batch=1, mode=0.0, verbose=False, overlap=0.0)
    total = theirs(x)[0].as_tensor()[0, :, 3, 3]
    occluded = x.clone()
    occluded[..., 2:, 2:] = 0
    assert torch.allclose(total, torch.sigmoid(Three()(occluded))[0])
    assert total.sum() > 1.5  # probabilities of exclusive classes
    ours = method("occlusion", window=2, stride=2)(Three(), x, target="all").relevance[0, :, 0, 3, 3]
    assert torch.allclose(ours, (Three()(x) - Three()(occluded))[0], atol=1e-6)


def test_a_grey_image_gets_three_channels_in_lime():
    from lime import lime_image

    image, shapes = np.linspace(0, 1, 64).reshape(8, 8), []
    parts = np.arange(64).reshape(8, 8) // 16

    def classifier(batch):
        shapes.append(batch.shape)
        return np.stack([batch.reshape(len(batch), -1).mean(1)] * 2, 1)

    explainer = lime_image.LimeImageExplainer(random_state=0)
    explainer.explain_instance(image, classifier, num_samples=10, segmentation_fn=lambda _: parts)
    assert shapes == [(10, 8, 8, 3)]
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 1, bias=False)).double()
    nn.init.constant_(module[1].weight, 1 / 64)
    x = torch.from_numpy(image)[None, None]
    ours = method("lime")(module, x, parts=torch.from_numpy(parts)).relevance
    assert ours.shape == x.shape
    for part in range(4):  # a linear score: each part's weight is what it adds
        share = float(x[0, 0][torch.from_numpy(parts == part)].sum() / 64)
        assert float(ours[0, 0][torch.from_numpy(parts == part)].sum()) == pytest.approx(share, rel=0.02)


class Functional(nn.Module):
    """Linear, `F.relu`, linear."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(4, 6), nn.Linear(6, 2)

    def forward(self, x):
        return self.two(functional.relu(self.one(x)))


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PendingDeprecationWarning")
def test_a_functional_rectifier_breaks_additivity_in_shap():
    import shap

    module = zoo.seeded(Functional())
    draw = torch.Generator().manual_seed(0)
    x, background = torch.randn(2, 4, generator=draw), torch.zeros(1, 4)
    gained = (module(x) - module(background))[:, 0].detach()
    missed = _deep(shap, module, background, x) - gained
    modules = nn.Sequential(module.one, nn.ReLU(), module.two)
    assert missed.abs().max() > 0.05
    assert (_deep(shap, modules, background, x) - gained).abs().max() < 1e-6
    ours = method("kernel_shap")(module, x, target=0, parts=torch.arange(4)).relevance
    assert torch.allclose(ours.sum(1), gained, atol=1e-6)


def _deep(shap, module, background, x):
    values = shap.DeepExplainer(module, background).shap_values(x, check_additivity=False)
    return torch.from_numpy(np.asarray(values)[..., 0].sum(1))
