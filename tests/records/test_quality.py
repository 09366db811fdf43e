from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pellucid import EcgRecord, MriSlice, read
from pellucid.records.leads import DERIVED, STANDARD
from pellucid.records.quality import findings

RATE = 250


def healthy(*, seconds=10.0, rate=RATE, leads=STANDARD, **fields):
    """One triangular beat of 1 mV and 80 ms a second, in sizes that obey Einthoven's law, and a little noise."""
    times = np.arange(round(seconds * rate)) / rate
    beat = np.maximum(0, 1 - np.abs(times % 1 - 0.5) / 0.04)
    noise = np.random.default_rng(0).normal(size=(2, len(times))) * 0.005
    one, two = 0.8 * beat + noise[0], 1.1 * beat + noise[1]
    rows = {"I": one, "II": two} | {lead: a * one + b * two for lead, (a, b) in DERIVED.items()}
    rows |= {f"V{n}": (0.6 + 0.2 * n) * beat + noise[0] - noise[1] for n in range(1, 7)}
    signal = np.stack([rows.get(lead, two) for lead in leads])
    return EcgRecord(signal=signal.round(4), sampling_rate=rate, leads=leads, **fields)


def changed(change, record=None):
    """Return the healthy record with its signal, (lead, sample), changed in place by a function."""
    record = record or healthy()
    signal = record.signal.copy()
    change(signal)
    return replace(record, signal=signal)


def kinds(record):
    return [finding.kind for finding in findings(record)]


def only(record):
    (finding,) = findings(record)
    return finding


@pytest.mark.parametrize("rate", [100, 250, 500, 1000])
def test_a_healthy_record_has_no_findings_at_any_rate(rate):
    assert findings(healthy(rate=rate)) == ()


def test_what_the_reader_noted_comes_first():
    record = healthy(metadata={"notes": ["The header gives no gain for I."]})
    assert [(item.kind, item.text) for item in findings(record)] == [("reading", "The header gives no gain for I.")]


def test_missing_and_unknown_leads_are_named():
    missing, other = findings(healthy(leads=("I", "II", *STANDARD[7:], "MLII")))
    assert (missing.kind, missing.leads, missing.text) == ("missing lead", ("V1",), "V1 is not in the record.")
    assert (other.kind, other.leads, other.text) == (
        "other lead", ("MLII",), "MLII is none of the twelve standard leads.",
    )  # fmt: skip


@pytest.mark.parametrize(("seconds", "text"), [(3, "is short: 3 s; networks expect about 10 s"), (70, "is long: 70 s")])
def test_lengths(seconds, text):
    finding = only(healthy(seconds=seconds))
    assert finding.kind == "length"
    assert text in finding.text


def test_samples_that_were_not_recorded():
    def change(signal):
        signal[6, :250] = np.nan
        signal[7] = np.nan

    part, whole = findings(changed(change))
    assert (part.kind, part.leads, part.text) == ("not recorded", ("V1",), "10.0% of V1 was not recorded (NaN).")
    assert (whole.leads, whole.text) == (("V2",), "V2 is empty: no sample was recorded.")


def test_flat_leads_and_stretches():
    def change(signal):
        signal[8] = 0.1
        signal[9:11, 1000:1500] = 0.2

    throughout, stretch = findings(changed(change))
    assert (throughout.leads, throughout.text) == (("V3",), "V3 is flat: one value throughout.")
    assert (stretch.leads, stretch.text) == (("V4", "V5"), "V4 and V5 are flat for 2.0 s from 4.0 s on.")
    assert {throughout.kind, stretch.kind} == {"flat"}


def test_a_lead_off_for_less_than_a_second_is_nothing():
    assert findings(changed(lambda signal: signal[8, 100:300].fill(0.1))) == ()


@pytest.mark.parametrize(("sign", "word", "limit"), [(1, "upper", "1.00"), (-1, "lower", "-1.00")])
def test_a_lead_at_the_limit_of_its_recorder(sign, word, limit):
    def change(signal):
        signal[11] = np.clip(signal[11] * sign * 3, -1, 1)

    finding = only(changed(change))
    assert (finding.kind, finding.leads) == ("clipped", ("V6",))
    assert finding.text == f"V6 is cut off at its {word} limit of {limit} mV."


