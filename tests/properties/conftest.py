"""Lets the tests of this folder import `zoo` and `asking`; a few records of every data set on disk."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import wfdb
from PIL import Image

from pellucid.records.leads import STANDARD

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1])]


@pytest.fixture
def small_slices(tmp_path, monkeypatch):
    """Two classes with a published split, 12 slices in training and 2 in the test each; the cache is a fresh one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for number, name in enumerate(("glioma_tumor", "no_tumor")):
        for part, count in (("Training", 12), ("Testing", 2)):
            for item in range(count):
                _picture(tmp_path / "slices" / part / name / f"{item}.png", seed=100 * number + 50 * count + item)
    return tmp_path / "slices"


@pytest.fixture
def small_oasis(tmp_path, monkeypatch):
    """Eleven patients of two classes with three slices each."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for patient in range(11):
        name = ("glioma_tumor", "no_tumor")[patient % 2]
        for item in range(3):
            file = f"OAS1_{patient:04d}_MR{item % 2 + 1}_mpr-1_{100 + item}.png"
            _picture(tmp_path / "oasis" / name / file, seed=10 * patient + item)
    return tmp_path / "oasis"


@pytest.fixture
def small_volumes(tmp_path, monkeypatch):
    """Eleven patients of two classes with a small volume each."""
    nibabel = pytest.importorskip("nibabel")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for patient in range(11):
        path = tmp_path / "volumes" / ("glioma_tumor", "no_tumor")[patient % 2] / f"sub-{patient:02d}_T1w.nii"
        path.parent.mkdir(parents=True, exist_ok=True)
        values = np.random.default_rng(patient).integers(0, 900, (12, 10, 30)).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(values, np.diag([2.0, 1.5, 3.0, 1.0])), path)
    return tmp_path / "volumes"


def _picture(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (40, 36)).astype(np.uint8)).save(path)


@pytest.fixture
def small_mitbih(tmp_path, monkeypatch):
    """Recordings 101 and 234, 10 s each with a beat a second, of five classes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "mitdb"
    folder.mkdir()
    for name in ("101", "234"):
        wave = np.sin(2 * np.pi * np.arange(3600) / 360) + np.random.default_rng(int(name)).normal(0, 0.1, 3600)
        wfdb.wrsamp(
            name, fs=360, units=["mV"], sig_name=["MLII"], p_signal=wave[:, None], fmt=["16"], adc_gain=[1000.0],
            baseline=[0], write_dir=str(folder),
        )  # fmt: skip
        wfdb.wrann(name, "atr", np.arange(10) * 360 + 90, list("NNAVF/NNLR"), write_dir=str(folder))
    return folder


@pytest.fixture
def small_cinc(tmp_path, monkeypatch):
    """Six records of 10 s at 100 Hz of two sources with the codes of atrial fibrillation and sinus tachycardia."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "cinc"
    folder.mkdir()
    for number in range(6):
        wfdb.wrsamp(
            f"{'AQ'[number % 2]}{number:04d}", fs=100, units=["mV"] * 12, sig_name=list(STANDARD), fmt=["16"] * 12,
            p_signal=np.random.default_rng(number).normal(0, 0.3, (1000, 12)), adc_gain=[1000.0] * 12,
            baseline=[0] * 12, write_dir=str(folder), comments=[f"Dx: {('164889003', '427084000')[number % 2]}"],
        )  # fmt: skip
    return folder


@pytest.fixture
def small_code(tmp_path, monkeypatch):
    """Four exams of three patients in the layout of CODE-15 %."""
    h5py = pytest.importorskip("h5py")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "code"
    folder.mkdir()
    with h5py.File(folder / "part0.hdf5", "w") as file:
        file["tracings"] = np.random.default_rng(0).normal(0, 0.3, (4, 4096, 12)).astype(np.float32)
        file["exam_id"] = np.array([4, 3, 2, 1])
    lines = ["exam_id,1dAVb,RBBB,LBBB,SB,ST,AF,patient_id,trace_file"]
    lines += [f"{exam},{exam == 1},False,False,False,True,False,p{exam // 2},part0.hdf5" for exam in range(1, 5)]
    (folder / "exams.csv").write_text("\n".join(lines) + "\n")
    return folder
