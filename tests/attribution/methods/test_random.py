from __future__ import annotations

import torch

import zoo
from pellucid.attribution.method import method


def test_noise_lies_evenly_between_0_and_1():
    relevance = method("random")(zoo.network("dense", 1), zoo.inputs(1, 40), target="all").relevance
    counts = torch.histc(relevance, 10, 0, 1) / relevance.numel()
    assert torch.allclose(counts, torch.full((10,), 0.1), atol=0.01)


def test_seed_sample_and_class_each_make_other_noise():
    module, x = zoo.network("plain", 1), zoo.inputs(1)
    first = method("random")(module, x, target="all").relevance
    other = method("random", seed=1)(module, x, target="all").relevance
    flat = torch.cat([first.flatten(0, 1), other.flatten(0, 1)]).flatten(1)
    correlations = torch.corrcoef(flat) - torch.eye(len(flat))
    assert correlations.abs().max() < 0.5
    assert torch.equal(first, method("random", seed=0)(module, x, target="all").relevance)
