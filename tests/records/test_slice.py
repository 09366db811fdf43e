from __future__ import annotations

import numpy as np
import pytest

from pellucid import MriSlice
from pellucid.core.errors import InvalidInputError


def test_facts():
    mri = MriSlice(pixels=np.eye(3, 4), spacing=(1, 0.5))
    assert (mri.shape, mri.spacing, mri.name) == ((3, 4), (1.0, 0.5), "slice")
    assert mri.pixels.dtype == np.float32


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"pixels": np.zeros((3, 4, 3))},
            r"pixels of slice must have the shape \(row, column\).*Convert colour to grey",
        ),
        ({"pixels": np.zeros((1, 4))}, r"at least 2 x 2; got \(1, 4\)"),
        ({"pixels": "picture"}, "pixels of slice must be numbers in 0..1"),
        ({"pixels": np.full((3, 3), np.nan)}, "pixels of slice must be finite"),
        ({"pixels": np.full((3, 3), 255)}, "pixels of slice must lie in 0..1; got 255 to 255. Divide by the largest"),
        ({"pixels": np.eye(3) - 1}, "pixels of slice must lie in 0..1; got -1 to 0"),
        ({"spacing": (1, 0)}, r"spacing of slice must be two lengths in mm \(row, column\) or None; got \(1, 0\)"),
        ({"spacing": (1,)}, "spacing of slice must be two lengths"),
        ({"spacing": 1.0}, "spacing of slice must be two lengths"),
        ({"spacing": ("a", "b")}, "spacing of slice must be two lengths"),
    ],
)
def test_errors_name_the_field_and_what_came(fields, message):
    with pytest.raises(InvalidInputError, match=message):
        MriSlice(**{"pixels": np.eye(3), **fields})


def test_a_slice_cannot_be_changed():
    pixels = np.eye(3, dtype=np.float32)
    mri = MriSlice(pixels=pixels)
    pixels[:] = 0.5
    assert mri.pixels[0, 1] == 0
    with pytest.raises(ValueError, match="read-only"):
        mri.pixels[0, 0] = 0
