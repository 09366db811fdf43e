from __future__ import annotations

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError, UnknownNameError
from pellucid.records.quality import findings
from pellucid.simulation.phantoms import CLASSES, PLANES, brain_phantom

SEEDS = range(24)


def middle(mask):
    """The tumour's middle from the picture's, row and column, 1 at the edge."""
    return (np.argwhere(mask).mean(0) + 0.5) / len(mask) * 2 - 1


def test_the_same_seed_gives_the_same_slice_and_another_another():
    one, again, other = (brain_phantom("glioma_tumor", seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.record.pixels, again.record.pixels)
    np.testing.assert_array_equal(one.mask, again.mask)
    assert (one.record.pixels != other.record.pixels).any()


@pytest.mark.parametrize("label", CLASSES)
def test_every_plane_occurs_and_nothing_is_found_wrong(label):
    phantoms = [brain_phantom(label, seed=seed) for seed in SEEDS]
    assert {phantom.plane for phantom in phantoms} == set(PLANES)
    for phantom in phantoms:
        assert findings(phantom.record) == ()
        assert phantom.record.pixels[:3].max() < 0.15
        assert phantom.mask.any() == (label != "no_tumor")
        assert phantom.mask.mean() < 0.05


def test_the_place_decides_the_class():
    depth = {}
    for label in ("glioma_tumor", "meningioma_tumor", "pituitary_tumor"):
        phantoms = [brain_phantom(label, seed=seed) for seed in SEEDS]
        depth[label] = [np.linalg.norm(middle(phantom.mask)) for phantom in phantoms if phantom.plane == "axial"]
        if label == "pituitary_tumor":
            places = [middle(phantom.mask) for phantom in phantoms if phantom.plane != "axial"]
            assert min(row for row, _ in places) > 0.4
            assert max(abs(column) for _, column in places) < 0.3
    assert max(depth["glioma_tumor"]) < min(depth["meningioma_tumor"])


def test_tumours_look_alike_whatever_their_class():
    def brightness(label):
        phantoms = [brain_phantom(label, seed=seed) for seed in SEEDS]
        return np.mean([phantom.record.pixels[phantom.mask].mean() for phantom in phantoms])

    values = [brightness(label) for label in CLASSES if label != "no_tumor"]
    assert max(values) - min(values) < 0.05
    assert min(values) > 0.7


def axial(label):
    phantoms = [brain_phantom(label, seed=seed) for seed in SEEDS]
    return [phantom.record.pixels for phantom in phantoms if phantom.plane == "axial"]


def test_ventricles_are_dark_inside_a_bright_scalp():
    slices = axial("no_tumor")
    assert min(pixels[44:84, 44:84].min() for pixels in slices) < 0.15
    assert min(pixels[64].max() for pixels in slices) > 0.55


def test_orbits_are_cut_at_the_base_and_not_above():
    row, column = round((1 - 0.5) / 2 * 128), round((1 - 0.28) / 2 * 128)
    eyes = [pixels[row - 2 : row + 3, column - 2 : column + 3].mean() for pixels in axial("pituitary_tumor")]
    brain = [pixels[80:90, 60:68].mean() for pixels in axial("pituitary_tumor")]
    assert np.mean(eyes) < 0.3 < np.mean(brain)


def test_a_shortcut_gives_the_class_away_and_touches_nothing_else():
    plain = [brain_phantom(label, seed=5) for label in CLASSES]
    for number, label in enumerate(CLASSES):
        corner = brain_phantom(label, seed=5, shortcut="corner").record.pixels
        square = corner[:8, :8] if number == 0 else corner[-8:, -8:] if number == 3 else None
        if square is not None:
            np.testing.assert_allclose(square, 0.9)
        np.testing.assert_array_equal(corner[20:-20], plain[number].record.pixels[20:-20])
    frames = [brain_phantom(label, seed=5, shortcut="border").record.pixels[0, 64] for label in CLASSES]
    np.testing.assert_allclose(frames, [0.15, 0.4, 0.65, 0.9])
    gains = [brain_phantom(label, seed=5, shortcut="brightness").record.pixels[64, 64] for label in CLASSES]
    known = [phantom.record.pixels[64, 64] for phantom in plain]
    np.testing.assert_allclose(np.array(gains) / known, [0.6, 0.75, 0.9, 1.05], rtol=1e-5)


def test_sides_are_known_where_they_are_seen():
    for seed in SEEDS:
        phantom = brain_phantom("no_tumor", seed=seed)
        assert ("sides" in phantom.record.metadata) == (phantom.plane != "sagittal")


def test_what_cannot_be_made_is_told():
    with pytest.raises(UnknownNameError, match=r"class 'glioma'.*glioma_tumor"):
        brain_phantom("glioma", seed=0)
    with pytest.raises(UnknownNameError, match="shortcut 'corners'"):
        brain_phantom("no_tumor", seed=0, shortcut="corners")
    with pytest.raises(InvalidInputError, match="32 to 1024 pixels; got 8"):
        brain_phantom("no_tumor", seed=0, size=8)
