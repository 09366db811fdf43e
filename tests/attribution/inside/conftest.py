"""Lets the tests of this folder import `zoo`, which stands beside it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
