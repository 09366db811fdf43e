"""Resampling of signals, redistribution of relevance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.records.resampling import redistribute, resample, resampled_length


@pytest.mark.parametrize(("rate_in", "rate_out"), [(500, 100), (500, 400), (100, 500), (360, 250), (1000, 100)])
def test_a_slow_sine_keeps_time_and_height(rate_in: float, rate_out: float) -> None:
    times_in, times_out = np.arange(0, 10, 1 / rate_in), np.arange(0, 10, 1 / rate_out)
    out = resample(np.sin(2 * np.pi * 5 * times_in)[None], rate_in, rate_out)[0]
    assert out.shape == times_out.shape
    inner = slice(round(rate_out), -round(rate_out))
    assert np.abs(out - np.sin(2 * np.pi * 5 * times_out))[inner].max() < 2e-3


def test_what_the_lower_rate_cannot_hold_is_gone() -> None:
    times = np.arange(0, 10, 1 / 500)
    out = resample(np.sin(2 * np.pi * 70 * times)[None], 500, 100)[0]
    assert np.abs(out[100:-100]).max() < 2e-3


def test_a_constant_stays_a_constant_to_the_ends() -> None:
    assert np.allclose(resample(np.full((2, 500), 0.7), 500, 100), 0.7, atol=1e-3)


def test_a_sample_goes_to_the_samples_of_its_cell() -> None:
    relevance = np.zeros(10)
    relevance[3] = 1.0
    fine = redistribute(relevance, 50, 100, 500)
    assert np.flatnonzero(fine > 1e-12).tolist() == [13, 14, 15, 16, 17]
    assert fine[15] == pytest.approx(0.2)


@given(
    samples=st.integers(1, 40),
    length=st.integers(1, 90),
    rate=st.sampled_from([0.25, 0.5, 0.8, 1.0, 2.0, 5.0]),
    seed=st.integers(0, 99),
)
def test_the_sum_is_kept_whatever_the_grids(samples: int, length: int, rate: float, seed: int) -> None:
    relevance = np.random.default_rng(seed).normal(size=(2, samples))
    moved = redistribute(relevance, length, 1.0, rate)
    assert moved.shape == (2, length)
    np.testing.assert_allclose(moved.sum(-1), relevance.sum(-1), atol=1e-9)


def test_lengths() -> None:
    assert resampled_length(5000, 500, 100) == 1000
    assert resampled_length(5000, 500, 400) == 4000
    assert resampled_length(1, 500, 100) == 1
