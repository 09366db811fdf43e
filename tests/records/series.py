"""Writes a small series of DICOM MR slices."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

SHAPE = (5, 4, 3)
"""Of the volume: x to the right, y to the front, z up."""

AXIAL = (1, 0, 0, 0, 1, 0)  # rows run to the left, columns to the back


def head(seed=0):
    return np.random.default_rng(seed).integers(0, 900, SHAPE).astype(np.int16)


def write_series(folder, values, *, patient="12345", gap=3.0, **changed):
    """Write axial slices from below, named so that the names' order is not that of the heights."""
    folder.mkdir(parents=True, exist_ok=True)
    for z in range(values.shape[2]):
        data = Dataset()
        data.SOPClassUID, data.SOPInstanceUID, data.Modality = MRImageStorage, f"1.2.3.{z}", "MR"
        data.SeriesInstanceUID, data.PatientID, data.PatientName = "1.2.3", patient, "Somebody^Real"
        data.ImageOrientationPatient, data.ImagePositionPatient = list(AXIAL), [0.0, 0.0, gap * z]
        data.PixelSpacing = [1.5, 2.0]
        data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 1
        data.BitsAllocated, data.BitsStored, data.HighBit = 16, 16, 15
        pixels = values[::-1, ::-1, z].T  # the first row is the front, the first column the right
        data.Rows, data.Columns = pixels.shape
        data.PixelData = np.ascontiguousarray(pixels).tobytes()
        for key, value in changed.items():
            setattr(data, key, value[z] if isinstance(value, list) else value)
        data.file_meta = FileMetaDataset()
        data.file_meta.MediaStorageSOPClassUID, data.file_meta.MediaStorageSOPInstanceUID = MRImageStorage, f"1.2.3.{z}"
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.save_as(folder / f"{(7 * z + 2) % 10}.dcm", enforce_file_format=True)
    return folder
