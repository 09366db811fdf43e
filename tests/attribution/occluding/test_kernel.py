from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from pellucid.attribution.occluding import kernel as kernels
from pellucid.attribution.occluding.kernel import AFTER, AFTER_SUM, Kernel
from pellucid.attribution.occluding.region import Sweep

SWEEP = Sweep((3, 2), (2, 1), (1, 0), (1, 2))


def drawn(*shape, seed=0, dtype=torch.float32):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def kernel(dtype=torch.float32, groups=1):
    return Kernel(drawn(4, 6 // groups, 3, 2, dtype=dtype), drawn(4, seed=1, dtype=dtype), SWEEP, groups)


def convolved(own, x, bias, padding=(1, 0)):
    return functional.conv2d(x, own.weight, bias, own.sweep.stride, padding, own.sweep.dilation, own.groups)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_change_has_no_bias_and_runs_alike_when_packed(dtype, groups):
    own, x = kernel(dtype, groups), drawn(2, 6, 9, 8, dtype=dtype)
    for padding in ((1, 0), (2, 3)):
        wanted = convolved(own, x, None, padding)
        for _ in range(3):  # packed from the second time on
            assert torch.allclose(own.change(x, padding), wanted, atol=1e-5)


@pytest.mark.parametrize(("other", "after"), [*((False, a) for a in (None, *AFTER)), *((True, a) for a in AFTER_SUM)])
def test_whole_layers_with_an_addition_and_an_activation(other, after):
    own, x = kernel(), drawn(2, 6, 9, 8)
    wanted = convolved(own, x, own.bias)
    added = drawn(*wanted.shape, seed=2) if other else None
    wanted = wanted if added is None else wanted + added
    wanted = wanted if after is None else getattr(torch.ops.aten, after)(wanted)
    for _ in range(3):
        assert torch.allclose(own.whole(x, added, after), wanted, atol=1e-5)


def test_without_packing_it_is_the_same(monkeypatch):
    monkeypatch.setattr(kernels, "packs", lambda: False)
    own, x = kernel(), drawn(2, 6, 9, 8)
    for _ in range(3):
        assert torch.allclose(own.whole(x, None, "silu"), functional.silu(convolved(own, x, own.bias)), atol=1e-6)


def test_packing_is_refused_where_it_is_wrong_or_missing(monkeypatch):
    def missing(*_):
        raise RuntimeError

    kernels.packs.cache_clear()
    for broken in (missing, lambda weight, settings, x: weight * 2):
        with monkeypatch.context() as patch:
            patch.setattr(kernels, "_pack", broken)
            assert kernels.packs() is False
        kernels.packs.cache_clear()


def test_a_batch_norm_behind_it_goes_into_its_weights():
    own, x, norm = kernel(torch.float64), drawn(2, 6, 9, 8, dtype=torch.float64), nn.BatchNorm2d(4).double().eval()
    norm.running_mean[:], norm.running_var[:] = torch.tensor([1.0, 2, 3, 4]), torch.tensor([0.5, 1, 2, 3])
    gain = norm.weight.detach() * torch.rsqrt(norm.running_var + norm.eps)
    scaled = own.scaled(gain, norm.bias.detach() - gain * norm.running_mean)
    assert torch.allclose(scaled.whole(x, None, None), norm(convolved(own, x, own.bias)), atol=1e-12)


def test_of_a_single_channel():
    own, x = kernel(torch.float64), drawn(2, 6, 9, 8, dtype=torch.float64)
    alone = torch.zeros_like(x)
    alone[:, 4] = x[:, 4]
    found = own.of_channel(4).change(x[:, 4:5], (1, 0))
    assert torch.allclose(found, convolved(own, alone, None), atol=1e-12)
    assert own.of_channel(4) is own.of_channel(4)
