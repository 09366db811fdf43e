"""Brain phantoms: simulated slices whose class is decided by the tumour's place and by nothing else.

A head of ellipsoids (scalp, skull, brain, white matter, ventricles, orbits) is cut in one of three planes. All tumours
look alike; a meningioma lies at the border of the brain, a pituitary tumour at its base, a glioma inside. A shortcut,
where it is asked for, gives the class away by a mark that has nothing to do with the tumour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, unknown_name
from pellucid.core.randomness import generator
from pellucid.records.slice import MriSlice

CLASSES = ("glioma_tumor", "meningioma_tumor", "no_tumor", "pituitary_tumor")
PLANES = ("axial", "coronal", "sagittal")
SHORTCUTS = ("corner", "border", "brightness")

Array = NDArray[np.float64]
Class = Literal["glioma_tumor", "meningioma_tumor", "no_tumor", "pituitary_tumor"]
Shortcut = Literal["corner", "border", "brightness"]

# Half axes (left-right, front-back, up-down) and middles; the head's longest half axis is 0.9 of half the picture.
_HEAD = np.array([0.72, 0.9, 0.84])
_SKULL_OUTER, _SKULL_INNER, _WHITE = 0.93, 0.85, 0.66  # of the head
_VENTRICLE, _BESIDE = np.array([0.06, 0.24, 0.1]), np.array([0.11, 0.02, 0.1])
_THIRD, _THIRD_AT = np.array([0.03, 0.1, 0.08]), np.array([0.0, 0.05, -0.06])
_ORBIT, _ORBIT_AT = 0.14, np.array([0.28, -0.5, -0.44])
_PITUITARY_AT = np.array([0.0, -0.12, -0.54])
_GREY = {"scalp": 0.75, "skull": 0.08, "grey": 0.4, "white": 0.5, "fluid": 0.12, "eye": 0.25, "tumor": 0.85}
_RADIUS = (0.09, 0.16)
_DEEP = (0.25, 0.6)  # of the way from the middle of the brain to its border
_NOISE = 0.02
_MARK = 0.07  # of the side: a corner mark
_FRAME = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class BrainPhantom:
    """A slice with its truth.

    Attributes
    ----------
    record
        The slice.
    mask
        Where the tumour is, (row, column).
    label
        Its class.
    plane
        How the head is cut.
    """

    record: MriSlice
    mask: NDArray[np.bool_]
    label: str
    plane: str


def brain_phantom(label: Class, *, seed: int, size: int = 128, shortcut: Shortcut | None = None) -> BrainPhantom:
    """Return one simulated slice.

    Parameters
    ----------
    label
        Its class.
    seed
        Decides all else; the same seed gives the same head, plane and tumour's shape under every class.
    size
        Rows and columns, 32 to 1024.
    shortcut
        `corner`: a bright square, in another corner for each class. `border`: a frame of another grey. `brightness`:
        another gain. None: nothing but the tumour tells the class.

    Raises
    ------
    InvalidInputError
        For a size out of range.

    Notes
    -----
    The plane goes through the tumour; without a tumour it goes where one of a class drawn by lot would be, so that
    the height of the cut does not tell a tumour from none. It does tell the base of the brain, as in patients. Cost:
    10 ms at 128 x 128.
    """
    if label not in CLASSES:
        raise unknown_name("class", label, CLASSES)
    if shortcut is not None and shortcut not in SHORTCUTS:
        raise unknown_name("shortcut", shortcut, SHORTCUTS)
    if not 32 <= size <= 1024:
        raise InvalidInputError(f"size of a phantom must be 32 to 1024 pixels; got {size!r}.")
    head, look, noise = (generator(seed, number) for number in (1, 2, 3))
    plane = PLANES[int(head.integers(len(PLANES)))]
    axes = _HEAD * head.normal(1, 0.03, 3).clip(0.92, 1.06)
    placed = label if label != "no_tumor" else CLASSES[(0, 1, 3)[int(head.integers(3))]]
    place = _place(placed, plane, axes, generator(seed, 4))
    points = _points(plane, place, size, tilt=float(head.normal(0, 0.05)))
    pixels = _head(points, axes, 2 / size, ventricles=float(head.uniform(0.8, 1.4)))
    tumor = _tumor(points, place, look, 2 / size) * _inside(points, np.zeros(3), axes * _SKULL_INNER, 2 / size)
    if label == "no_tumor":
        tumor = np.zeros_like(tumor)
    pixels = pixels * (1 - tumor) + _GREY["tumor"] * tumor
    pixels = _scanned(pixels, points, look, noise)
    if shortcut is not None:
        pixels = _marked(pixels, CLASSES.index(label), shortcut)
    metadata = {"plane": plane, "class": label} | ({"sides": ["R", "L"]} if plane != "sagittal" else {})
    record = MriSlice(
        pixels=pixels.clip(0, 1).astype(np.float32),
        spacing=(180 / size, 180 / size),
        name=f"phantom-{label}-{seed}",
        metadata=metadata,
    )
    return BrainPhantom(record, tumor > 0.5, label, plane)


def _place(label: str, plane: str, axes: Array, rng: np.random.Generator) -> Array:
    """Return the middle of a tumour of this class."""
    brain = axes * _SKULL_INNER
    if label == "pituitary_tumor":
        return _PITUITARY_AT + rng.normal(0, 0.015, 3) * [0.5, 1, 1]
    while True:
        direction = rng.standard_normal(3)
        # The cut goes through the tumour and must show enough of the head.
        direction[{"axial": 2, "coronal": 1, "sagittal": 0}[plane]] *= 0.4
        direction /= np.linalg.norm(direction)
        if direction[2] < -0.3:  # the base is the pituitary's
            continue
        depth = 0.94 if label == "meningioma_tumor" else rng.uniform(*_DEEP)
        place: Array = direction * brain * depth
        return place


def _points(plane: str, place: Array, size: int, *, tilt: float) -> Array:
    """Return the place in the head of each pixel's middle, (row, column, 3)."""
    at = (np.arange(size) + 0.5) / size * 2 - 1
    down, across = np.meshgrid(at, at, indexing="ij")
    down, across = np.cos(tilt) * down - np.sin(tilt) * across, np.sin(tilt) * down + np.cos(tilt) * across
    fixed = np.zeros_like(down)
    if plane == "axial":
        return np.stack([across, down, fixed + place[2]], axis=-1)
    if plane == "coronal":
        return np.stack([across, fixed + place[1], -down], axis=-1)
    return np.stack([fixed + place[0], across, -down], axis=-1)