def test_a_round_wave_is_not_clipped():
    def change(signal):
        signal[11] = (np.sin(np.arange(signal.shape[1]) / 60)).round(2)

    assert "clipped" not in kinds(changed(change))


@pytest.mark.parametrize("rate", [100, 500])
@pytest.mark.parametrize(
    ("factor", "words"), [(5, "times the usual"), (0.001, "of the usual"), (1000, "times the usual")]
)
def test_a_wrong_unit_is_found_at_any_rate(factor, words, rate):
    record = healthy(rate=rate)
    found = [item for item in findings(replace(record, signal=record.signal * factor)) if item.kind == "amplitude unit"]
    assert len(found) == 1
    assert words in found[0].text


def test_few_leads_say_nothing_about_the_unit():
    record = healthy(leads=("V3", "V4"))
    assert "amplitude unit" not in kinds(replace(record, signal=record.signal * 5))


def test_artefacts_beyond_what_a_heart_can():
    finding = only(changed(lambda signal: signal[9, 500:505].fill(8.5)))
    assert (finding.kind, finding.leads) == ("artefact", ("V4",))
    assert finding.text == "V4 goes beyond 7.5 mV, first at 2.0 s; no heart does that."


def test_baseline_wander_is_measured_and_beats_are_none():
    slope = np.linspace(0, 3, 2500)

    def change(signal):
        signal[10] += slope

    finding = only(changed(change))
    assert (finding.kind, finding.leads) == ("baseline wander", ("V5",))
    assert finding.text == "The baseline of V5 moves by up to 2.7 mV."


def test_exchanged_limb_leads_are_named():
    names = ["I", "II", "III", "aVL", "aVR", *STANDARD[5:]]
    finding = only(replace(healthy(), leads=names))
    assert finding.kind == "limb leads"
    assert {"aVR", "aVL"} <= set(finding.leads)
    assert finding.text.endswith("They obey if what is called aVL is aVR, what is called aVR is aVL.")


def test_a_wrong_sign_and_wrong_gains_are_named():
    sign = only(changed(lambda signal: np.negative(signal[3], out=signal[3])))
    assert sign.text.endswith("They obey if aVR has the wrong sign.")
    gain = only(changed(lambda signal: np.multiply(signal[2], 1.6, out=signal[2])))
    assert "They obey once rescaled (I x 1.00, II x 1.00, III x 0.6" in gain.text


def test_all_records_of_wrong_gain_are_flagged_and_no_other(cinc2020):
    """The headers of HR* state 200 units a mV where there are 1000."""
    flagged = {path.stem for path in cinc2020.glob("*.hea") if "amplitude unit" in kinds(read(path))}
    assert flagged == {path.stem for path in cinc2020.glob("HR*.hea")}
    assert len(flagged) == 54


def test_ptb_xl_2166_is_found_and_ordinary_records_are_clean(ptbxl):
    finding = only(read(ptbxl / "records100/02000/02166_lr"))
    assert finding.kind == "limb leads"
    assert "0.83 mV away" in finding.text
    assert "damaged or processed alone" in finding.text
    for record in (282, 424, 489):
        assert findings(read(ptbxl / f"records500/00000/{record:05}_hr")) == ()
    for record in (8092, 8309, 19528, 20682):
        assert "artefact" in kinds(read(ptbxl / f"records100/{record // 1000:02}000/{record:05}_lr"))


def test_every_record_of_ludb_has_gains_that_do_not_fit(ludb):
    for path in sorted(ludb.glob("*.hea")):
        assert "They obey once rescaled" in only(read(path)).text


@pytest.mark.parametrize(
    "signal", [np.zeros((12, 1)), np.full((12, 600), np.nan), np.zeros((12, 2)), np.ones((12, 130))]
)
def test_degenerate_records_are_judged_without_a_warning(signal):
    found = {item.kind for item in findings(EcgRecord(signal=signal, sampling_rate=100))}
    assert found & {"length", "flat", "not recorded"}


def test_slices_have_their_own_checks():
    mri = MriSlice(pixels=np.eye(40), metadata={"notes": ["25% of the picture is in colour."]})
    assert [item.kind for item in findings(mri)][:2] == ["reading", "small"]
