from __future__ import annotations

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError
from pellucid.figures.sheet import Cell, sheet


def cells(pulses):
    record = pulses(seconds=4.0)
    relevance = np.linspace(-1, 1, record.signal.size).reshape(record.signal.shape)
    return [
        [
            Cell(record=record, relevance=relevance, caption="a"),
            Cell(record=record, relevance=abs(relevance), caption="b"),
        ],
        [Cell(record=record, truth=relevance > 0.5, caption="c")],
    ]


def test_each_cell_is_the_same_ecg_at_the_stated_size(pulses):
    figure = sheet(cells(pulses), size=0.4, title="methods")
    assert len(figure.axes) == 3
    for axes in figure.axes:
        (trace,) = (line for line in axes.lines if line.get_label() == "trace V1")
        drawn = trace.get_transform().transform(trace.get_xydata()) / figure.dpi * 25.4
        assert np.ptp(drawn[:, 0]) == pytest.approx(0.4 * 25 * 3.99)
        assert np.ptp(drawn[:, 1]) == pytest.approx(0.4 * 15)
    words = [text.get_text() for text in figure.texts]
    assert any("10 mm/s  ·  4 mm/mV" in text for text in words)
    assert {"a", "b", "c", "methods"} <= set(words)
    assert any(text.endswith("brackets: where the diagnosis shows") for text in words)
    assert not any("brackets" in text.get_text() for text in sheet(cells(pulses)[:1]).texts)


def test_cells_stand_in_rows_and_do_not_overlap(pulses):
    a, b, c = (axes.get_position() for axes in sheet(cells(pulses)).axes)
    assert a.y0 == pytest.approx(b.y0)
    assert a.x1 < b.x0
    assert c.y1 < a.y0
    assert c.x0 == pytest.approx(a.x0)
    assert c.y0 > 0


def test_each_map_has_its_own_bar(pulses):
    words = [[text.get_text() for text in axes.texts] for axes in sheet(cells(pulses)).axes]
    assert ["against" in said for said in words] == [True, False, False]
    assert ["strong" in said for said in words] == [False, True, False]


def test_nothing_and_too_small_are_refused(pulses):
    with pytest.raises(InvalidInputError, match="at least one cell"):
        sheet([[]])
    with pytest.raises(InvalidInputError, match=r"0\.1 to 1 of life; got 2"):
        sheet(cells(pulses), size=2)
