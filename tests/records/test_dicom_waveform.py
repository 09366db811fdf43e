from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from pellucid.core.errors import UnreadableFileError
from pellucid.records.dicom_waveform import read_waveform

RAMP = np.arange(-50, 50)


def code(value, meaning=""):
    item = Dataset()
    item.CodeValue, item.CodeMeaning, item.CodingSchemeDesignator = value, meaning, "X"
    return item


def channel(lead, *, unit="uV", sensitivity=1.0, **more):
    item = Dataset()
    item.ChannelSourceSequence = Sequence([code(*lead) if isinstance(lead, tuple) else code("", lead)])
    if unit is not None:
        item.ChannelSensitivity, item.ChannelSensitivityUnitsSequence = sensitivity, Sequence([code(unit)])
    for key, value in more.items():
        setattr(item, key, value)
    return item


def group(channels, *, rate=500, samples=RAMP, kind="ORIGINAL", label="RHYTHM", **more):
    item = Dataset()
    item.WaveformOriginality, item.MultiplexGroupLabel, item.SamplingFrequency = kind, label, rate
    item.NumberOfWaveformChannels, item.NumberOfWaveformSamples = len(channels), len(samples)
    item.WaveformBitsAllocated, item.WaveformSampleInterpretation = 16, "SS"
    item.ChannelDefinitionSequence = Sequence(channels)
    item.WaveformData = np.stack([samples] * len(channels), axis=1).astype("<i2").tobytes()
    for key, value in more.items():
        setattr(item, key, value)
    return item


def read(*groups):
    data = Dataset()
    data.Modality, data.WaveformSequence = "ECG", Sequence(groups)
    return read_waveform(data, Path("file.dcm"), {"age": "050Y"})


def test_sensitivity_correction_baseline_and_units_give_millivolts():
    corrected = channel(
        "Lead I", sensitivity=2.5, ChannelSensitivityCorrectionFactor=1.1, ChannelBaseline=20, ChannelLabel="x"
    )
    record = read(group([corrected, channel("Lead II", unit="mV", sensitivity=0.01)]))
    np.testing.assert_allclose(record.signal, [(RAMP * 2.75 + 20) / 1000, RAMP * 0.01], rtol=1e-6, atol=1e-9)
    assert (record.leads, record.sampling_rate, record.metadata) == (("I", "II"), 500, {"age": "050Y"})


@pytest.mark.parametrize(
    ("source", "lead"),
    [
        (("5.6.3-9-61", "anything"), "III"),
        (("2:64", ""), "aVF"),
        (("2:8", "Lead V6"), "V6"),
        (("2:1", "Lead I (Einthoven)"), "I"),
        (("2:999", "Lead aVR"), "aVR"),
        (("", "Lead V4R"), "Lead V4R"),
    ],
)
def test_leads_are_named_by_code_then_by_meaning(source, lead):
    assert read(group([channel(source)])).leads == (lead,)


def test_a_channel_without_a_source_goes_by_its_label_or_place():
    labelled, nameless = channel("x", ChannelLabel="avl"), channel("x")
    del labelled.ChannelSourceSequence
    del nameless.ChannelSourceSequence
    assert read(group([labelled, nameless])).leads == ("aVL", "signal 2")


def test_the_recorded_rhythm_is_taken_and_the_others_are_named():
    beat = group([channel("Lead I")], rate=1000, kind="DERIVED", label="MEDIAN BEAT")
    slow = group([channel("Lead I")], rate=250, label="SLOW")
    record = read(beat, slow, group([channel("Lead I")]))
    assert record.sampling_rate == 500
    assert record.metadata["notes"] == [
        "MEDIAN BEAT (1 channels, 0.1 s, 1000 Hz) is left out.",
        "SLOW (1 channels, 0.4 s, 250 Hz) is left out.",
    ]


def test_channels_that_are_no_voltage_are_left_out_by_name():
    record = read(group([channel("Lead I"), channel("Pressure", unit="mm[Hg]"), channel("Lead V1", unit=None)]))
    assert record.leads == ("I",)
    assert record.metadata["notes"] == [
        "Pressure is left out: it is no voltage.",
        "V1 is left out: it is no voltage.",
    ]


@pytest.mark.parametrize("value", [-32768, np.int16(-32768).tobytes()])
def test_padding_becomes_nan(value):
    samples = RAMP.copy()
    samples[7] = -32768
    padded = group([channel("Lead I")], samples=samples)
    padded.add_new("WaveformPaddingValue", "OW" if isinstance(value, bytes) else "SS", value)
    assert np.flatnonzero(np.isnan(read(padded).signal[0])).tolist() == [7]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([group([channel("Lead I", unit=None)])], r"file\.dcm is a DICOM waveform without voltages \(ECG\)"),
        ([group([channel("Lead I")], WaveformSampleInterpretation="MB")], "stores its samples by mu-law"),
        ([group([channel("Lead I")], NumberOfWaveformSamples=0)], "holds no signal: 1 leads of 0 samples"),
        ([group([channel("Lead I")], NumberOfWaveformSamples=2**27)], "at most 67,108,864 samples"),
    ],
)
def test_what_cannot_be_read_is_said(groups, message):
    with pytest.raises(UnreadableFileError, match=message):
        read(*groups)
