"""Augmentation: within its bounds, by record, from its own generator."""

from __future__ import annotations

import numpy as np
import torch

from pellucid.core.randomness import torch_generator
from pellucid.datasets.augmentation import disturbed, stretches


def test_a_stretch_is_a_part_of_its_record_in_millivolts() -> None:
    signals = np.arange(3 * 2 * 50, dtype=np.int16).reshape(3, 2, 50)
    cut = stretches(signals, [2, 0], 20, torch_generator(1))
    assert cut.shape == (2, 2, 20)
    for row, position in zip(cut, [2, 0], strict=True):
        start = round(float(row[0, 0]) * 1000) - int(signals[position, 0, 0])
        np.testing.assert_allclose(row, signals[position, :, start : start + 20] / 1000, atol=1e-6)
    assert torch.equal(cut, stretches(signals, [2, 0], 20, torch_generator(1)))


def test_gain_is_one_number_a_record() -> None:
    ones = torch.ones(200, 2, 10)
    changed = disturbed(ones, 100, torch_generator(0), gain=0.1, wander=0, noise=0)
    assert (changed == changed[:, :1, :1]).all()
    assert 0.9 <= float(changed.min()) < 0.92
    assert 1.08 < float(changed.max()) <= 1.1


def test_wander_is_slow_and_bounded_and_noise_has_its_size() -> None:
    zeros = torch.zeros(50, 3, 1000)
    wander = disturbed(zeros, 100, torch_generator(0), gain=0, wander=0.1, noise=0)
    assert 0.08 < float(wander.abs().max()) <= 0.1
    assert float(wander.diff(dim=-1).abs().max()) <= 0.1 * 2 * np.pi * 0.5 / 100 * 1.01
    noise = disturbed(zeros, 100, torch_generator(0), gain=0, wander=0, noise=0.02)
    sizes = noise.std(dim=(1, 2))
    assert float(sizes.max()) < 0.021
    assert float(sizes.min()) < 0.005
