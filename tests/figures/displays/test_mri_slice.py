from __future__ import annotations

import numpy as np

from pellucid.records.slice import MriSlice


def test_a_slice_shows_itself_in_a_notebook():
    html = MriSlice(pixels=np.eye(8), name="head")._repr_html_()
    assert html.startswith("<figure")
    assert 'aria-label="MRI slice head"' in html
    assert "data:image/png;base64" in html
    assert "<script" not in html
