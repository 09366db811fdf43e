from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
import torch

import zoo
from pellucid.attribution.method import method
from pellucid.attribution.picture import drawn


def pictures(page):
    return [ET.fromstring(text) for text in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]


@pytest.mark.parametrize(("dim", "size"), [(1, (4, 24)), (2, (12, 12))])
def test_a_cell_is_drawn_for_each_sample_or_pixel(dim, size):
    answer = method("saliency", signed=True)(zoo.network("plain", dim), zoo.inputs(dim), target=1)
    (svg,) = pictures(drawn(answer))
    cells = [cell for cell in svg if cell.get("fill") != "none"]
    relevance = answer.relevance[0] if dim == 1 else answer.relevance[0].sum(0)
    by_place = {(int(cell.get("y")), int(cell.get("x"))): cell for cell in cells}
    strongest = divmod(int(relevance.abs().argmax()), size[1])
    assert max(by_place)[0] < size[0]
    assert float(by_place[strongest].get("fill-opacity")) == 1
    for place, cell in by_place.items():
        assert cell.get("fill") == ("#1c6fd6" if relevance[place] < 0 else "#e8680c")


def test_strength_without_a_sign_has_a_colour_of_its_own():
    page = drawn(method("saliency")(zoo.network("plain", 1), zoo.inputs(1), target=1))
    assert "#8a2fb0" in page
    assert "#e8680c" not in page


def test_a_long_record_is_reduced():
    answer = method("amplitude")(torch.nn.Flatten(), torch.rand(1, 12, 5000, generator=torch.Generator()), target=0)
    (svg,) = pictures(drawn(answer))
    assert svg.get("viewBox").split()[2:] == ["120.2", "12.2"]


def test_what_is_shown_is_said_without_script():
    page = drawn(method("integrated_gradients", steps=2)(zoo.network("plain", 1), zoo.inputs(1), target="all"))
    assert "the first of 9 maps is shown" in page
    assert "completeness gap" in page
    assert "misses the difference" in page
    assert "<script" not in page
    assert "currentColor" in page


def test_an_empty_map_is_an_empty_frame():
    page = drawn(
        method("saliency")(
            torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Hardtanh(-1e-9, 1e-9)), zoo.inputs(1), target=0
        )
    )
    (svg,) = pictures(page)
    assert [cell.get("fill") for cell in svg] == ["none"]
