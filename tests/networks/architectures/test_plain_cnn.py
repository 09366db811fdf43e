"""PlainCnn: the published count, and a class activation map that sums to the logit."""

from __future__ import annotations

import torch

from pellucid.networks.architectures.plain_cnn import PlainCnn


def test_the_published_count():
    module = PlainCnn()
    assert sum(parameter.numel() for parameter in module.parameters()) == 97_458
    assert sum(parameter.numel() for parameter in PlainCnn(2, channels=1).parameters()) == 97_458 - 2 * 25 * 16


def test_the_map_sums_to_the_logit():
    module = PlainCnn().double().eval()
    x = torch.rand(1, 3, 150, 150, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with torch.no_grad():
        maps = module.features(x)
        assert maps.shape == (1, 64, 37, 37)
        last = module.head[2]
        summed = torch.einsum("bfrc,kf->bk", maps, last.weight) / 37**2 + last.bias
        torch.testing.assert_close(summed, module(x))
