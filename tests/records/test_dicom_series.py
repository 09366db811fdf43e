from __future__ import annotations

import json

import numpy as np
import pytest
from series import SHAPE, head, write_series

from pellucid.core.errors import UnreadableFileError
from pellucid.records.dicom_series import patient_of, read_series, series_files

pytest.importorskip("nibabel")


def scaled(values):
    low, high = np.percentile(values, (0.5, 99.5))
    return ((values - low) / (high - low)).clip(0, 1)


def test_slices_become_a_volume_in_the_patients_directions(tmp_path):
    whole = read_series(write_series(tmp_path / "s", head()))
    np.testing.assert_allclose(whole.values, scaled(head()), atol=1e-6)
    assert whole.spacing == (2.0, 1.5, 3.0)
    assert whole.oriented


def test_a_slice_of_it_is_the_slice_that_was_stored(tmp_path):
    whole = read_series(write_series(tmp_path / "s", head()))
    stored = scaled(head())[::-1, ::-1, 1].T
    np.testing.assert_allclose(whole.axial(1, name="one").pixels, stored, atol=1e-6)


def test_inverted_grey_is_turned(tmp_path):
    whole = read_series(write_series(tmp_path / "s", head(), PhotometricInterpretation="MONOCHROME1"))
    np.testing.assert_allclose(whole.values, 1 - scaled(head()), atol=1e-6)


def test_the_patient_is_known_but_not_named(tmp_path):
    first, second, third = (
        patient_of(series_files(write_series(tmp_path / name, head(), patient=patient))[0])
        for name, patient in (("a", "12345"), ("b", "12345"), ("c", ""))
    )
    assert first == second
    assert third is None
    told = json.dumps([first, dict(read_series(tmp_path / "a").metadata)])
    assert "12345" not in told
    assert "Somebody" not in told


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"Modality": "CT"}, r"dcm must be of modality MR; got CT"),
        ({"NumberOfFrames": 2}, r"one grey slice; got 2 frames\. Convert it to NIfTI with dcm2niix"),
        ({"ImagePositionPatient": None}, "must say where its slice lies"),
        ({"ImageOrientationPatient": [[1, 0, 0]] * 3}, "must say where its slice lies"),
        ({"ImageOrientationPatient": [[0, 0, 0, 0, 0, 0]] * 3}, r"evenly apart; got 0\.00"),
        ({"Rows": None}, r"is a damaged DICOM series: .* Convert it to NIfTI"),
        ({"SeriesInstanceUID": ["1", "1", "2"]}, r"one series with the others.*SeriesInstanceUID differs"),
        ({"ImagePositionPatient": [[0, 0, z] for z in (0, 3, 9)]}, r"evenly apart; got 3\.00 to 6\.00 mm"),
        ({"ImagePositionPatient": [[0, 0, z] for z in (0, 3, 3)]}, r"evenly apart; got 0\.00 to 3\.00 mm"),
        ({"PixelData": b"\0\0"}, "is damaged"),
    ],
)
def test_what_makes_no_volume_is_named(tmp_path, changed, message):
    write_series(tmp_path / "s", head(), **changed)
    with pytest.raises(UnreadableFileError, match=message):
        read_series(tmp_path / "s")


def test_one_slice_is_no_volume(tmp_path):
    write_series(tmp_path / "s", head()[:, :, :1])
    (tmp_path / "s" / "notes.txt").write_text("no DICOM")
    assert len(series_files(tmp_path / "s")) == 1
    with pytest.raises(UnreadableFileError, match="two DICOM slices or more; it holds 1"):
        read_series(tmp_path / "s")
    assert head().shape == SHAPE
