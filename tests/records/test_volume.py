from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pellucid.core.errors import UnreadableFileError
from pellucid.records.volume import Volume, volume

nibabel = pytest.importorskip("nibabel")

VALUES = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4) / 23


def test_an_axial_slice_is_seen_from_the_feet_with_the_front_above():
    whole = Volume(values=VALUES, spacing=(2.0, 1.5, 3.0), oriented=True, source=Path("x.nii"))
    one = whole.axial(3, name="top", notes=("told",))
    assert whole.slices == 4
    assert one.shape == (3, 2)
    assert one.spacing == (1.5, 2.0)
    assert one.pixels[0, 0] == VALUES[1, 2, 3]  # the largest x and y: right, front
    assert one.pixels[-1, -1] == VALUES[0, 0, 3]
    assert one.metadata == {"plane": "axial", "sides": ["R", "L"], "notes": ["told"]}


def test_without_an_orientation_no_side_is_marked():
    whole = Volume(values=VALUES, spacing=None, oriented=False, source=Path("x.nii"))
    one = whole.axial(0, name="low")
    assert "sides" not in one.metadata
    assert one.metadata["notes"] == ["The file states no orientation; left and right are not known."]


def test_grey_values_are_of_the_whole_volume_and_the_axes_the_patients():
    affine = np.array([[0, 0, -3.0, 0], [2.0, 0, 0, 0], [0, 1.5, 0, 0], [0, 0, 0, 1]])  # stored as (y, z, -x)
    whole = volume(nibabel.Nifti1Image(VALUES, affine), Path("x.nii"), oriented=True)
    low, high = np.percentile(VALUES, (0.5, 99.5))
    wanted = ((VALUES.transpose(2, 0, 1)[::-1] - low) / (high - low)).clip(0, 1)
    np.testing.assert_allclose(whole.values, wanted, atol=1e-6)
    assert whole.spacing == (3.0, 2.0, 1.5)


def test_what_is_not_grey_is_refused():
    with pytest.raises(UnreadableFileError, match=r"x\.nii must be grey"):
        volume(nibabel.Nifti1Image(VALUES.astype(np.complex64), np.eye(4)), Path("x.nii"), oriented=True)
