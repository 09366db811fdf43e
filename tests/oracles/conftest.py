"""Lets the tests of this folder import `zoo` and `occluded` of other folders, and zennit without torchvision."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS), str(TESTS / "attribution" / "occluding")]


@pytest.fixture(scope="session")
def zennit() -> ModuleType:
    """zennit, which imports two classes of torchvision only to recognise them; none is met here.

    The stand-in is taken away again: other packages ask whether torchvision is there.
    """
    names = ("torchvision", "torchvision.models", "torchvision.models.resnet")
    empty = {name: ModuleType(name) for name in names}
    for block in ("Bottleneck", "BasicBlock"):
        setattr(empty[names[-1]], block, type(block, (), {}))
    sys.modules.update(empty)
    try:
        return importlib.import_module("zennit")
    finally:
        for name in names:
            del sys.modules[name]