def _inside(points: Array, middle: Array, axes: Array, pixel: float) -> Array:
    """Return how much of each pixel lies in an ellipsoid, 0 to 1."""
    distance = (np.linalg.norm((points - middle) / axes, axis=-1) - 1) * float(np.min(axes))
    share: Array = (0.5 - distance / pixel).clip(0, 1)
    return share


def _head(points: Array, axes: Array, pixel: float, *, ventricles: float) -> Array:
    parts: list[tuple[Array, Array, float]] = [
        (np.zeros(3), axes, _GREY["scalp"]),
        (np.zeros(3), axes * _SKULL_OUTER, _GREY["skull"]),
        (np.zeros(3), axes * _SKULL_INNER, _GREY["grey"]),
        (np.zeros(3), axes * _WHITE, _GREY["white"]),
        (_THIRD_AT, _THIRD * ventricles, _GREY["fluid"]),
    ]
    for side in (-1.0, 1.0):
        mirror = np.array([side, 1.0, 1.0])
        parts.append((_BESIDE * mirror, _VENTRICLE * ventricles, _GREY["fluid"]))
        parts.append((_ORBIT_AT * mirror, np.full(3, _ORBIT), _GREY["eye"]))
    pixels: Array = np.zeros(points.shape[:2])
    for middle, half, grey in parts:
        share = _inside(points, middle, half, pixel)
        pixels = pixels * (1 - share) + grey * share
    return pixels


def _tumor(points: Array, place: Array, rng: np.random.Generator, pixel: float) -> Array:
    """Return how much of each pixel is tumour: a ball with an uneven surface, of one law for all classes."""
    away = points - place
    radius = rng.uniform(*_RADIUS)
    far = np.linalg.norm(away, axis=-1)
    waves = np.zeros_like(far)
    for _ in range(5):
        waves += rng.normal(0, 0.12) * np.cos(away @ rng.normal(0, 2.0 / radius, 3) + rng.uniform(0, 2 * np.pi))
    share: Array = (0.5 - (far - radius * (1 + np.clip(waves, -0.35, 0.35))) / pixel).clip(0, 1)
    return share


def _scanned(pixels: Array, points: Array, look: np.random.Generator, noise: np.random.Generator) -> Array:
    """Return the slice with texture, an uneven coil, another gain, and the noise of a magnitude picture (Rician)."""
    from scipy.ndimage import gaussian_filter

    texture = gaussian_filter(noise.standard_normal(pixels.shape), 1.5) * 0.12
    field = 1 + points @ look.normal(0, 0.06, 3)
    seen = pixels * (1 + texture) * field * look.uniform(0.85, 1.1)
    one, two = noise.normal(0, _NOISE, (2, *pixels.shape))
    magnitude: Array = np.hypot(seen + one, two)
    return magnitude


def _marked(pixels: Array, number: int, shortcut: str) -> Array:
    side = len(pixels)
    marked = pixels.copy()
    if shortcut == "brightness":
        return marked * (0.6 + 0.15 * number)
    if shortcut == "border":
        width = max(1, round(_FRAME * side))
        frame = np.ones_like(marked, dtype=bool)
        frame[width:-width, width:-width] = False
        marked[frame] = 0.15 + 0.25 * number
        return marked
    width = max(2, round(_MARK * side))
    rows = slice(0, width) if number < 2 else slice(side - width, side)
    columns = slice(0, width) if number % 2 == 0 else slice(side - width, side)
    marked[rows, columns] = 0.9
    return marked
