from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pellucid import MriSlice, read
from pellucid.records.slice_quality import like_a_head, slice_findings
from pellucid.simulation.phantoms import CLASSES, brain_phantom


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
    (finding,) = [one for one in slice_findings(mri) if one.kind != "shape"]
    assert (finding.kind, finding.leads) == (kind, ())
    assert finding.text.startswith(text)


def test_under_one_in_a_hundred_real_slices_is_called_unlike_a_head(shared):
    folders = ("brain_tumor_mri", "dementia", "external_no_tumor", "tumor_masks")
    paths = [path for folder in folders for path in sorted((shared / "data" / folder).rglob("*.jpg"))[::4]]
    unlike = sum(bool({"border", "shape"} & {one.kind for one in slice_findings(read(path))}) for path in paths)
    assert len(paths) > 1000
    assert unlike / len(paths) < 0.01


def test_phantoms_are_like_heads():
    assert all(like_a_head(brain_phantom(CLASSES[seed % 4], seed=seed).record.pixels) for seed in range(12))


def lettered(white):
    """Lines of text, black on white or white on black."""
    picture = Image.new("L", (240, 200), 255 * white)
    for line in range(8):
        ImageDraw.Draw(picture).text((8, 6 + 22 * line), "Patient Report Normal", fill=255 * (1 - white), font_size=18)
    return np.asarray(picture, dtype=np.float32) / 255


@pytest.mark.parametrize(
    "pixels", [lettered(0), lettered(1), np.tile(np.linspace(0, 1, 90), (90, 1)), np.ones((80, 80))]
)
def test_text_and_patterns_are_not(pixels):
    assert not like_a_head(pixels.astype(np.float32))


PHOTOGRAPHS = (
    "astronaut", "brick", "camera", "cell", "chelsea", "chessboard_GRAY", "clock_motion", "coffee", "coins", "grass",
    "gravel", "horse", "ihc", "logo", "microaneurysms", "moon", "motorcycle_left", "page", "text",
)  # fmt: skip


def test_photographs_textures_and_screenshots_are_not():
    folder = Path(pytest.importorskip("skimage.data").__file__).parent
    files = [folder / f"{name}.png" for name in PHOTOGRAPHS]
    found = {file.stem: {one.kind for one in slice_findings(read(file))} for file in files if file.is_file()}
    assert len(found) >= 8
    assert [name for name, kinds in found.items() if "shape" not in kinds] == []


def test_what_to_do_is_said():
    (finding,) = slice_findings(MriSlice(pixels=lettered(0)))
    assert finding.kind == "shape"
    assert finding.text.startswith("This does not look like a slice through a head")
    assert finding.text.endswith("Leave it out, or cut out the slice itself.")
