from __future__ import annotations

import numpy as np
import pytest
import wfdb
from scipy.io import loadmat

from pellucid import read
from pellucid.core.errors import UnreadableFileError
from pellucid.records.leads import STANDARD

RAMP = np.arange(-50, 50, dtype=np.int16)


def example(folder):
    return written(folder, "rec", ["I", "II"])


def written(folder, name, leads, *, gain="1000/mV", code="16", rate="100", samples=None, comments=()):
    """Write a record with a ramp in every lead, the n-th shifted by n; return its header."""
    folder.mkdir(exist_ok=True, parents=True)
    length = len(RAMP) if samples is None else samples
    lines = [
        f"{name} {len(leads)} {rate} {length}",
        *(f"{name}.dat {code} {gain} 16 0 -50 {{}} 0 {lead}" for lead in leads),
    ]
    sums = (int((RAMP + row).sum()) for row in range(-1, len(leads)))
    lines = [line.format(total) for line, total in zip(lines, sums, strict=True)]
    (folder / f"{name}.hea").write_text("\n".join([*lines, *comments]) + "\n", encoding="utf-8")
    np.stack([RAMP + row for row in range(len(leads))], axis=1).astype("<i2").tofile(folder / f"{name}.dat")
    return folder / f"{name}.hea"


def rewritten(header, old, new):
    header.write_text(header.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return header


@pytest.mark.parametrize("suffix", ["", ".hea", ".dat"])
def test_a_record_is_named_with_or_without_suffix(tmp_path, suffix):
    header = example(tmp_path)
    record = read(str(header.with_suffix("")) + suffix)
    assert (record.name, record.source, record.leads, record.sampling_rate) == ("rec", header, ("I", "II"), 100)
    np.testing.assert_array_equal(record.signal, np.stack([RAMP, RAMP + 1]).astype(np.float32) / np.float32(1000))


@pytest.mark.parametrize("code", ["16", "24", "32", "80", "508", "516", "524"])
def test_every_signal_format_that_wfdb_writes_comes_back(tmp_path, code):
    values = np.stack([np.arange(-60, 61), np.arange(60, -61, -1)], axis=1)
    wfdb.wrsamp(
        "rec", fs=250, units=["mV", "uV"], sig_name=["I", "V1"], d_signal=values, fmt=[code, code],
        adc_gain=[100.0, 0.5], baseline=[5, -3], write_dir=str(tmp_path),
    )  # fmt: skip
    record = read(tmp_path / "rec")
    expected = np.stack([(values[:, 0] - 5) / 100, (values[:, 1] + 3) / 0.5 / 1000])
    np.testing.assert_allclose(record.signal, expected, atol=1e-7)
    assert "notes" not in record.metadata


def packed(code, samples):
    """Return samples as the WFDB Applications Guide, signal(5), lays them out."""
    if code == "8":
        return np.diff(samples, prepend=samples[0]).astype(np.int8)
    if code == "61":
        return samples.astype(">i2")
    if code == "160":
        return (samples.astype(np.int32) + 32768).astype("<u2")
    bits = samples.astype(np.int64) & (0xFFF if code == "212" else 0x3FF)
    if code == "212":
        one, two = bits.reshape(-1, 2).T
        return np.stack([one & 0xFF, (one >> 8) | (two >> 8 << 4), two & 0xFF], axis=1).astype(np.uint8)
    one, two, three = bits.reshape(-1, 3).T
    if code == "310":
        return np.stack([one << 1 | (three & 0x1F) << 11, two << 1 | three >> 5 << 11], axis=1).astype("<u2")
    return (one | two << 10 | three << 20).astype("<u4")


@pytest.mark.parametrize("code", ["8", "61", "160", "212", "310", "311"])
def test_signal_formats_that_wfdb_only_reads(tmp_path, code):
    header = written(tmp_path, "rec", ["I"], code=code, samples=96)
    rewritten(header, f"{RAMP.sum()} 0 I", f"{RAMP[:96].sum()} 0 I")
    packed(code, RAMP[:96]).tofile(tmp_path / "rec.dat")
    record = read(header)
    np.testing.assert_allclose(record.signal[0], RAMP[:96] / 1000, atol=1e-7)
    assert "notes" not in record.metadata


def test_matlab_files_of_the_challenge(cinc2020):
    record = read(cinc2020 / "A0001.mat")
    stored = loadmat(cinc2020 / "A0001.mat")["val"]
    np.testing.assert_array_equal(record.signal, (stored / 1000).astype(np.float32))
    assert record.leads == STANDARD
    assert (record.metadata["age"], record.metadata["sex"]) == ("74", "Male")
    assert "Dx: 59118001" in record.metadata["comments"]


def test_every_shared_record_agrees_with_wfdb(cinc2020, ptbxl, ludb, mitdb):
    paths = [cinc2020 / "HR00005", ptbxl / "records500/00000/00282_hr", ludb / "8", mitdb / "100"]
    for path in paths:
        ours, theirs = read(path), wfdb.rdrecord(str(path))
        np.testing.assert_array_equal(ours.signal, theirs.p_signal.T.astype(np.float32))
        assert ours.sampling_rate == theirs.fs
        assert "notes" not in ours.metadata


@pytest.mark.parametrize(("unit", "factor"), [("mV", 1), ("uV", 1e-3), ("µV", 1e-3), ("V", 1e3), ("nV", 1e-6)])
def test_units_become_millivolts(tmp_path, unit, factor):
    record = read(written(tmp_path, "rec", ["I"], gain=f"10/{unit}"))
    np.testing.assert_allclose(record.signal[0], RAMP / 10 * factor, rtol=1e-6)


def test_the_micro_sign_in_latin_1_is_no_volt(tmp_path):
    header = written(tmp_path, "rec", ["I"], gain="10/µV")
    header.write_bytes(header.read_text(encoding="utf-8").encode("latin-1"))
    np.testing.assert_allclose(read(header).signal[0], RAMP / 10_000, rtol=1e-6)


def test_a_baseline_is_taken_off(tmp_path):
    np.testing.assert_allclose(read(written(tmp_path, "rec", ["I"], gain="1000(7)/mV")).signal[0], (RAMP - 7) / 1000)


def test_invalid_samples_become_nan(tmp_path):
    header = example(tmp_path)
    samples = np.fromfile(tmp_path / "rec.dat", dtype="<i2")
    samples[4] = -32768
    samples.tofile(tmp_path / "rec.dat")
    signal = read(header).signal
    assert np.isnan(signal[0, 2])
    assert np.isnan(signal).sum() == 1


def test_a_missing_gain_is_told(tmp_path):
    record = read(written(tmp_path, "rec", ["I"], gain="0"))
    np.testing.assert_allclose(record.signal[0], RAMP / 200)
    assert record.metadata["notes"] == [
        "The header gives no gain for I; WFDB's default of 200 units per mV is assumed."
    ]


def test_a_wrong_checksum_is_told_and_a_right_one_is_not(tmp_path):
    header = example(tmp_path)
    assert "notes" not in read(header).metadata
    notes = read(rewritten(header, "-50 50 0 II", "-50 51 0 II")).metadata["notes"]
    assert notes == ["The checksum of II is not the header's: the samples may be damaged."]


def test_signals_that_are_no_voltage_are_left_out_by_name(tmp_path):
    header = rewritten(
        written(tmp_path, "rec", ["II", "ABP"]), "1000/mV 16 0 -50 50 0 ABP", "100/mmHg 16 0 -50 50 0 ABP"
    )
    record = read(header)
    assert record.leads == ("II",)
    assert record.metadata["notes"] == ["ABP is left out: its unit mmHg is no voltage."]
    with pytest.raises(UnreadableFileError, match="holds no ECG: none of its signals is in V, mV or uV"):
        read(rewritten(header, "1000/mV", "100/mmHg"))


def test_several_samples_per_frame_keep_all_of_them(tmp_path):
    header = written(tmp_path, "rec", ["I"], code="16x2", samples=50)
    record = read(header)
    assert (record.sampling_rate, record.samples) == (200, 100)
    np.testing.assert_allclose(record.signal[0], RAMP / 1000)


def test_leads_of_another_rate_than_most_are_left_out_by_name(tmp_path):
    header = written(tmp_path, "rec", ["I", "II", "V1"], samples=75)
    rewritten(header, "rec.dat 16 1000/mV 16 0 -50 150 0 V1", "rec.dat 16x2 1000/mV 16 0 -50 150 0 V1")
    record = read(header)
    assert (record.leads, record.sampling_rate, record.samples) == (("I", "II"), 100, 75)
    assert "V1 is left out: it has 200 Hz, most leads have 100 Hz." in record.metadata["notes"]


def test_names_that_occur_twice_are_numbered(tmp_path):
    assert read(written(tmp_path, "rec", ["ECG", "ECG", "V1"])).leads == ("ECG #1", "ECG #2", "V1")


def test_no_sampling_rate_is_the_default_and_told(tmp_path):
    record = read(rewritten(example(tmp_path), "rec 2 100 100", "rec 2"))
    assert (record.sampling_rate, record.samples) == (250, 100)
    assert "default of 250 Hz" in record.metadata["notes"][0]


def test_segments_stand_one_behind_the_other_with_gaps_and_changing_leads(tmp_path):
    written(tmp_path, "a", ["I", "II"])
    written(tmp_path, "b", ["V1", "I"], gain="500/uV")
    (tmp_path / "layout.hea").write_text(
        "layout 3 100 0\n~ 0 1/mV 0 0 0 0 0 I\n~ 0 1/mV 0 0 0 0 0 II\n~ 0 1/mV 0 0 0 0 0 V1\n"
    )
    (tmp_path / "whole.hea").write_text("whole/4 3 100 250\nlayout 0\na 100\n~ 50\nb 100\n")
    record = read(tmp_path / "whole")
    assert (record.leads, record.samples, record.name) == (("I", "II", "V1"), 250, "whole")
    one, two, chest = record.signal
    np.testing.assert_allclose(one, np.concatenate([RAMP / 1e3, np.full(50, np.nan), (RAMP + 1) / 5e5]), rtol=1e-6)
    np.testing.assert_allclose(two, np.concatenate([(RAMP + 1) / 1e3, np.full(150, np.nan)]), rtol=1e-6)
    np.testing.assert_allclose(chest[150:], RAMP / 5e5, rtol=1e-6)
    assert np.isnan(chest[:150]).all()


def test_a_record_of_segments_may_not_hold_itself(tmp_path):
    (tmp_path / "loop.hea").write_text("loop/1 1 100 100\nloop 100\n")
    with pytest.raises(UnreadableFileError, match=r"must be a plain segment of 100 samples .* segments of its own"):
        read(tmp_path / "loop")


def test_segments_must_be_what_the_whole_announces(tmp_path):
    written(tmp_path, "a", ["I"])
    written(tmp_path, "b", ["I"], code="16x2", samples=50)
    for lines, message in {
        "whole/1 1 100 90\na 90\n": r"a\.hea must be a plain segment of 90 samples at .* it has 100 at 100.0 Hz",
        "whole/1 1 250 100\na 100\n": r"a\.hea must be a plain segment of 100 samples at 250.0 Hz",
        "whole/2 1 100 150\na 100\nb 50\n": r"b\.hea: I must have 100 Hz as in the segments before; it has 200",
        "whole/1 1 100 50\n~ 50\n": r"whole\.hea has no segment with a signal",
        "whole/1 1 100 50\n../a 50\n": "in the header's own folder",
    }.items():
        (tmp_path / "whole.hea").write_text(lines)
        with pytest.raises(UnreadableFileError, match=message):
            read(tmp_path / "whole")


def test_a_signal_file_without_its_header_says_what_it_needs(tmp_path):
    example(tmp_path).unlink()
    with pytest.raises(UnreadableFileError, match=r"its WFDB header rec\.hea is not beside it\. Put it there"):
        read(tmp_path / "rec.dat")


def test_a_header_of_another_suffix_is_recognised_and_its_remedy_told(tmp_path):
    renamed = example(tmp_path).rename(tmp_path / "rec.txt")
    with pytest.raises(UnreadableFileError, match=r"its suffix must be \.hea\. Rename it"):
        read(renamed)


def test_folders_of_any_name_are_read(tmp_path):
    for name in ("übung mit Leerzeichen", "心电图", "http:", "[1]*?", "~", "a.b", "s3:"):
        assert read(example(tmp_path / name)).samples == 100, name


def test_a_folder_that_names_a_chain_of_stores_is_refused(tmp_path):
    with pytest.raises(UnreadableFileError, match=r"a folder with '::' in its name\. Rename it"):
        read(example(tmp_path / "a::b"))


def test_what_wfdb_fails_on_is_an_error_with_the_file(tmp_path):
    header = rewritten(example(tmp_path), "rec.dat 16 ", "rec.dat 516 ")
    with pytest.raises(UnreadableFileError, match=r"rec\.hea or its signal file is damaged: .*not a FLAC file"):
        read(header)
