from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from pellucid import read
from pellucid.core.errors import UnreadableFileError

nibabel = pytest.importorskip("nibabel")

VOLUME = np.arange(6 * 8 * 5, dtype=np.int16).reshape(6, 8, 5)
RAS = np.diag([2.0, 1.5, 3.0, 1.0])


def example(folder):
    return stored(folder / "head.nii")


def stored(path, values=VOLUME, affine=RAS, kind=nibabel.Nifti1Image):
    nibabel.save(kind(values, affine), path)
    return path


def expected(values):
    """Of a volume whose axes run to the right, the front and up: front above, right at the left edge."""
    low, high = np.percentile(values, (0.5, 99.5))
    middle = values[:, :, values.shape[2] // 2]
    return ((middle[::-1, ::-1].T - low) / (high - low)).clip(0, 1)


def test_the_middle_slice_is_seen_as_radiologists_do(tmp_path):
    record = read(example(tmp_path))
    assert record.shape == (8, 6)
    assert record.spacing == (1.5, 2.0)
    assert record.metadata["sides"] == ["R", "L"]
    assert record.metadata["notes"] == ["Slice 3 of 5 from below is read; the volume has no other record here."]
    np.testing.assert_allclose(record.pixels, expected(VOLUME), atol=1e-6)
    assert record.pixels[0, 0] == record.pixels.max()  # the largest x and y: right, front


def test_left_and_right_come_from_the_affine(tmp_path):
    flipped = stored(tmp_path / "las.nii", VOLUME[::-1], np.diag([-2.0, 1.5, 3.0, 1.0]))
    turned = stored(tmp_path / "asr.nii", np.transpose(VOLUME, (1, 2, 0)), RAS[:, [1, 2, 0, 3]])
    for path in (flipped, turned):
        np.testing.assert_allclose(read(path).pixels, expected(VOLUME), atol=1e-6)
        assert read(path).spacing == (1.5, 2.0)


def test_without_an_orientation_no_side_is_marked(tmp_path):
    image = nibabel.Nifti1Image(VOLUME, None)
    image.header["qform_code"] = image.header["sform_code"] = 0
    nibabel.save(image, tmp_path / "bare.nii")
    record = read(tmp_path / "bare.nii")
    assert "sides" not in record.metadata
    assert "no orientation" in record.metadata["notes"][1]


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_both_versions_compressed_or_not(tmp_path, kind):
    for name in ("a.nii", "a.nii.gz"):
        np.testing.assert_allclose(read(stored(tmp_path / name, kind=kind)).pixels, expected(VOLUME), atol=1e-6)


def test_of_several_volumes_the_first_is_read(tmp_path):
    path = stored(tmp_path / "four.nii", np.stack([VOLUME, VOLUME[::-1]], axis=-1))
    np.testing.assert_allclose(read(path).pixels, expected(VOLUME), atol=1e-6)


def test_a_flat_volume_and_one_with_holes_are_read(tmp_path):
    assert not read(stored(tmp_path / "flat.nii", np.full((4, 4, 4), 7, dtype=np.int16))).pixels.any()
    holed = VOLUME.astype(np.float32)
    holed[0, 0, 2] = np.nan
    assert read(stored(tmp_path / "holed.nii", holed)).pixels[-1, -1] == 0


def test_what_is_no_grey_volume_is_told(tmp_path):
    with pytest.raises(UnreadableFileError, match=r"must hold a volume .* it holds \(6, 8\)"):
        read(stored(tmp_path / "flat.nii", VOLUME[:, :, 0]))
    with pytest.raises(UnreadableFileError, match="must be grey"):
        read(stored(tmp_path / "complex.nii", VOLUME.astype(np.complex64)))
    whole = gzip.compress(example(tmp_path).read_bytes())
    (tmp_path / "cut.nii.gz").write_bytes(whole[: len(whole) - 40])
    with pytest.raises(UnreadableFileError, match="cut off"):
        read(tmp_path / "cut.nii.gz")


def test_a_published_head_has_its_right_at_the_left_edge():
    path = Path(nibabel.__file__).parent / "tests" / "data" / "anatomical.nii"
    if not path.is_file():
        pytest.skip("needs nibabel's example data")
    record = read(path)
    assert record.metadata["sides"] == ["R", "L"]
    assert record.pixels.std() > 0.1
