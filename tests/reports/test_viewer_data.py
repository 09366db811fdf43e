from __future__ import annotations

import json

import numpy as np
import pytest
from explained import explanation, place, slice_explanation

from pellucid.reports import viewer_data as module
from pellucid.reports.maps import maps_of
from pellucid.reports.packing import unpack
from pellucid.reports.viewer_data import stretch, viewer_data


def test_signal_and_relevance_come_through():
    shown = explanation()
    maps = list(maps_of(shown))
    data = viewer_data(shown.record, maps)
    assert (data["kind"], data["rate"], data["begin"], data["samples"], data["total"]) == (
        "ecg",
        100.0,
        0.0,
        1000,
        10.0,
    )
    assert unpack(data["signal"], 12, 1000) == pytest.approx(shown.record.signal, abs=0.0006)
    for entry, own in zip(data["maps"], maps, strict=True):
        assert entry["limit"] == own.scale.limit
        assert unpack(entry["relevance"], 12, 1000) == pytest.approx(own.relevance, abs=own.scale.limit / 1000)
        assert entry["shares"][6]["total"] == max(row["total"] for row in entry["shares"])
    json.dumps(data, allow_nan=False)


def test_truth_is_kept_as_runs_and_unknown_places_are_left_out():
    shown = explanation()
    data = viewer_data(shown.record, [], {"CRBBB": place(shown.record, "II"), "AFIB": None})
    assert data["truth"] == {"CRBBB": [[], [0, 500], *[[]] * 10]}
    assert viewer_data(shown.record, [])["truth"] is None


def test_a_long_record_is_cut_to_where_relevance_is(monkeypatch):
    monkeypatch.setattr(module, "MOST_VALUES", 12 * 300)
    shown = explanation()
    maps = list(maps_of(shown))
    for own in maps:
        own.explained.relevance[:, :620] = 0
        own.explained.relevance[:, 950:] = 0
    data = viewer_data(shown.record, list(maps_of(shown)), {"CRBBB": place(shown.record)})
    assert (data["begin"], data["samples"], data["total"]) == (6.0, 300, 10.0)
    assert unpack(data["signal"], 12, 300) == pytest.approx(shown.record.signal[:, 600:900], abs=0.0006)
    assert data["truth"]["CRBBB"] == [[]] * 12


def test_a_record_without_relevance_is_cut_at_its_start():
    assert stretch(explanation().record, [], 300) == (0, 300)


def test_a_slice_comes_through():
    shown = slice_explanation()
    data = viewer_data(shown.record, list(maps_of(shown)))
    assert (data["kind"], data["rows"], data["columns"], data["spacing"]) == ("slice", 24, 16, (1.0, 1.5))
    assert unpack(data["pixels"], 24, 16) == pytest.approx(shown.record.pixels, abs=0.001)
    assert np.sign(unpack(data["maps"][0]["relevance"], 24, 16)[[0, -1], 0]).tolist() == [-1, 1]
