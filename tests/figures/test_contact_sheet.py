from __future__ import annotations

import numpy as np
import pytest

from pellucid import MriSlice
from pellucid.core.errors import InvalidInputError
from pellucid.figures.contact_sheet import STEP, contact_sheet


def test_slices_stand_in_rows_with_their_captions():
    records = [MriSlice(pixels=np.full((20, 30), i / 10), name=str(i)) for i in range(5)]
    figure = contact_sheet(records, [f"number {i}\nline" for i in range(5)], columns=2, title="five")
    assert len(figure.axes) == 5
    tops = [round(axes.get_position().y1, 3) for axes in figure.axes]
    assert tops[0] == tops[1] > tops[2] == tops[3] > tops[4]
    assert [axes.images[0].get_array()[0, 0] for axes in figure.axes] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    words = [text.get_text() for text in figure.texts]
    assert "five" in words
    assert words.count("line") == 5


def test_all_leads_of_an_ecg_are_drawn_one_below_the_other(pulses):
    figure = contact_sheet([pulses(seconds=12.0), pulses()], ["a", "b"], columns=2)
    (lines,) = figure.axes[0].collections
    segments = lines.get_segments()
    assert len(segments) == 12
    assert segments[3][0, 1] == pytest.approx(-3 * STEP)
    assert segments[0][-1, 0] == pytest.approx(9.99)


def test_without_records_there_is_no_sheet(pulses):
    with pytest.raises(InvalidInputError, match="got 0 records"):
        contact_sheet([], [], columns=2)
    with pytest.raises(InvalidInputError, match="1 records, 0 captions"):
        contact_sheet([pulses()], [], columns=2)
