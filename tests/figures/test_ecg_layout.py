from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError, UnknownNameError
from pellucid.figures.ecg_layout import FOOT, HEAD, LEFT, MARGIN, height_of, lay_out
from pellucid.records.ecg import EcgRecord


def gaps(place):
    return -np.diff(place.lines)


def test_ten_seconds_are_250_mm_and_the_paper_is_whole_squares(pulses):
    place = lay_out(pulses())
    left, bottom, right, top = place.paper
    assert (left, bottom) == (MARGIN, FOOT)
    assert right - left == LEFT + 250 + 5
    assert place.width == right + MARGIN
    assert place.height == top + HEAD
    assert (top - bottom) % 5 == 0
    assert all((top - line) % 5 == 0 for line in place.lines)


@pytest.mark.parametrize(
    ("up", "down", "gap"), [(0.1, 0.1, 15), (1.0, 0.5, 20), (2.0, 0.5, 30), (2.0, 0.51, 30), (2.0, 0.7, 35)]
)
def test_lines_lie_as_many_bold_lines_apart_as_the_leads_need(pulses, up, down, gap):
    # 10 mm a mV up and down, 2 mm of air on either side, never under 15 mm.
    assert set(gaps(lay_out(pulses(up, down)))) == {gap}


def test_only_the_tall_lead_gets_more_room(pulses):
    record = pulses(0.1, 0.1)
    signal = record.signal.copy()
    signal[6, 100] = 3.0
    place = lay_out(replace(record, signal=signal))
    assert list(gaps(place)) == [15] * 5 + [40] + [15] * 5  # 30 mm of V1, 5.5 mm of aVF's band, 2 mm of air


def test_no_two_leads_meet_whatever_they_do():
    signal = np.random.default_rng(3).normal(scale=0.8, size=(12, 500))
    record = EcgRecord(signal=signal, sampling_rate=100)
    for layout in ("12x1", "6x2", "3x4"):
        place = lay_out(record, layout)
        reach = {}
        for panel in place.panels:
            heights = height_of(signal[panel.lead, panel.first : panel.last], panel)
            low, high = reach.get(panel.row, (np.inf, -np.inf))
            reach[panel.row] = min(low, heights.min()), max(high, heights.max())
        assert all(reach[row][0] > reach[row + 1][1] for row in range(len(reach) - 1))
        assert reach[len(reach) - 1][0] > place.paper[1]


def test_a_lead_far_off_is_cut_at_40_mm_and_named(pulses):
    place = lay_out(pulses(up=9.0))
    panel = place.panels[0]
    assert height_of(np.array([9.0, -9.0, 0.0]), panel) - panel.line == pytest.approx([40, -40, 0])
    assert place.clipped == pulses().leads
    assert lay_out(pulses(up=3.9)).clipped == ()


def test_a_lead_with_an_offset_is_drawn_around_its_median(pulses):
    record = pulses()
    place = lay_out(replace(record, signal=record.signal + np.where(np.arange(12) == 4, 3.0, 0.2)[:, None]))
    assert place.shifted == ("aVL",)
    assert [panel.zero for panel in place.panels[3:6]] == pytest.approx([0, 3.0, 0])


def test_six_rows_of_two_show_half_the_time_each(pulses):
    place = lay_out(pulses(), "6x2")
    assert [panel.name for panel in place.panels if panel.row == 0] == ["I", "V1"]
    first, second = (panel for panel in place.panels if panel.row == 0)
    assert (first.first, first.last, second.first, second.last) == (0, 500, 500, 1000)
    assert second.left - first.left == 125


def test_three_rows_of_four_have_a_rhythm_strip_of_lead_two(pulses):
    place = lay_out(pulses(), "3x4")
    assert [[panel.name for panel in place.panels if panel.row == row] for row in range(4)] == [
        ["I", "aVR", "V1", "V4"], ["II", "aVL", "V2", "V5"], ["III", "aVF", "V3", "V6"], ["II"],
    ]  # fmt: skip
    strip = place.panels[-1]
    assert (strip.strip, strip.first, strip.last) == (True, 0, 1000)
    assert [panel.left - strip.left for panel in place.panels[:12:3]] == [0, 62.5, 125, 187.5]


@pytest.mark.parametrize(
    ("leads", "layout", "rows"), [(("II",), "3x4", 2), (("V1", "V2", "V3"), "6x2", 2), (("MLII", "V5"), "12x1", 2)]
)
def test_fewer_leads_make_fewer_rows(pulses, leads, layout, rows):
    place = lay_out(pulses(leads=leads), layout)
    assert len(place.lines) == rows
    assert {panel.name for panel in place.panels} == set(leads)


def test_room_above_is_added_to_every_lead(pulses):
    assert set(gaps(lay_out(pulses(1.0, 0.4), room_above=0.0))) == {20}  # 10 + 4 + 2 + 2 = 18
    assert set(gaps(lay_out(pulses(1.0, 0.4), room_above=3.0))) == {25}


def test_missing_samples_take_no_room(pulses):
    record = pulses(0.1, 0.1)
    signal = record.signal.copy()
    signal[2] = np.nan
    assert set(gaps(lay_out(replace(record, signal=signal)))) == {15}


def test_what_has_no_place_is_refused(pulses):
    with pytest.raises(
        UnknownNameError, match=r"layout '12x2' is not known; known: 12x1, 6x2, 3x4\. Did you mean '12x1'"
    ):
        lay_out(pulses(), "12x2")
    with pytest.raises(
        InvalidInputError, match=r"at most 120 s to fit on one page; got 121 s\. Draw a part of it: record\.cut"
    ):
        lay_out(pulses(seconds=121))
