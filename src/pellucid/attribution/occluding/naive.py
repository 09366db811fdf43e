"""The plain way: the whole module again for every window, some windows at once. Right for any module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from pellucid.attribution.occluding.fills import Fill
from pellucid.attribution.occluding.windows import Window
from pellucid.attribution.run import Run


def naive(run: Run, sample: int, windows: Sequence[Window], fill: Fill) -> Iterator[Tensor]:
    """Yield the logits of one sample with each window replaced, (window, logit), some windows at a time.

    Other inputs of the module stay as they are.
    """
    step = run.together()
    for first in range(0, len(windows), step):
        chunk = windows[first : first + step]
        rows = [tensor[sample].expand(len(chunk), *tensor.shape[1:]) for tensor in run.rows]
        rows[run.number] = replaced(run.rows[run.number][sample], chunk, fill)
        yield run.logits_at(tuple(rows), torch.full((len(chunk),), sample))


def replaced(row: Tensor, windows: Sequence[Window], fill: Fill) -> Tensor:
    """Return copies of an input, each with its window replaced, shape (window, *input)."""
    copies = row.repeat(len(windows), *(1,) * row.ndim)
    for copy, window in zip(copies, windows, strict=True):
        copy[window] = fill(window)
    return copies
