"""Beside shap's enumerated explainer: equal; beside captum's KernelSHAP, which draws: theirs and ours."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from captum.attr import KernelShap
from torch import nn

import zoo
from pellucid.attribution.coalitions import every
from pellucid.attribution.method import method

with warnings.catch_warnings():  # it calls what matplotlib is about to drop
    warnings.simplefilter("ignore")
    import shap


class Game(nn.Module):
    """x0 x1 + 2 x2 x3 x4 + x5, one logit."""

    def forward(self, x):
        return (x[:, 0] * x[:, 1] + 2 * x[:, 2] * x[:, 3] * x[:, 4] + x[:, 5])[:, None]


@pytest.mark.parametrize("kind", ["features", "network"])
def test_all_coalitions_are_shaps(kind):
    if kind == "features":
        module, shape = nn.Sequential(nn.Linear(9, 12), nn.ReLU(), nn.Linear(12, 3)).double(), (9,)
        x = torch.linspace(-2, 1, 9, dtype=torch.float64)[None]
        parts = torch.arange(9)
    else:
        module, x = zoo.network("residual", 1, dtype=torch.float64), zoo.inputs(1, 1, dtype=torch.float64)
        shape, parts = x.shape[1:], (torch.arange(24) // 12 + 2 * torch.arange(4)[:, None])
    count = int(parts.max()) + 1

    def worth(masks):
        kept = torch.from_numpy(np.asarray(masks) > 0.5)[:, parts]
        with torch.no_grad():
            return module(torch.where(kept, x, 0.0).reshape(-1, *shape)).numpy()

    explainer = shap.KernelExplainer(worth, np.zeros((1, count)))
    theirs = explainer.shap_values(np.ones((1, count)), nsamples=2**count, l1_reg=False, silent=True)[0]
    answer = method("kernel_shap")(module, x, target="all", parts=parts)
    assert np.abs(answer.details["weights"][0].numpy().T - theirs).max() < 1e-9
    assert np.allclose(answer.base[0].numpy(), explainer.expected_value, atol=1e-12)


def test_where_captum_draws_we_look_at_all():
    x = torch.ones(1, 6)
    true = torch.tensor([[1 / 2, 1 / 2, 2 / 3, 2 / 3, 2 / 3, 1]])
    with torch.random.fork_rng():
        torch.random.manual_seed(0)
        theirs = KernelShap(Game()).attribute(x, target=0)
    ours = method("kernel_shap")(Game(), x).relevance
    assert (theirs - true).abs().max() > 0.2
    assert (ours - true).abs().max() < 1e-6


def test_the_masks_of_twelve_leads_are_looked_at_once_each():
    assert len(np.unique(every(12), axis=0)) == 4096
