"""Measure whether the simulated patients are fast, true to their own truth, and like real ones.

Run `python benchmarks/simulation.py QUESTION`:

speed                    CPU time of 1,000 records of 10 s at 500 Hz on one core
intervals                NeuroKit2 (prominence) against the truth of normal patients
rules                    how many patients meet the rules of their diagnosis
twins                    where the energy of record minus twin lies
real --ptbxl FOLDER      the same measurements on PTB-XL's fold 8 and on patients
network --network NAME   what a network finds in patients and in their twins
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterable
from pathlib import Path

import neurokit2 as nk
import numpy as np
import pandas as pd
from scipy import signal

from pellucid.records.leads import STANDARD
from pellucid.simulation import criteria
from pellucid.simulation.diagnoses import DIAGNOSES
from pellucid.simulation.patients import simulate
from pellucid.simulation.scene import Scene

LEAD = {name: row for row, name in enumerate(STANDARD)}
SINGLES: tuple[tuple[str, ...], ...] = ((), *((name,) for name in DIAGNOSES))
TOGETHER = (("CRBBB", "AFIB"), ("CLBBB", "AFIB"), ("1AVB", "CRBBB"), ("1AVB", "CLBBB"), ("1AVB", "SBRAD"))
FIRST_SEED = 100_000  # none of these was looked at while the model was tuned


def speed(count: int) -> None:
    """Print the CPU time of `count` records, each kind alone."""
    simulate((), seed=0)
    started = time.process_time()
    for number in range(count):
        simulate(SINGLES[number % len(SINGLES)], seed=number)
    seconds = time.process_time() - started
    print(f"{count} records of 10 s at 500 Hz, all kinds in turn: {seconds:.1f} s of CPU")
    for names in SINGLES:
        started = time.process_time()
        for number in range(50):
            simulate(names, seed=number)
        print(f"  {'+'.join(names) or 'NORM':6} {(time.process_time() - started) / 50 * 1e3:5.1f} ms a record")


def intervals(count: int) -> None:
    """Print the median error in ms of PR, QRS and QT by NeuroKit2 (prominence) on normal patients."""
    for lead in ("II", "V5"):
        errors = []
        for number in range(count):
            patient = simulate((), seed=FIRST_SEED + number)
            found = delineated(patient.record.lead(lead).astype(float), 500)
            beats = patient.events
            truth = pd.DataFrame(
                {
                    "PR": beats.qrs_onset - beats.p_onset,
                    "QRS": beats.qrs_end - beats.qrs_onset,
                    "QT": beats.t_end - beats.qrs_onset,
                }
            )
            errors.append(1e3 * (found - truth.median()))
        print(f"{lead:3} median error, ms:", pd.DataFrame(errors).median().round(1).to_dict())


def delineated(lead: np.ndarray, rate: int) -> pd.Series:
    """Return the median PR, QRS and QT in s of one lead."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cleaned = nk.ecg_clean(lead, sampling_rate=rate)
        _, peaks = nk.ecg_peaks(cleaned, sampling_rate=rate)
        try:
            _, waves = nk.ecg_delineate(cleaned, peaks["ECG_R_Peaks"], sampling_rate=rate, method="prominence")
        except IndexError:  # it found no beat
            waves = {}
        if len({len(times) for times in waves.values()}) != 1:
            return pd.Series(dict.fromkeys(("PR", "QRS", "QT"), np.nan))
        start, end = np.array(waves["ECG_R_Onsets"], float), np.array(waves["ECG_R_Offsets"], float)
        p, t = np.array(waves["ECG_P_Onsets"], float), np.array(waves["ECG_T_Offsets"], float)
    between = {"PR": start - p, "QRS": end - start, "QT": t - start}
    return pd.Series({name: np.nanmedian(samples) / rate for name, samples in between.items()})


def rules(count: int) -> None:
    """Print how many hearts meet the rules that they were drawn by."""
    for names in ((), ("CRBBB",), ("CLBBB",)):
        met = 0
        for number in range(count):
            scene = Scene.draw(FIRST_SEED + number, names, 10)
            heart, times = scene.heart, scene.intervals
            good = criteria.normal_qrs(heart.qrs[None]) & criteria.upright_t(heart.t[None])
            if heart.right is not None:
                args = heart.qrs, heart.right[None], times.qrs, times.blocked, heart.gains.warp
                good = good & criteria.right_block(*args)
            if heart.left is not None:
                good = good & criteria.left_block(heart.left[None], times.blocked)
            met += bool(good[0])
        print(f"{'+'.join(names) or 'NORM':6} {met} of {count} meet all rules")


