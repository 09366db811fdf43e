from __future__ import annotations

from xml.etree import ElementTree as ET

from pellucid.figures.embedded import embedded
from pellucid.figures.style import drawing, page


def test_a_figure_is_well_formed_labelled_and_on_its_own_ground():
    with drawing():
        html = embedded(page(30, 20), 'ECG <of> "x"', width="34em")
    figure = ET.fromstring(html)
    assert figure.tag == "figure"
    assert "background:#fff" in figure.get("style")
    assert "max-width:34em" in figure.get("style")
    (picture,) = figure
    assert (picture.get("role"), picture.get("aria-label")) == ("img", 'ECG <of> "x"')
    assert "<script" not in html
