from __future__ import annotations

import numpy as np
import pytest

from pellucid.core.errors import InvalidInputError, UnknownNameError
from pellucid.datasets.audit import audit
from pellucid.datasets.dataset import dataset


def test_the_four_classes_in_turn_and_every_fold_alike():
    source = dataset("phantoms:80")
    assert source.labels.sum().tolist() == [20] * 4
    assert source.select(folds=[4]).labels.sum().tolist() == [2] * 4
    assert source.table["patient"].is_unique
    assert source.patients_known is True


def test_a_slice_knows_its_tumour():
    source = dataset("phantoms:4", size=64, seed=2)
    assert [source.read(i).metadata["class"] for i in range(4)] == list(source.classes)
    assert source.mask(2) is None
    assert source.mask(0).shape == source.read(0).shape == (64, 64)
    assert source.read(0).pixels[source.mask(0)].mean() > source.read(0).pixels.mean() + 0.3
    np.testing.assert_array_equal(source.read(1).pixels, dataset("phantoms:9", size=64, seed=2).read(1).pixels)


def test_the_audit_names_a_shortcut():
    def told(shortcut):
        return audit(dataset("phantoms:160", size=32, shortcut=shortcut)).confounds

    plain = told(None)
    assert plain["border"].accuracy < 0.45
    assert plain["brightness"].accuracy < 0.55
    for shortcut, group in {"corner": "border", "border": "border", "brightness": "brightness"}.items():
        marked = told(shortcut)[group]
        assert marked.accuracy > 0.65, shortcut
        assert marked.tells


def test_what_is_wrong_is_told():
    with pytest.raises(InvalidInputError, match=r"phantoms:N .* got 'many'"):
        dataset("phantoms:many")
    with pytest.raises(UnknownNameError, match="shortcut 'corners'"):
        dataset("phantoms:4", shortcut="corners")
    with pytest.raises(UnknownNameError, match="record 9 is not known"):
        dataset("phantoms:4").read(9)
