"""DICOM: ECG waveforms, and single MR slices."""

from __future__ import annotations

import warnings
from pathlib import Path

from pellucid.core.errors import PellucidError, UnreadableFileError
from pellucid.records.dicom_slice import read_slice
from pellucid.records.dicom_waveform import read_waveform
from pellucid.records.ecg import EcgRecord
from pellucid.records.limits import MAX_BYTES
from pellucid.records.slice import MriSlice

_MAGIC = b"DICM"
_MAGIC_AT = 128
_DEFLATE_AT_MOST = 1032  # how many times zlib can make a file larger
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_DEFLATED = "1.2.840.10008.1.2.1.99"

# What pictures and reports may say of a patient: nothing that identifies one.
_FACTS = {
    "Modality": "modality",
    "PatientAge": "age",
    "PatientSex": "sex",
    "AcquisitionDateTime": "recorded",
    "Manufacturer": "device",
    "BodyPartExamined": "body part",
    "SeriesDescription": "series",
}


class Dicom:
    """ECG waveforms of any SOP class, and MR pictures of one frame. Names and numbers of patients are not read."""

    def recognises(self, path: Path, head: bytes) -> bool:
        """Look for the mark DICM behind 128 bytes of preamble."""
        return head[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] == _MAGIC

    def read(self, path: Path) -> EcgRecord | MriSlice:
        """Read the waveform if there is one, else the picture."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # pydicom warns of every value that breaks the standard; many files do
                return _read(path)
        except PellucidError:
            raise
        except Exception as error:  # a cut or garbled file fails in whatever part of pydicom meets it
            raise UnreadableFileError(f"{path} is a damaged DICOM file: {error}. Copy or export it again.") from error


def _read(path: Path) -> EcgRecord | MriSlice:
    from pydicom import dcmread
    from pydicom.filereader import read_file_meta_info

    syntax = str(read_file_meta_info(path).get("TransferSyntaxUID", ""))
    if syntax == _BIG_ENDIAN:
        raise UnreadableFileError(f"{path} is in DICOM's retired big-endian order. Convert it with dcmconv +te.")
    if syntax == _DEFLATED and path.stat().st_size * _DEFLATE_AT_MOST > MAX_BYTES:
        raise UnreadableFileError(f"{path} is compressed as a whole and too large for it. Convert it with dcmconv +te.")
    data = dcmread(path)
    metadata = {name: str(data[key].value) for key, name in _FACTS.items() if data.get(key)}
    if "WaveformSequence" in data:
        return read_waveform(data, path, metadata)
    return read_slice(data, path, metadata)
