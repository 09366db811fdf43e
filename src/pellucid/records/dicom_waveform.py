"""The ECG in a DICOM waveform object.

Source: DICOM PS3.3, C.10.9 (waveform module); lead codes of SCP-ECG and IEEE 11073, PS3.16 CID 3001.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import UnreadableFileError
from pellucid.records.ecg import EcgRecord
from pellucid.records.leads import canonical
from pellucid.records.limits import check_samples
from pellucid.records.units import millivolts

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# The last number of `5.6.3-9-61` (SCP-ECG) and of `2:61` (IEEE 11073).
_CODES = {1: "I", 2: "II", 61: "III", 62: "aVR", 63: "aVL", 64: "aVF"} | {2 + n: f"V{n}" for n in range(1, 7)}
_CODE_STARTS = ("5.6.3-9-", "2:")
_LINEAR = ("SB", "UB", "SS", "US", "SL", "UL", "SV", "UV")


def read_waveform(data: Dataset, path: Path, metadata: dict[str, Any]) -> EcgRecord:
    """Return the recorded rhythm of a waveform object, in mV.

    Of several multiplex groups the recorded one is taken before derived ones (median beats), then that of most
    leads, of the highest rate, the longest; the notes name the others.

    Raises
    ------
    UnreadableFileError
        If no group holds voltages, or their scale is not stated.
    """
    groups = list(enumerate(data.WaveformSequence))
    volts = [(index, group) for index, group in groups if any(_scale(channel) for channel in _channels(group))]
    if not volts:
        raise UnreadableFileError(
            f"{path} is a DICOM waveform without voltages ({data.get('Modality', 'no modality')}); an ECG states its "
            "channel sensitivity in uV or mV. Export it with its calibration."
        )
    index, group = max(volts, key=lambda item: _rank(item[1]))
    notes = [f"{_described(other)} is left out." for position, other in groups if position != index]
    check_samples(int(group.NumberOfWaveformChannels), int(group.NumberOfWaveformSamples), path)
    if group.WaveformSampleInterpretation not in _LINEAR:
        raise UnreadableFileError(f"{path} stores its samples by mu-law or A-law. Export it as 16-bit integers.")
    leads: dict[str, NDArray[np.float64]] = {}
    for row, (channel, samples) in enumerate(zip(_channels(group), _samples(data, index), strict=True), start=1):
        name, scale = _name(channel, row), _scale(channel)
        if scale is None:
            notes.append(f"{name} is left out: it is no voltage.")
            continue
        leads[name] = _physical(channel, samples, _padding(group)) * scale
    return EcgRecord(
        signal=np.stack(list(leads.values())).astype(np.float32),
        sampling_rate=float(group.SamplingFrequency),
        leads=tuple(leads),
        name=path.stem,
        source=path,
        metadata=metadata | ({"notes": notes} if notes else {}),
    )


def _channels(group: Dataset) -> list[Dataset]:
    return list(group.ChannelDefinitionSequence)


def _rank(group: Dataset) -> tuple[bool, int, float, int]:
    return (
        group.get("WaveformOriginality", "ORIGINAL") != "DERIVED",
        int(group.NumberOfWaveformChannels),
        float(group.SamplingFrequency),
        int(group.NumberOfWaveformSamples),
    )


def _described(group: Dataset) -> str:
    label = group.get("MultiplexGroupLabel") or "a group"
    rate = float(group.SamplingFrequency)
    seconds = int(group.NumberOfWaveformSamples) / rate
    return f"{label} ({group.NumberOfWaveformChannels} channels, {seconds:g} s, {rate:g} Hz)"


def _samples(data: Dataset, index: int) -> NDArray[np.float64]:
    from pydicom.waveforms.numpy_handler import multiplex_array

    return np.asarray(multiplex_array(data, index, as_raw=True), dtype=np.float64).T


def _physical(channel: Dataset, samples: NDArray[np.float64], padding: int | None) -> NDArray[np.float64]:
    scale = float(channel.ChannelSensitivity) * float(channel.get("ChannelSensitivityCorrectionFactor") or 1)
    physical = samples * scale + float(channel.get("ChannelBaseline") or 0)
    return physical if padding is None else np.where(samples == padding, np.nan, physical)


def _padding(group: Dataset) -> int | None:
    """Return the stored value that marks samples which were not recorded; DICOM keeps it as raw bytes."""
    value = group.get("WaveformPaddingValue")
    if value is None:
        return None
    if isinstance(value, bytes):
        size = int(group.WaveformBitsAllocated) // 8
        return int.from_bytes(value[:size], "little", signed=group.WaveformSampleInterpretation[0] == "S")
    return int(value)


def _scale(channel: Dataset) -> float | None:
    if "ChannelSensitivity" not in channel:
        return None
    units = channel.get("ChannelSensitivityUnitsSequence")
    return millivolts(str(units[0].CodeValue)) if units else None


def _name(channel: Dataset, row: int) -> str:
    sources = channel.get("ChannelSourceSequence")
    if sources:
        code = str(sources[0].get("CodeValue", ""))
        number = next((code.removeprefix(start) for start in _CODE_STARTS if code.startswith(start)), "")
        if number.isdecimal() and int(number) in _CODES:
            return _CODES[int(number)]
        if sources[0].get("CodeMeaning"):
            return canonical(str(sources[0].CodeMeaning))
    return canonical(str(channel.get("ChannelLabel") or f"signal {row}"))