def network(name: str, count: int) -> None:
    """Print the share in which a network finds each class, in patients and in their twins."""
    import pellucid

    judge = pellucid.load(name)
    for names in (*SINGLES, *TOGETHER):
        patients = [simulate(names, seed=FIRST_SEED + number, sampling_rate=100) for number in range(count)]
        found = pd.DataFrame([{c: c in judge.predict(p.record).found for c in judge.classes} for p in patients])
        line = " ".join(f"{c} {share:.2f}" for c, share in found.mean().items() if share)
        print(f"{'+'.join(names) or 'NORM':12} {line}")
        for lost in names:
            left = np.mean([lost in judge.predict(p.twin(lost)).found for p in patients])
            print(f"{'':12} twin without {lost}: {lost} {left:.2f}")


def twins(count: int) -> None:
    """Print the share of twin energy inside the truth mask, the mask's area, and the leads that hold most of it."""
    for name in ("1AVB", "CRBBB", "CLBBB", "AFIB"):
        inside, area, leads = [], [], np.zeros(12)
        for number in range(count):
            patient = simulate([name], seed=FIRST_SEED + number, sampling_rate=100)
            energy = (patient.record.signal - patient.twin(name).signal).astype(float) ** 2
            inside.append(energy[patient.truth[name]].sum() / energy.sum())
            area.append(patient.truth[name].mean())
            leads += energy.sum(axis=1) / energy.sum() / count
        most = " ".join(f"{STANDARD[row]} {leads[row]:.2f}" for row in np.argsort(-leads)[:4])
        print(f"{name:6} inside {np.mean(inside):.2f} area {np.mean(area):.2f}  {most}")


def real(folder: Path, count: int) -> None:
    """Print medians [5 to 95 %] of fold 8 and of simulated patients, measured by the same code at 100 Hz."""
    from pellucid.datasets.dataset import dataset

    fold = dataset(f"ptbxl:{folder}", classes=["NORM", *DIAGNOSES]).select(folds=[8])
    labels = fold.labels
    for name in ("NORM", *DIAGNOSES):
        alone = labels[name] & ~labels[[other for other in DIAGNOSES if other != name]].any(axis=1)
        signals = fold.signals()[alone.to_numpy()][:count] / 1000
        made = (simulate([name], seed=FIRST_SEED + number, sampling_rate=100).record.signal for number in range(count))
        print(f"\n{name}: {len(signals)} real, {count} simulated")
        print(compared(signals, made).to_string())


def compared(ours: Iterable[np.ndarray], theirs: Iterable[np.ndarray]) -> pd.DataFrame:
    """Return the summary of two groups of records side by side."""
    columns = {}
    for title, group in (("real", ours), ("simulated", theirs)):
        table = pd.DataFrame([row for row in map(measured, group) if row is not None])
        low, middle, high = (table.quantile(share) for share in (0.05, 0.5, 0.95))
        ranges = zip(low, middle, high, strict=True)
        columns[title] = [f"{half:8.2f} [{small:.2f} .. {large:.2f}]" for small, half, large in ranges]
    return pd.DataFrame(columns, index=table.columns)


