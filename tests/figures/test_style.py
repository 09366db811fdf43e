from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from pellucid.core.errors import InvalidInputError
from pellucid.figures import style

# Machado, Oliveira, Fernandes 2009, severity 1.0: what protanopes, deuteranopes and tritanopes see (linear RGB).
DEFICIENCIES = {
    "protanopia": [(0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)],
    "deuteranopia": [(0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)],
    "tritanopia": [(1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)],
}


def lab(linear):
    """CIE L*a*b* of linear sRGB under D65, where a distance of 2.3 is just noticeable."""
    xyz = np.array([(0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)]) @ linear
    x, y, z = np.cbrt(np.clip(xyz / (0.9505, 1.0, 1.089), 0, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def seen(rgba, matrix):
    on_paper = rgba[:3] * rgba[3] + (1 - rgba[3])
    return lab(np.clip(np.array(matrix) @ on_paper**2.2, 0, 1))


def figure():
    with style.drawing():
        drawn = style.page(60.0, 40.0)
        drawn.text(0.1, 0.5, "$x$")
    return drawn


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_for_and_against_differ_for_every_kind_of_colour_vision(deficiency, strength):
    favour, against = style.tint([strength, -strength])
    matrix = DEFICIENCIES[deficiency]
    assert np.linalg.norm(seen(favour, matrix) - seen(against, matrix)) > 25


def test_tint_is_nothing_at_zero_and_grows_evenly_on_both_sides():
    rgba = style.tint([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, np.nan])
    assert rgba[:, 3] == pytest.approx([0.85, 0.85, 0.425, 0.0, 0.425, 0.85, 0.0])
    assert tuple(rgba[0, :3]) == to_rgb(style.AGAINST)
    assert tuple(rgba[5, :3]) == to_rgb(style.FOR)
    assert tuple(style.tint(0.3, kind="positive")[:3]) == to_rgb(style.STRENGTH)


def test_colour_maps_run_over_the_scale():
    signed, positive = style.colour_map("signed"), style.colour_map("positive")
    assert signed(0.5)[3] == pytest.approx(0.0, abs=0.01)
    assert signed(0.0)[:3] == to_rgb(style.AGAINST)
    assert positive(0.0)[3] == 0.0
    assert positive(1.0)[:3] == to_rgb(style.STRENGTH)


@pytest.mark.parametrize(
    ("suffix", "head"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF"), ("PNG", b"\x89PNG")]
)
def test_save_writes_by_suffix_and_the_same_bytes_again(tmp_path, suffix, head):
    first = style.save(figure(), tmp_path / f"a.{suffix}").read_bytes()
    assert first.startswith(head)
    assert style.save(figure(), tmp_path / f"b.{suffix}").read_bytes() == first
    assert b"Date" not in first


def test_save_refuses_other_suffixes(tmp_path):
    with pytest.raises(InvalidInputError, match=r"a\.gif must end in \.png, \.svg or \.pdf"):
        style.save(figure(), tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []


def test_svg_is_one_element_without_script_or_long_numbers():
    text = style.svg(figure())
    assert text.startswith("<svg")
    assert text.rstrip().endswith("</svg>")
    assert "<script" not in text
    assert "DOCTYPE" not in text


def test_the_users_own_settings_do_not_matter(tmp_path):
    import matplotlib as mpl

    plain = style.save(figure(), tmp_path / "a.png").read_bytes()
    with mpl.rc_context({"font.size": 20, "font.family": ["serif"], "savefig.bbox": "tight"}):
        assert style.save(figure(), tmp_path / "b.png").read_bytes() == plain
        assert mpl.rcParams["font.size"] == 20


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("a  b\nc", "a b c"), ("心电图 AF", "??? AF"), ("x" * 200, "x" * 119 + "…"), ("µV – °", "µV – °")],
)
def test_plain_keeps_what_the_type_can_draw(text, wanted):
    assert style.plain(text) == wanted
