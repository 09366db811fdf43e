"""Beside the lime package on the same masks: equal; beside captum's LIME, which loses small weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import Lime
from lime.lime_base import LimeBase
from sklearn.linear_model import Ridge
from torch import nn

from pellucid.attribution.coalitions import folded
from pellucid.attribution.method import method
from pellucid.attribution.surrogate_fit import fitted


@pytest.mark.parametrize("kept", [3, 6])
def test_the_lasso_path_chooses_and_weighs_as_the_lime_package(kept):
    draw = np.random.default_rng(0)
    masks = folded(20, 400, seed=0)
    values = masks @ draw.standard_normal((20, 1)) + masks[:, :1] * masks[:, 1:2] + 0.1 * draw.random((len(masks), 1))
    importance = np.exp((masks.mean(1) - 1) / 0.85**2)
    # it takes the first row for the record itself and only predicts there
    intercept, weights, score, _ = LimeBase(lambda given: given).explain_instance_with_data(
        masks.astype(float), values, importance, 0, kept, "lasso_path", Ridge(alpha=1e-3)
    )
    ours = fitted(masks, values, importance, kept)
    assert dict(enumerate(ours.weights[:, 0])) == pytest.approx(dict.fromkeys(range(20), 0) | dict(weights), abs=1e-10)
    assert float(ours.intercept[0]) == pytest.approx(intercept, abs=1e-10)
    assert float(ours.r2[0]) == pytest.approx(score, abs=1e-10)


def test_small_weights_are_lost_in_captum_and_found_by_us():
    module = nn.Linear(30, 1).requires_grad_(False)
    module.weight.copy_(torch.linspace(0.001, 0.03, 30)[None])
    x = torch.ones(1, 30)
    with torch.random.fork_rng():
        theirs = Lime(module).attribute(x, target=0, n_samples=1024)
    assert (theirs == 0).all()
    ours = method("lime")(module, x).relevance
    assert torch.allclose(ours, module.weight, atol=1e-6)
