from __future__ import annotations

import numpy as np
import pytest

from pellucid.figures.ecg_drawing import averaged, draw_seconds, draw_truth, stretches
from pellucid.figures.ecg_layout import lay_out
from pellucid.figures.ecg_paper import millimetres
from pellucid.figures.style import drawing, page


@pytest.mark.parametrize(("rate", "samples_a_bin"), [(100.0, 1), (250.0, 2), (500.0, 4), (1000.0, 8)])
def test_relevance_is_averaged_over_8_ms(rate, samples_a_bin):
    values = np.random.default_rng(0).normal(size=round(2 * rate))
    means, edges = averaged(values, rate)
    assert set(np.diff(edges)) == {samples_a_bin}
    assert means == pytest.approx(values.reshape(-1, samples_a_bin).mean(axis=1))


def test_averaging_keeps_the_sum_where_bins_are_uneven():
    values = np.arange(1.0, 258.0)
    means, edges = averaged(values, 257.0)
    assert (means * np.diff(edges)).sum() == pytest.approx(values.sum())


@pytest.mark.parametrize(("mask", "runs"), [("", []), ("0110001", [(1, 3), (6, 7)]), ("111", [(0, 3)]), ("000", [])])
def test_stretches_are_first_and_past_the_last(mask, runs):
    assert stretches(np.array([letter == "1" for letter in mask], dtype=bool)) == runs


def test_a_bracket_clears_the_trace_beside_it_too(pulses):
    record = pulses(up=2.0)  # a spike of 20 mm at sample 30
    place = lay_out(record, room_above=3.0)
    with drawing():
        axes = millimetres(page(place.width, place.height), place)
        truth = np.zeros(record.samples, dtype=bool)
        truth[33:50] = truth[60:70] = True
        draw_truth(axes, record, place.panels[0], truth)
    near, far = (path.vertices[:, 1].min() - place.lines[0] for path in axes.collections[0].get_paths())
    assert near == pytest.approx(20 + 1.2)
    assert far == pytest.approx(5.5 + 1.2)


def test_seconds_stand_under_the_paper_at_their_time(pulses):
    record = pulses(seconds=3.5)
    place = lay_out(record)
    with drawing():
        axes = millimetres(page(place.width, place.height), place)
        draw_seconds(axes, place, record)
    assert [text.get_text() for text in axes.texts] == ["0 s", "1", "2", "3"]
    start = place.panels[0].left
    assert [text.get_position()[0] - start for text in axes.texts] == [0, 25, 50, 75]
    assert all(text.get_position()[1] < place.paper[1] for text in axes.texts)
