from __future__ import annotations

import numpy as np
import pytest

from pellucid.records.ecg import EcgRecord


@pytest.mark.parametrize(("seconds", "says"), [(2, "12 leads"), (12, "the first 10 s of 12")])
def test_a_record_shows_itself_in_a_notebook(seconds, says):
    html = EcgRecord(signal=np.zeros((12, 50 * seconds)), sampling_rate=50, name="<b>7</b>")._repr_html_()
    assert html.startswith("<figure")
    assert says in html
    assert "<b>" not in html
    assert "<script" not in html
