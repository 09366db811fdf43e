"""Preparation: what goes in, and relevance on its way back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pellucid.core.errors import InvalidInputError, SettingError, UnknownNameError
from pellucid.core.settings import decode, encode
from pellucid.networks.filters import Level, Notch
from pellucid.networks.preparation import EcgPreparation, Filter, SlicePreparation
from pellucid.records.ecg import EcgRecord
from pellucid.records.slice import MriSlice


def record(seconds: float = 10, rate: float = 500, leads: tuple[str, ...] | None = None, seed: int = 0) -> EcgRecord:
    names = leads or ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
    signal = np.random.default_rng(seed).normal(size=(len(names), round(seconds * rate)))
    return EcgRecord(signal=signal, sampling_rate=rate, leads=names, name="r")


AT_400 = EcgPreparation(sampling_rate=400, length=4096)
AT_100 = EcgPreparation(sampling_rate=100, length=1000, padding="none")


def test_padding_stands_on_both_sides_and_is_marked() -> None:
    prepared = AT_400(record())
    assert prepared.inputs.shape == (1, 12, 4096)
    assert prepared.valid.sum() == 4000
    assert np.flatnonzero(prepared.valid)[[0, -1]].tolist() == [48, 4047]
    assert prepared.inputs[0, :, :48].abs().max() == 0
    assert "zeros were added (on both sides)" in prepared.notes[0]


def test_padding_at_the_end() -> None:
    prepared = EcgPreparation(sampling_rate=400, length=4096, padding="end")(record())
    assert np.flatnonzero(prepared.valid)[[0, -1]].tolist() == [0, 3999]


def test_the_start_is_kept_where_the_network_wants_it() -> None:
    long = record(12)
    start = EcgPreparation(sampling_rate=500, length=3000, keep="start")
    prepared = start(long)
    np.testing.assert_array_equal(prepared.inputs[0], long.signal[:, :3000])
    np.testing.assert_array_equal(start.batch(long.signal[None], 500)[0], long.signal[:, :3000])
    assert "saw 0.00 to 6.00 s" in prepared.notes[0]
    whole = prepared.restore(np.ones((12, 3000)))
    assert (whole[:, :3000] == 1).all()
    assert not whole[:, 3000:].any()


def test_a_notch_and_a_level_are_steps_in_their_order() -> None:
    steps = (Notch(frequency=50, quality=30), Level())
    prepared = EcgPreparation(sampling_rate=500, length=5000, filters=steps)(record())
    wanted = steps[1](steps[0](record().signal, 500), 500)
    np.testing.assert_allclose(prepared.inputs[0], wanted, rtol=0, atol=1e-6)
    settings = EcgPreparation(sampling_rate=500, length=5000, filters=steps)
    assert decode(EcgPreparation, encode(settings), where="card") == settings


@pytest.mark.parametrize("preparation", [AT_400, AT_100, EcgPreparation(sampling_rate=500, length=3000)])
@pytest.mark.parametrize("seconds", [4.0, 10.0, 12.0])
def test_relevance_comes_back_with_its_sum(preparation: EcgPreparation, seconds: float) -> None:
    prepared = preparation(record(seconds))
    relevance = np.random.default_rng(1).normal(size=prepared.inputs.shape[1:])
    back = prepared.restore(relevance)
    assert back.shape == (12, round(seconds * 500))
    inside = relevance[:, prepared.valid].sum(axis=1)
    np.testing.assert_allclose(back.sum(axis=1), inside, atol=1e-9)
    assert prepared.outside(relevance) == pytest.approx(relevance[:, ~prepared.valid].sum())


def test_relevance_comes_back_to_the_same_moment() -> None:
    prepared = AT_400(record())
    relevance = np.zeros((12, 4096))
    relevance[3, 48 + 2000] = 1.0  # 5 s after the record's start
    back = prepared.restore(relevance)
    assert back[3].argmax() == pytest.approx(2500, abs=1)
    assert set(np.flatnonzero(back.any(axis=1))) == {3}


def test_of_longer_records_the_middle_is_seen_and_said() -> None:
    prepared = AT_100(record(14))
    assert prepared.inputs.shape == (1, 12, 1000)
    assert "saw 2.00 to 12.00 s of 14.00 s" in prepared.notes[0]
    back = prepared.restore(np.ones((12, 1000)))
    assert np.flatnonzero(back[0])[[0, -1]].tolist() == [1000, 5999]
    assert np.abs(back[0, 1000:6000] - 0.2).max() < 0.15


def test_shorter_records_keep_their_length_without_padding() -> None:
    prepared = AT_100(record(4))
    assert prepared.inputs.shape == (1, 12, 400)
    assert prepared.valid.all()


def test_leads_are_reordered_by_name_and_derived() -> None:
    source = record(leads=("V6", "II", "I", "V1", "V2", "V3", "V4", "V5"))
    prepared = EcgPreparation(sampling_rate=500, length=5000)(source)
    np.testing.assert_allclose(prepared.inputs[0, 11], source.lead("V6"))
    np.testing.assert_allclose(prepared.inputs[0, 2], source.lead("II") - source.lead("I"), atol=1e-6)
    assert prepared.notes == ("III, aVR, aVL, aVF derived from I and II.",)


def test_unit_and_gain() -> None:
    source = record(rate=400)
    plain = EcgPreparation(sampling_rate=400, length=4000)(source).inputs
    scaled = EcgPreparation(sampling_rate=400, length=4000, unit="uV", gain=0.5)(source).inputs
    torch.testing.assert_close(scaled, plain * 500)


def test_a_high_pass_takes_the_drift_away() -> None:
    times = np.arange(5000) / 500
    source = EcgRecord(signal=np.sin(2 * np.pi * 8 * times)[None] + 2, sampling_rate=500, leads=["I"], name="drift")
    filters = (Filter(kind="highpass", frequency=0.5),)
    prepared = EcgPreparation(leads=("I",), sampling_rate=500, length=5000, filters=filters)(source)
    middle = prepared.inputs[0, 0, 1000:4000]
    assert abs(float(middle.mean())) < 0.02
    assert float(middle.abs().max()) == pytest.approx(1.0, abs=0.03)


def test_a_batch_is_prepared_as_its_records_are() -> None:
    sources = [record(seed=i) for i in range(3)]
    together = AT_400.batch(np.stack([one.signal for one in sources]), 500)
    for one, prepared in zip(sources, together, strict=True):
        np.testing.assert_allclose(prepared, AT_400(one).inputs[0], atol=1e-6)


def test_refusals_name_the_record_and_the_remedy() -> None:
    with pytest.raises(InvalidInputError, match=r"record r must last 3 s or more .* it lasts 2 s"):
        EcgPreparation(sampling_rate=100, length=1000, shortest=3)(record(2))
    holes = np.zeros((2, 5000))
    holes[1, 7] = np.nan
    with pytest.raises(InvalidInputError, match=r"NaN\) in II\. Take a complete stretch with record\.cut"):
        EcgPreparation(leads=("I", "II"), sampling_rate=500, length=5000)(
            EcgRecord(signal=holes, sampling_rate=500, leads=("I", "II"), name="holes")
        )
    with pytest.raises(UnknownNameError, match="'V6' is not in record r"):
        AT_400(record(leads=("I", "II", "V1", "V2", "V3", "V4", "V5")))
    with pytest.raises(InvalidInputError, match="reads ECGs"):
        AT_400(MriSlice(pixels=np.zeros((4, 4)), name="s"))
    with pytest.raises(SettingError, match="sampling_rate > 0"):
        EcgPreparation(sampling_rate=0, length=4)


def test_a_slice_is_stretched_and_normalised_and_its_relevance_comes_back() -> None:
    pixels = np.random.default_rng(0).random((30, 50))
    preparation = SlicePreparation(size=(24, 24), channels=3, mean=(0.5, 0.4, 0.3), std=(0.2, 0.2, 0.2))
    prepared = preparation(MriSlice(pixels=pixels, name="s"))
    assert prepared.inputs.shape == (1, 3, 24, 24)
    assert float(prepared.inputs[0, 0].mean()) == pytest.approx((pixels.mean() - 0.5) / 0.2, abs=0.05)
    relevance = np.random.default_rng(1).normal(size=(3, 24, 24))
    back = prepared.restore(relevance)
    assert back.shape == (30, 50)
    assert back.sum() == pytest.approx(relevance.sum())
    spot = np.zeros((3, 24, 24))
    spot[0, 12, 6] = 1
    rows, columns = np.nonzero(prepared.restore(spot))
    assert rows.mean() == pytest.approx(12.5 / 24 * 30 - 0.5, abs=1.0)
    assert columns.mean() == pytest.approx(6.5 / 24 * 50 - 0.5, abs=1.5)
