from __future__ import annotations

import gzip

import numpy as np
import pytest

from pellucid.core.errors import UnreadableFileError
from pellucid.records.nifti_volume import is_nifti, read_nifti

nibabel = pytest.importorskip("nibabel")


@pytest.fixture
def path(tmp_path):
    values = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5)
    nibabel.save(nibabel.Nifti1Image(values, np.diag([2.0, 1.5, 3.0, 1.0])), tmp_path / "head.nii")
    return tmp_path / "head.nii"


def test_the_whole_volume_is_read(path):
    whole = read_nifti(path)
    assert whole.values.shape == (3, 4, 5)
    assert whole.spacing == (2.0, 1.5, 3.0)
    assert whole.oriented
    assert (whole.values.min(), whole.values.max()) == (0, 1)


def test_it_is_known_by_its_mark_compressed_or_not(path):
    raw = path.read_bytes()
    assert is_nifti(raw[:400])
    assert is_nifti(gzip.compress(raw))
    assert not is_nifti(b"\x1f\x8bno more")
    assert not is_nifti(b"P5 3 4 255" + bytes(400))


def test_a_damaged_and_an_empty_file_are_named(path):
    path.write_bytes(path.read_bytes()[:360])
    with pytest.raises(UnreadableFileError, match=r"head\.nii is a damaged NIfTI file"):
        read_nifti(path)
    path.write_bytes(b"")
    with pytest.raises(UnreadableFileError, match=r"head\.nii is empty"):
        read_nifti(path)
