"""Beside captum 0.9 and MONAI 1.6, which run the whole network for every window."""

from __future__ import annotations

import warnings

import pytest
import torch
from captum.attr import Occlusion

import zoo
from pellucid.attribution.method import method

TARGETS = [2, 0, 1]


@pytest.mark.parametrize(("animal", "dim"), zoo.CAGES)
@pytest.mark.parametrize("channels", ["together", "each"])
def test_occlusion_is_captums(animal, dim, channels):
    module, x = zoo.network(animal, dim, dtype=torch.float64), zoo.inputs(dim, dtype=torch.float64)
    window, stride = ((5,), (3,)) if dim == 1 else ((7, 5), (4, 5))
    deep = (1,) if channels == "each" else x.shape[1:2]
    theirs = Occlusion(module).attribute(
        x, (*deep, *window), strides=(*deep, *stride), target=torch.tensor(TARGETS), baselines=0.3
    )
    ours = method("occlusion", window=window, stride=stride, baseline=0.3, channels=channels)(module, x, target=TARGETS)
    # captum rounds to float32
    assert torch.allclose(ours.relevance, theirs.double(), rtol=1e-6, atol=1e-6 * float(theirs.abs().max()))


def test_occlusion_is_monais_where_its_windows_end_with_the_image():
    module, x = zoo.network("residual", 2, dtype=torch.float64), zoo.inputs(2, 1, dtype=torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what MONAI imports, and how it indexes, is outdated in places
        from monai.visualize.occlusion_sensitivity import OcclusionSensitivity

        judge = OcclusionSensitivity(module, mask_size=4, overlap=0.5, mode=0.3, activate=False, verbose=False)
        theirs = judge(x)[0].as_tensor()  # (1, class, *space): the mean of the logits that are left
    ours = method("occlusion", window=4, stride=2, baseline=0.3)(module, x, target="all")
    left = ours.score[0, :, None, None] - ours.relevance[0, :, 0]
    assert torch.allclose(left, theirs[0].double(), atol=2e-7)  # MONAI rounds to float32
