"""EcgCnn27: sizes, and where its pools stand."""

from __future__ import annotations

import torch

from pellucid.networks.architectures.ecg_cnn27 import EcgCnn27, SameConvolution


def test_the_sizes_of_the_published_file():
    module = EcgCnn27()
    assert sum(parameter.numel() for parameter in module.parameters()) == 99_931
    assert module.features(torch.zeros(1, 12, 5000)).shape == (1, 128, 1250)


def test_an_even_kernel_has_one_more_zero_behind():
    convolution = SameConvolution(1, 1, 4)
    torch.nn.init.ones_(convolution.weight)
    torch.nn.init.zeros_(convolution.bias)
    with torch.no_grad():
        assert convolution(torch.tensor([[[1.0, 10, 100, 1000]]])).tolist() == [[[111, 1111, 1110, 1100]]]


def test_the_mean_over_time_feeds_the_classes():
    module = EcgCnn27(3).double().eval()
    x = torch.randn(1, 12, 400, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with torch.no_grad():
        wanted = module.features(x)[0].mean(1) @ module.head.weight.T + module.head.bias
        torch.testing.assert_close(module(x)[0], wanted)
