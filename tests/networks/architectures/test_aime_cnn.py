"""AimeCnn: sizes, dropout as published, weights as Keras draws them."""

from __future__ import annotations

import torch
from torch import nn

from pellucid.networks.architectures.aime_cnn import AimeCnn


def test_the_sizes_of_the_published_files():
    module = AimeCnn()
    assert sum(parameter.numel() for parameter in module.parameters()) == 64_386
    assert module.features(torch.zeros(1, 12, 2000)).shape == (1, 64, 62)


def test_dropout_is_as_published():
    module = AimeCnn()
    shares = [part.p for part in module.modules() if isinstance(part, nn.Dropout)]
    assert shares == [0.0, 0.1, 0.1, 0.1, 0.1, 0.25, 0.25, 0.25]


def test_weights_are_he_uniform_and_biases_zero():
    module = AimeCnn()
    for part, fan_in in ((module.features[4], 64 * 3), (module.head[0], 64)):
        bound = (6 / fan_in) ** 0.5
        assert 0.95 * bound < float(part.weight.detach().abs().max()) <= bound
        assert part.bias.abs().max() == 0
