from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version

import numpy as np

from pellucid.core.provenance import array_hash, text_hash, versions


def test_versions_of_what_is_installed():
    found = versions(["numpy", "no-such-package-at-all"])
    assert found == {"python": platform.python_version(), "numpy": version("numpy")}
    assert {"python", "pellucid", "torch", "numpy", "scipy"} == set(versions())


def test_an_array_is_known_by_type_shape_and_bytes():
    array = np.arange(6, dtype=np.float32)
    assert array_hash(array) == hashlib.sha256(b"<f4(6,)" + array.tobytes()).hexdigest()
    others = [array.astype(np.float64), array.reshape(2, 3), array + 1]
    assert len({array_hash(one) for one in (array, *others)}) == 4


def test_the_layout_in_memory_does_not_matter():
    array = np.arange(12).reshape(3, 4)
    assert array_hash(array.T) == array_hash(np.ascontiguousarray(array.T))


def test_lines_of_text():
    assert text_hash(["a", "b"]) == hashlib.sha256(b"a\nb\n").hexdigest()
    assert text_hash(["a", "b"]) != text_hash(["ab"])
