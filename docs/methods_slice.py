"""Writes a sheet of every method on one brain slice, the tumour's outline drawn.

python docs/methods_slice.py /data/brain_tumor_mri "Testing/glioma_tumor/image(59).jpg" methods_slice.png
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PIL import Image

import pellucid
from pellucid.datasets.catalog.brain_tumor import BrainTumor
from pellucid.figures.brain import brain_slice
from pellucid.figures.style import save

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS, DPI = 4, 55
SOURCE = "slice and outline: Cheng et al. 2015, PLoS ONE 10:e0140381, CC BY 4.0; network: tumour-three"


def main(folder: str, name: str, out: str) -> None:
    """Explain the class of the slice's folder by every method that makes sense for `tumour-three`."""
    slices = BrainTumor(folder, outlined=True)
    record, outline = slices.read(name), slices.mask(name)
    target = Path(name).parent.name
    found = pellucid.explain(record, pellucid.load("tumour-three"), methods="all", targets=target)
    pages = [
        brain_slice(
            record,
            found[method, target].relevance,
            outline=outline,
            kind=found[method, target].kind,
            title=f"{method}: {target}".replace("_", " "),
        )
        for method in found.methods
    ]
    with TemporaryDirectory() as kept:
        tiles = [_tile(page, kept) for page in pages]
    wide, high = (max(sizes) for sizes in zip(*(tile.size for tile in tiles), strict=True))
    whole = Image.new("RGB", (COLUMNS * wide, -(-len(tiles) // COLUMNS) * high), "white")
    for place, tile in enumerate(tiles):
        whole.paste(tile, (place % COLUMNS * wide, place // COLUMNS * high))
    whole.quantize(128).save(out, optimize=True)
    print(f"{out}; {SOURCE}")


def _tile(page: Figure, folder: str) -> Image.Image:
    with Image.open(save(page, Path(folder) / "tile.png", dpi=DPI)) as tile:
        return tile.convert("RGB")


if __name__ == "__main__":
    main(*sys.argv[1:])
