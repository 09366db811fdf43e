from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    MRImageStorage,
    TwelveLeadECGWaveformStorage,
)

from pellucid import EcgRecord, MriSlice, read
from pellucid.core.errors import UnreadableFileError
from pellucid.records.formats import dicom
from pellucid.records.leads import STANDARD

PIXELS = np.arange(20 * 30, dtype=np.int16).reshape(20, 30)


def example(folder):
    return stored(folder, mr_slice())


def mr_slice():
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID, data.Modality = MRImageStorage, "1.2.3", "MR"
    data.PatientName, data.PatientID, data.PatientAge = "Somebody^Real", "12345", "061Y"
    data.Rows, data.Columns = PIXELS.shape
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 1
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 16, 15
    data.PixelSpacing = [0.9, 0.8]
    data.PixelData = PIXELS.tobytes()
    return data


def stored(folder, data, *, syntax=ExplicitVRLittleEndian, name="file.dcm"):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data.get("SOPClassUID", TwelveLeadECGWaveformStorage)
    meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID = "1.2.3", syntax
    data.file_meta = meta
    data.save_as(folder / name, enforce_file_format=True)
    return folder / name


def sample(name):
    return get_testdata_file(name, download=False)


def test_the_twelve_leads_of_a_recorder(tmp_path):
    record = read(sample("waveform_ecg.dcm"))
    assert isinstance(record, EcgRecord)
    assert (record.leads, record.sampling_rate, record.seconds, record.name) == (STANDARD, 1000, 10, "waveform_ecg")
    data = dcmread(sample("waveform_ecg.dcm"))
    np.testing.assert_allclose(record.signal, data.waveform_array(0).T / 1000, rtol=1e-6)  # stated in uV
    assert record.metadata["age"] == "042Y"
    assert record.metadata["notes"] == ["MEDIAN BEAT (12 channels, 1.2 s, 1000 Hz) is left out."]


def test_an_mr_slice(tmp_path):
    record = read(example(tmp_path))
    assert isinstance(record, MriSlice)
    assert (record.shape, record.spacing) == ((20, 30), (0.9, 0.8))
    np.testing.assert_allclose(record.pixels, PIXELS / PIXELS.max(), atol=1e-6)


@pytest.mark.parametrize("name", ["MR_small.dcm", "MR_small_RLE.dcm", "MR_small_implicit.dcm", "MR_small_padded.dcm"])
def test_encodings_of_one_slice_give_the_same_pixels(name):
    np.testing.assert_array_equal(read(sample(name)).pixels, read(sample("MR_small.dcm")).pixels)


def test_nothing_that_names_a_patient_is_kept(tmp_path):
    told = json.dumps(dict(read(example(tmp_path)).metadata))
    assert "061Y" in told
    assert "Somebody" not in told
    assert "12345" not in told


def test_the_mark_counts_not_the_suffix(tmp_path):
    renamed = example(tmp_path).rename(tmp_path / "file.hea")
    assert read(renamed).shape == (20, 30)


def test_a_deflated_file_is_read_unless_it_may_be_a_bomb(tmp_path, monkeypatch):
    path = stored(tmp_path, mr_slice(), syntax=DeflatedExplicitVRLittleEndian)
    assert read(path).shape == (20, 30)
    monkeypatch.setattr(dicom, "MAX_BYTES", 1032 * (path.stat().st_size - 1))
    with pytest.raises(UnreadableFileError, match=r"compressed as a whole and too large for it\. Convert it"):
        read(path)


def test_the_retired_byte_order_is_named(tmp_path):
    data = mr_slice()
    data.PixelData = PIXELS.astype(">i2").tobytes()
    with pytest.raises(UnreadableFileError, match=r"retired big-endian order\. Convert it with dcmconv"):
        read(stored(tmp_path, data, syntax=ExplicitVRBigEndian))


@pytest.mark.parametrize("name", ["waveform_ecg.dcm", "MR_small.dcm"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_cut_off_file_says_so(tmp_path, name, share):
    whole = Path(sample(name)).read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(UnreadableFileError, match=r"cut\.dcm"):
        read(tmp_path / "cut.dcm")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("CT_small.dcm", r"must be of modality MR \(or an ECG waveform\); got CT"),
        ("rtplan.dcm", r"is a DICOM file \(RTPLAN\) with neither a waveform nor a picture"),
        ("MR_truncated.dcm", "is a damaged DICOM file"),
    ],
)
def test_other_objects_are_refused_by_name(name, message):
    with pytest.raises(UnreadableFileError, match=message):
        read(sample(name))
