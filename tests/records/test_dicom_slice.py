from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from pellucid.core.errors import UnreadableFileError
from pellucid.records.dicom_slice import read_slice

STORED = np.arange(24, dtype=np.uint16).reshape(4, 6)


def picture(**more):
    data = Dataset()
    data.Modality, data.SamplesPerPixel, data.PixelRepresentation = "MR", 1, 0
    data.Rows, data.Columns, data.PhotometricInterpretation = 4, 6, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 16, 15
    data.PixelData = STORED.tobytes()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for key, value in more.items():
        setattr(data, key, value)
    return data


def read(**more):
    return read_slice(picture(**more), Path("file.dcm"), {})


def test_without_a_window_the_range_is_black_to_white_and_told():
    record = read()
    np.testing.assert_allclose(record.pixels, STORED / 23, atol=1e-6)
    assert record.spacing is None
    assert "no window" in record.metadata["notes"][0]


def test_a_window_is_cut_out_after_rescaling():
    # Slope 2, intercept -10: values -10 ... 36; the window of centre 10.5 and width 21 is 0 ... 20.
    record = read(RescaleSlope=2, RescaleIntercept=-10, WindowCenter=10.5, WindowWidth=21)
    np.testing.assert_allclose(record.pixels, ((STORED * 2.0 - 10) / 20).clip(0, 1), atol=1e-6)
    assert record.metadata == {}


def test_of_several_windows_the_first_counts():
    several = read(WindowCenter=[10.5, 1], WindowWidth=[21, 2])
    np.testing.assert_array_equal(several.pixels, read(WindowCenter=10.5, WindowWidth=21).pixels)


def test_monochrome1_is_turned_to_white_on_black():
    np.testing.assert_allclose(read(PhotometricInterpretation="MONOCHROME1").pixels, 1 - STORED / 23, atol=1e-6)


def test_one_grey_value_is_black():
    assert read(PixelData=np.full((4, 6), 7, dtype=np.uint16).tobytes()).pixels.max() == 0


@pytest.mark.parametrize(
    ("orientation", "sides"),
    [([1, 0, 0, 0, 1, 0], ["R", "L"]), ([-1, 0, 0, 0, 1, 0], ["L", "R"]), ([0, 1, 0, 0, 0, -1], None)],
)
def test_the_sides_follow_from_the_orientation(orientation, sides):
    assert read(ImageOrientationPatient=orientation).metadata.get("sides") == sides


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"Modality": "CT"}, r"file\.dcm must be of modality MR \(or an ECG waveform\); got CT"),
        ({"NumberOfFrames": 3}, "must be one grey frame; got 3 of MONOCHROME2. Export the slice alone"),
        ({"PhotometricInterpretation": "RGB"}, "must be one grey frame; got 1 of RGB"),
        ({"Rows": 10_000, "Columns": 10_000}, "at most 25,000,000 pixels; got 10000 x 10000"),
    ],
)
def test_other_pictures_are_refused(more, message):
    with pytest.raises(UnreadableFileError, match=message):
        read(**more)
