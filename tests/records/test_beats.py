from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from pellucid.core.errors import MissingExtraError
from pellucid.core.randomness import generator
from pellucid.records.beats import COLUMNS, beats
from pellucid.records.ecg import EcgRecord
from pellucid.records.read import read
from pellucid.simulation.patients import simulate


@pytest.fixture(scope="module")
def patient():
    return simulate([], seed=31)


def errors(found, truth):
    """In seconds, of the beats that lie wholly in the record."""
    truth = truth[(truth.p_onset > 0) & (truth.t_end < 10)]
    nearest = [int(np.abs(found.qrs_onset - onset).argmin()) for onset in truth.qrs_onset]
    return found.iloc[nearest].to_numpy() - truth[list(COLUMNS)].to_numpy()


def test_the_waves_of_a_simulated_patient_are_found(patient):
    found = beats(patient.record)
    assert tuple(found.columns) == COLUMNS == tuple(patient.events.columns)
    off = errors(found, patient.events)
    assert len(off) >= 9
    assert np.abs(off[:, 2:4]).max() < 0.02
    assert np.abs(off[:, [0, 1, 4, 5]]).max() < 0.06
    flat = found.to_numpy().ravel()
    assert (np.diff(flat[np.isfinite(flat)]) >= 0).all()


def test_another_rate_gives_the_same_times(patient):
    usual, slower = beats(patient.record), beats(simulate([], seed=31, sampling_rate=100).record)
    assert len(usual) == len(slower)
    assert np.nanmedian(np.abs(usual.to_numpy() - slower.to_numpy())) < 0.01


def test_fibrillating_atria_have_no_p_waves_and_their_beats_all_the_same():
    patient = simulate(["AFIB"], seed=32)
    found = beats(patient.record)
    assert found[["p_onset", "p_end"]].isna().all(axis=None)
    assert abs(len(found) - len(patient.events)) <= 2
    assert found["t_end"].notna().mean() > 0.8


def test_a_wide_qrs_is_wide():
    patient = simulate(["CLBBB"], seed=33)
    off = errors(beats(patient.record), patient.events)
    assert np.abs(np.median(off[:, 2:4], axis=0)).max() < 0.015
    width = (patient.events.qrs_end - patient.events.qrs_onset).median()
    assert width > 0.12


def test_cardiologists_marks_are_met(ludb):
    # Record 80, lead II: the first four QRS between their brackets.
    from wfdb import rdann

    marks = rdann(str(ludb / "80"), "ii")
    places = [place for place, symbol in enumerate(marks.symbol) if symbol == "N"]
    onsets = np.array([marks.sample[place - 1] for place in places]) / 500
    found = beats(read(ludb / "80.hea"))
    distance = np.abs(found.qrs_onset.to_numpy()[:, None] - onsets).min(axis=0)
    assert len(onsets) >= 8
    assert distance.max() < 0.03


@pytest.mark.parametrize(
    "signal",
    [
        np.zeros((12, 5000)),
        generator(0).normal(size=(12, 5000)),
        generator(1).normal(size=(1, 5000)),
        np.sin(np.arange(5000) / 500 * 40)[None],
        generator(2).normal(size=(12, 60)),
        np.full((2, 5000), np.nan),
    ],
    ids=["flat", "noise", "noise in one lead", "sine", "0.12 s", "not recorded"],
)
def test_without_beats_the_table_is_empty(signal):
    leads = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")[: len(signal)]
    found = beats(EcgRecord(signal=signal, sampling_rate=500, leads=leads))
    assert found.empty
    assert tuple(found.columns) == COLUMNS


def test_one_beat_has_its_qrs_alone(patient):
    first = patient.events.iloc[2]
    found = beats(patient.record.cut(first.p_onset - 0.05, first.t_end + 0.02))
    assert len(found) == 1
    assert found.qrs_onset[0] == pytest.approx(first.qrs_onset - first.p_onset + 0.05, abs=0.02)
    assert found[["p_onset", "t_end"]].isna().all(axis=None)


def test_bad_leads_are_passed_over_and_few_leads_are_enough(patient):
    record = patient.record
    signal = record.signal.copy()
    signal[1, 700:750] = np.nan
    signal[6] = 0
    usual, broken = beats(record), beats(replace(record, signal=signal))
    assert len(usual) == len(broken)
    assert np.abs(usual.qrs_onset - broken.qrs_onset).max() < 0.02
    assert len(beats(record.select(["aVR"]))) == len(usual)


def test_noise_does_not_make_beats(patient):
    noisy = patient.record.signal + generator(3).normal(size=(12, 5000)) * 0.05
    assert len(beats(replace(patient.record, signal=noisy))) == len(beats(patient.record))


def test_without_the_package_the_remedy_is_named(patient, monkeypatch):
    monkeypatch.setitem(sys.modules, "neurokit2", None)
    with pytest.raises(MissingExtraError, match=r"neurokit2.*pip install 'pellucid\[study\]'"):
        beats(patient.record)
