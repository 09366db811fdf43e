"""Small data sets of pictures, made on the spot."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image


def textured(seed, side=80):
    """A smooth grey picture that is like no other seed's, dark at its border."""
    coarse = np.random.default_rng(seed).integers(20, 255, (10, 10)).astype(np.uint8)
    inner = np.asarray(Image.fromarray(coarse).resize((side - 16, side - 16), Image.Resampling.BICUBIC))
    return np.pad(inner, 8)


@pytest.fixture
def picture():
    return textured


@pytest.fixture
def write():
    def save(path, pixels):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
        return path

    return save


@pytest.fixture
def folders(tmp_path, write):
    """Two classes with a published split: 30 slices each in training, 6 in the test, all unlike."""
    root = tmp_path / "slices"
    for number, name in enumerate(("glioma_tumor", "no_tumor")):
        for part, count in (("Training", 30), ("Testing", 6)):
            for item in range(count):
                seed = number * 1000 + (500 if part == "Testing" else 0) + item
                write(root / part / name / f"{item}.png", textured(seed))
    return root
