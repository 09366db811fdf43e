from __future__ import annotations

import numpy as np
import pytest

from pellucid import MriSlice, read
from pellucid.records.slice_quality import slice_findings


def head(side=128, *, inside=0.8, outside=0.0):
    """A bright disc on a dark ground."""
    rows, columns = np.ogrid[:side, :side]
    disc = (rows - side / 2) ** 2 + (columns - side / 2) ** 2 < (0.4 * side) ** 2
    return MriSlice(pixels=np.where(disc, inside, outside))


def test_a_bright_disc_on_black_is_like_a_head():
    assert list(slice_findings(head())) == []


@pytest.mark.parametrize(
    ("mri", "kind", "text"),
    [
        (head(50), "small", "The slice is small: 50 x 50 pixels; networks expect 150 or more."),
        (head(inside=0.2), "contrast", "The slice uses 20% of the range from black to white."),
        (head(inside=0.1, outside=0.9), "border", "The border is not dark (grey value 0.90 of 1): this may be"),
    ],
)
def test_what_is_unlike_a_head(mri, kind, text):
    (finding,) = slice_findings(mri)
    assert (finding.kind, finding.leads) == (kind, ())
    assert finding.text.startswith(text)


def test_most_real_slices_are_clean(shared):
    folders = ("brain_tumor_mri/Testing/glioma_tumor", "dementia/test/MildDemented", "external_no_tumor")
    paths = [path for folder in folders for path in sorted((shared / "data" / folder).glob("*.jpg"))[:15]]
    assert sum(bool(list(slice_findings(read(path)))) for path in paths) <= 1
