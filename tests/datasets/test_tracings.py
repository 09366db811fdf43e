from __future__ import annotations

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError, UnreadableFileError
from pellucid.datasets.tracings import leads_of, opened
from pellucid.records.leads import DERIVED, STANDARD

h5py = pytest.importorskip("h5py")


def written(path, order, exams=4):
    random = np.random.default_rng(0)
    rows = {name: random.standard_normal((exams, 300)) for name in STANDARD}
    for name, (one, two) in DERIVED.items():
        rows[name] = one * rows["I"] + two * rows["II"]
    with h5py.File(path, "w") as file:
        file["tracings"] = np.stack([rows[name] for name in order], axis=2)
    return path


@pytest.mark.parametrize("augmented", [("aVR", "aVL", "aVF"), ("aVL", "aVF", "aVR"), ("aVF", "aVR", "aVL")])
def test_the_order_of_the_limb_leads_is_found(tmp_path, augmented):
    order = (*STANDARD[:3], *augmented, *STANDARD[6:])
    assert leads_of(written(tmp_path / "a.hdf5", order)) == order


def test_where_nothing_decides_the_order_is_the_standard_one(tmp_path):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["tracings"] = np.zeros((2, 300, 12))
    assert leads_of(tmp_path / "a.hdf5") == STANDARD


def test_what_is_no_file_of_tracings_is_told(tmp_path):
    (tmp_path / "a.hdf5").write_bytes(b"no")
    with pytest.raises(UnreadableFileError, match=r"a\.hdf5 cannot be read as HDF5"), opened(tmp_path / "a.hdf5"):
        pass
    with h5py.File(tmp_path / "b.hdf5", "w") as file:
        file["signal"] = np.zeros(3)
    with pytest.raises(InvalidInputError, match="it holds signal"), opened(tmp_path / "b.hdf5"):
        pass
    with h5py.File(tmp_path / "c.hdf5", "w") as file:
        file["tracings"] = np.zeros((3, 12, 300))
    with pytest.raises(InvalidInputError, match=r"tracings \(3, 12, 300\)"), opened(tmp_path / "c.hdf5"):
        pass
