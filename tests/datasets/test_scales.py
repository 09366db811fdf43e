from __future__ import annotations

import numpy as np
import pytest

from pellucid import EcgRecord, read
from pellucid.datasets.scales import FACTORS, TYPICAL, factor, span


def test_the_span_is_the_median_lead_without_its_outermost_hundredth():
    ramp = np.linspace(-1, 1, 1001)
    signal = np.stack([ramp, 2 * ramp, 5 * ramp])
    signal[1, 500] = np.nan
    record = EcgRecord(signal=signal, sampling_rate=100, leads=("I", "II", "V1"))
    assert span(record) == pytest.approx(2 * 0.99 * 2, rel=0.01)
    assert span(EcgRecord(signal=np.full((1, 5), np.nan), sampling_rate=100, leads=("I",))) == 0


@pytest.mark.parametrize("wrong", FACTORS)
def test_a_wrong_gain_is_undone(wrong):
    spans = [TYPICAL / wrong * one for one in (0.7, 0.9, 1.4)]
    assert factor(spans) == wrong
    assert factor(spans[:2]) == 1
    assert factor([0.0, *spans]) == wrong


def test_published_sources(cinc2020):
    def of(letters):
        return factor([span(read(path)) for path in sorted(cinc2020.glob(f"{letters}*.hea"))[:9]])

    assert of("A") == 1
    assert of("HR") == 1 / 5
