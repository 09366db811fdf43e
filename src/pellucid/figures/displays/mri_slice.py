"""An MRI slice in a notebook, in its true proportions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pellucid.figures.brain import brain_slice
from pellucid.figures.embedded import embedded

if TYPE_CHECKING:
    from pellucid.records.slice import MriSlice


def mri_slice(mri: MriSlice) -> str:
    """Return the slice as HTML."""
    return embedded(brain_slice(mri), f"MRI slice {mri.name}", width="34em")