def measured(record: np.ndarray, rate: int = 100) -> dict[str, float] | None:
    """Return intervals in ms, amplitudes in mV and noise in uV of a record (lead, sample) in mV; None without beats."""
    record = np.asarray(record, float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fine = signal.resample_poly(record, 5, 1, axis=1)
        peaks = r_peaks(fine)
    if len(peaks) < 4:
        return None
    windows = np.stack([fine[:, peak - 200 : peak + 300] for peak in peaks if 200 <= peak < fine.shape[1] - 300])
    beat = np.median(windows, axis=0)
    start, end = qrs_edges(beat)
    beat = beat - beat[:, max(0, start - 12) : start - 2].mean(axis=1, keepdims=True)
    found = {str(key): 1e3 * float(value) for key, value in delineated(fine[LEAD["II"]], 500).items()}
    found |= {"QRS of all leads": 2.0 * (end - start), "rate": 60 * 500 / np.median(np.diff(peaks))}
    found["RR s.d./mean"] = float(np.std(np.diff(peaks)) / np.mean(np.diff(peaks)))
    qrs, later = beat[:, start:end], beat[:, end + 30 : end + 180]
    for lead in ("I", "II", "V1", "V2", "V4", "V5"):
        found[f"R {lead}"] = qrs[LEAD[lead]].max()
    for lead in ("V1", "V2", "V6", "III"):
        found[f"S {lead}"] = qrs[LEAD[lead]].min()
    for lead in ("I", "II", "V2", "V5"):
        found[f"T {lead}"] = later[LEAD[lead], np.abs(later[LEAD[lead]]).argmax()]
    for lead in ("I", "II", "V2", "V5"):
        found[f"J+60 {lead}"] = beat[LEAD[lead], end + 30]
    p = beat[:, max(0, start - 110) : start - 10]
    found["P II"] = np.ptp(p[LEAD["II"]])
    return found | textures(record, rate, windows)


def textures(record: np.ndarray, rate: int, windows: np.ndarray) -> dict[str, float]:
    """Return sizes of noise in uV."""
    found = {}
    high = signal.sosfiltfilt(signal.butter(3, (25, 40), "bandpass", fs=rate, output="sos"), record)
    low = signal.sosfiltfilt(signal.butter(2, 0.45, "lowpass", fs=rate, output="sos"), record)
    middle = signal.sosfiltfilt(signal.butter(3, (3.5, 11), "bandpass", fs=500, output="sos"), windows)
    for lead in ("I", "II", "V1", "V2", "V5"):
        row = LEAD[lead]
        found[f"25-40 Hz {lead}"] = 1e3 * high[row].std()
        found[f"below .45 Hz {lead}"] = 1e3 * low[row].std()
        beats = windows[:, row] - windows[:, row].mean(axis=1, keepdims=True)
        found[f"beat to beat {lead}"] = 1e3 * np.median(beats.std(axis=0))
        found[f"3.5-11 Hz before QRS {lead}"] = 1e3 * np.sqrt(np.median(middle[:, row, 60:150] ** 2))
    return found


def r_peaks(record: np.ndarray) -> np.ndarray:
    """Return R peaks at 500 Hz from the speed of all leads."""
    smooth = signal.sosfiltfilt(signal.butter(2, (5, 35), "bandpass", fs=500, output="sos"), record)
    speed = np.sqrt((np.gradient(smooth, axis=1) ** 2).sum(axis=0))
    envelope = np.convolve(speed, np.hanning(50) / 25, "same")
    peaks, _ = signal.find_peaks(envelope, distance=140, height=0.4 * np.percentile(envelope, 98))
    size = np.sqrt((smooth[:2] ** 2).sum(axis=0) + (smooth[6:] ** 2).sum(axis=0))
    return np.array([p - 30 + size[max(0, p - 30) : p + 30].argmax() for p in peaks if p >= 30], int)


def qrs_edges(beat: np.ndarray) -> tuple[int, int]:
    """Return first and last sample of the QRS of a median beat (lead, 500 samples, R at 200), by the leads' speed."""
    speed = np.sqrt((np.gradient(beat[[0, 1, 6, 7, 8, 9, 10, 11]], axis=1) ** 2).sum(axis=0))
    speed = np.convolve(speed, np.ones(5) / 5, "same")
    top = speed[150:260].max()
    rest = np.median(speed[100:450])
    slow = speed < max(0.08 * top, 1.5 * rest)
    start, end = 200, 200
    while start > 120 and not slow[start - 4 : start + 1].all():
        start -= 1
    while end < 320 and not slow[end : end + 8].all():
        end += 1
    return start, end


def main() -> None:
    """Answer one question."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("question", choices=("speed", "intervals", "rules", "twins", "real", "network"))
    parser.add_argument("--count", type=int, default=None)
    parser.add_argument("--ptbxl", type=Path)
    parser.add_argument("--network", default="ecg-six")
    given = parser.parse_args()
    if given.question == "real":
        real(given.ptbxl, given.count or 300)
    elif given.question == "network":
        network(given.network, given.count or 300)
    else:
        ask, usual = {
            "speed": (speed, 1000),
            "intervals": (intervals, 150),
            "rules": (rules, 300),
            "twins": (twins, 100),
        }[given.question]
        ask(given.count or usual)


if __name__ == "__main__":
    main()
