"""A batch of rows becomes what the card makes of one record."""

from __future__ import annotations

import numpy as np
import torch
from numpy.testing import assert_allclose

from pellucid.datasets.dataset import dataset
from pellucid.networks.preparation import EcgPreparation, Filter, SlicePreparation
from pellucid.training.inputs import prepared, raw, rows_of

ECGS = dataset("simulated:2", sampling_rate=250)
SLICES = dataset("phantoms:3")


def test_signals_are_what_the_preparation_makes_of_each_record() -> None:
    for preparation in (
        EcgPreparation(sampling_rate=250, length=2500),
        EcgPreparation(sampling_rate=400, length=4096, unit="uV", gain=2.0),
        EcgPreparation(leads=("V2", "II"), sampling_rate=250, length=2000, keep="start", padding="none"),
        EcgPreparation(sampling_rate=250, length=2500, filters=(Filter(kind="highpass", frequency=0.5),)),
    ):
        rows = rows_of(ECGS, preparation)
        found = prepared(raw(rows), preparation, ECGS.sampling_rate)
        wanted = torch.cat([preparation(record).inputs for record in ECGS])
        assert_allclose(found, wanted, atol=2e-3 * float(wanted.abs().max()))  # rows are whole microvolts


def test_pictures_are_what_the_preparation_makes_of_each_slice() -> None:
    preparation = SlicePreparation(size=(40, 50), channels=3, mean=(0.4, 0.5, 0.6), std=(0.2, 0.2, 0.3))
    rows = rows_of(SLICES, preparation)
    assert (rows.shape, rows.dtype) == ((3, 40, 50), np.uint8)
    found = prepared(raw(rows), preparation, float("nan"))
    wanted = torch.cat([preparation(record).inputs for record in SLICES])
    assert_allclose(found, wanted, atol=0.51 / 255 / 0.2)  # grey values are rounded to 1/255


def test_without_a_preparation_signals_are_millivolts() -> None:
    rows = np.array([[[1000, -500]]], dtype=np.int16)
    assert_allclose(prepared(raw(rows), None, 100.0), [[[1.0, -0.5]]])
