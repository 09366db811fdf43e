"""Lets the tests of this folder import the oracles beside them, and `recordings` of the tape's tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "tape")]
