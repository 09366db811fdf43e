from __future__ import annotations

import numpy as np
import pytest
import wfdb

from pellucid import read
from pellucid.core.errors import InvalidInputError, UnknownNameError
from pellucid.datasets.dataset import dataset
from pellucid.records.leads import STANDARD


@pytest.fixture
def published(cinc2020, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return f"cinc:{cinc2020}"


def test_counts_and_sources(published):
    source = dataset(published)
    assert len(source) == 109
    assert source.labels.sum().tolist() == [1, 7, 2, 2, 53, 1]
    assert source.table["source"].value_counts().to_dict() == {"PTB-XL": 54, "CPSC 2018": 52, "CPSC Extra": 3}
    assert dataset(published, classes="NORM,59118001").labels.sum().to_dict() == {"NORM": 51, "CRBBB": 7}
    every = dataset(published, classes="all")
    assert every.labels["PVC"].sum() == 2
    assert "PACE" not in every.classes
    assert dataset(published, classes=["251200008"]).labels["251200008"].sum() == 1


def test_a_wrong_gain_of_a_source_is_undone_and_told(published, cinc2020):
    source = dataset(published)
    np.testing.assert_allclose(source.read("HR00005").signal, read(cinc2020 / "HR00005.hea").signal / 5, rtol=1e-6)
    np.testing.assert_array_equal(source.read("A0003").signal, read(cinc2020 / "A0003.hea").signal)
    assert any("PTB-XL (54 records) were multiplied by 0.2" in note for note in source.notes)


def test_long_records_keep_their_length_and_give_their_middle(published):
    source = dataset(published, sampling_rate=100).take([0, 1])
    array = source.signals()
    assert array.shape == (2, 12, 1000)
    record = source.read("A0001")
    assert record.samples > 5000
    first = (record.samples // 5 - 1000) // 2
    np.testing.assert_allclose(array[0][:, 50:950:50] / 1000, record.signal[:, first * 5 :][:, 250:4750:250], atol=0.3)


def test_a_header_without_codes_is_skipped_and_listed(tmp_path, cinc2020):
    for name in ("A0001", "A0002"):
        for suffix in (".hea", ".mat"):
            (tmp_path / f"{name}{suffix}").write_bytes((cinc2020 / f"{name}{suffix}").read_bytes())
    header = tmp_path / "A0002.hea"
    header.write_text(header.read_text().replace("Dx", "Diagnosis"))
    source = dataset(f"cinc:{tmp_path}")
    assert source.table.index.tolist() == ["A0001"]
    assert any("1 headers were skipped" in note and "A0002.hea has no line" in note for note in source.notes)
    (tmp_path / "deeper").mkdir()
    for suffix in (".hea", ".mat"):
        (tmp_path / "deeper" / f"A0001{suffix}").write_bytes((tmp_path / f"A0001{suffix}").read_bytes())
    with pytest.raises(InvalidInputError, match="A0001 is there twice"):
        dataset(f"cinc:{tmp_path}")


def test_what_is_wrong_is_told(tmp_path, published):
    with pytest.raises(InvalidInputError, match=r"has none \(0 headers"):
        dataset(f"cinc:{tmp_path}")
    with pytest.raises(UnknownNameError, match="AFBI"):
        dataset(published, classes=["AFBI"])
    with pytest.raises(InvalidInputError, match="at most 10000 Hz; got 0"):
        dataset(published, sampling_rate=0)


def test_a_record_without_a_sample_is_skipped_and_never_zeros(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "set"
    folder.mkdir()
    signals = np.random.default_rng(0).normal(0, 0.3, (2, 5000, 12))
    signals[1] = np.nan
    for name, signal in zip(("A1", "A2"), signals, strict=True):
        wfdb.wrsamp(
            name, fs=500, units=["mV"] * 12, sig_name=list(STANDARD), p_signal=signal, fmt=["16"] * 12,
            adc_gain=[1000.0] * 12, baseline=[0] * 12, comments=["Dx: 426783006"], write_dir=str(folder),
        )  # fmt: skip
    part, skipped = dataset(f"cinc:{folder}").readable()
    assert "A2.hea must hold an ECG; not one of its samples was recorded" in skipped["A2"]
    assert part.signals().any(axis=(1, 2)).tolist() == [True]
