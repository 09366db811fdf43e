"""Changes to pictures: by hand where they are exact, within their bounds where they are drawn."""

from __future__ import annotations

import torch

from pellucid.core.randomness import torch_generator
from pellucid.datasets.picture_augmentation import altered

PICTURES = torch.rand(8, 1, 12, 10, generator=torch_generator(0)) * 0.4 + 0.3


def test_grey_values_change_within_their_bounds_and_repeat_with_their_seed() -> None:
    assert torch.equal(altered(PICTURES, torch_generator(1)), PICTURES)
    brighter = altered(PICTURES, torch_generator(1), brightness=0.1) - PICTURES
    assert torch.allclose(brighter.std(dim=(1, 2, 3)), torch.zeros(8), atol=1e-6)  # one draw a picture
    assert 0.01 < float(brighter.abs().max()) <= 0.1 + 1e-6
    steeper = altered(PICTURES, torch_generator(1), contrast=0.2)
    assert torch.allclose(steeper.mean(dim=(1, 2, 3)), PICTURES.mean(dim=(1, 2, 3)), atol=1e-6)
    ratio = steeper.std(dim=(1, 2, 3)) / PICTURES.std(dim=(1, 2, 3))
    assert float(ratio.min()) >= 0.8 - 1e-5
    assert float(ratio.max()) <= 1.2 + 1e-5
    noisy = [altered(PICTURES, torch_generator(2), noise=0.5, brightness=1.0) for _ in range(2)]
    assert torch.equal(*noisy)
    assert 0 <= float(noisy[0].min()) <= float(noisy[0].max()) <= 1


def test_a_certain_flip_is_the_mirrored_picture() -> None:
    assert torch.allclose(altered(PICTURES, torch_generator(0), flip=1.0), PICTURES.flip(-1), atol=1e-5)


def test_a_shift_moves_and_a_crop_enlarges() -> None:
    spot = torch.zeros(64, 1, 20, 20)
    spot[:, :, 8:12, 8:12] = 1.0
    moved = altered(spot, torch_generator(3), shift=0.2)
    rows = torch.arange(20.0).view(1, 1, 20, 1)
    centre = (moved * rows).sum((1, 2, 3)) / moved.sum((1, 2, 3))
    assert 2.0 < float((centre - 9.5).abs().max()) <= 4.0 + 1e-3  # up to a fifth of 20 rows
    area = altered(spot, torch_generator(4), crop=0.25).sum((1, 2, 3)) / spot.sum((1, 2, 3))
    assert float(area.min()) > 1.0
    assert float(area.max()) < 1 / 0.5**2 + 0.1
