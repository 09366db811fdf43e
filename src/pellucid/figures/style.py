"""How every figure looks: colours, type, and how it is written. Light paper, matplotlib's own DejaVu, no pyplot.

The colours of relevance are two hues, orange and blue, that people with any common colour-vision deficiency
tell apart, and opacity: nothing is drawn where relevance is zero, so that paper, grid and grey values stay visible.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font

from pellucid.core.errors import InvalidInputError
from pellucid.core.files import written_whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MM = 1 / 25.4  # inches in a millimetre
POINT = 72 * MM  # points in a millimetre: line widths and type sizes

INK = "#15181d"
MUTED = "#5d6570"
RULE = "#d5d9df"
PAPER = "#ffffff"
GRID_FINE = "#f6e3df"
GRID_BOLD = "#ecc5bd"
FOR = "#e8680c"
AGAINST = "#1c6fd6"
STRENGTH = "#8a2fb0"
TRUTH = "#0b6e4f"
SERIES = ("#1c6fd6", "#e8680c", "#0b6e4f", "#8a2fb0", "#b3870a", "#4a5260")
OPACITY = 0.85  # of the strongest relevance

RESEARCH_USE = "Research use only, not a diagnosis."
DPI = 150
FORMATS = ("png", "svg", "pdf")
PNG_EFFORT = 3  # a quarter larger than the usual 6, in a third of the time
_COORDINATES = re.compile(r'(?<= d=")[^"]+')
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")

_RC: Any = {
    "font.family": ["DejaVu Sans"],
    "font.size": 8.0,
    "text.color": INK,
    "text.parse_math": False,  # names come from strangers: a dollar sign is a dollar sign
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.0,
    "axes.titlelocation": "left",
    "axes.labelsize": 8.0,
    "axes.grid": False,
    "axes.unicode_minus": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 7.0,
    "figure.facecolor": PAPER,
    "savefig.facecolor": "auto",
    "savefig.bbox": None,
    "savefig.pad_inches": 0.0,
    "path.simplify": True,
    "path.simplify_threshold": 1 / 9,
    "svg.fonttype": "path",
    "svg.hashsalt": "pellucid",
    "pdf.fonttype": 42,
    "pdf.compression": 6,
}
_METADATA: dict[str, dict[str, str | None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": "pellucid"},
    "pdf": {"CreationDate": None, "Creator": "pellucid", "Producer": "pellucid"},
}
# matplotlib's settings belong to the process; a service draws from several threads.
_lock = threading.RLock()


@contextmanager
def drawing() -> Iterator[None]:
    """Hold the project's settings inside the block, whatever the user's own matplotlib is set to."""
    with _lock, mpl.rc_context(_RC):
        yield


def page(width: float, height: float) -> Figure:
    """Return an empty figure of this size in mm; call it inside `drawing()`."""
    return Figure(figsize=(width * MM, height * MM), dpi=DPI, facecolor=PAPER)


def save(figure: Figure, path: Path | str, *, dpi: float = DPI) -> Path:
    """Write a figure as PNG, SVG or PDF, chosen by the suffix; the same figure gives the same bytes.

    Raises
    ------
    InvalidInputError
        For another suffix.
    """
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise InvalidInputError(
            f"picture {path.name} must end in .png, .svg or .pdf; got {path.suffix or 'no suffix'!r}."
        )
    with written_whole(path) as temporary, drawing():
        options: dict[str, Any] = {"pil_kwargs": {"compress_level": PNG_EFFORT}} if kind == "png" else {}
        figure.savefig(temporary, format=kind, dpi=dpi, metadata=_METADATA[kind], **options)
    return path


def svg(figure: Figure) -> str:
    """Return a figure as an `<svg>` element for a web page: no XML head, no script, coordinates to 1/100 point."""
    stream = io.StringIO()
    with drawing():
        figure.savefig(stream, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = stream.getvalue()
    return _COORDINATES.sub(lambda path: _LONG_NUMBER.sub(_shorter, path[0]), text[text.index("<svg") :])


def _shorter(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap())


def plain(text: str, *, longest: int = 120) -> str:
    """Return a stranger's text as the bundled type can draw it: one line, cut to `longest`, unknown letters as `?`."""
    line = " ".join(str(text).split())
    line = "".join(letter if ord(letter) in _glyphs() else "?" for letter in line)
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def tint(values: ArrayLike, *, kind: str = "signed") -> NDArray[np.float64]:
    """Return the colours of relevance as (…, 4) RGBA in 0..1.

    Parameters
    ----------
    values
        Relevance divided by the scale's limit; cut to -1..1.
    kind
        "signed": orange speaks for the class, blue against it; "positive": violet, by strength.
    """
    strength = np.clip(np.nan_to_num(np.asarray(values, dtype=np.float64)), -1.0, 1.0)
    rgba = np.empty((*strength.shape, 4))
    above = to_rgb(FOR if kind == "signed" else STRENGTH)
    rgba[..., :3] = np.where((strength >= 0)[..., None], above, to_rgb(AGAINST))
    rgba[..., 3] = OPACITY * np.abs(strength)
    return rgba


def colour_map(kind: str) -> ListedColormap:
    """Return `tint` as a matplotlib colour map: over -1..1 when signed, over 0..1 when positive."""
    low = -1.0 if kind == "signed" else 0.0
    return ListedColormap(tint(np.linspace(low, 1.0, 511), kind=kind), name=f"pellucid_{kind}")
