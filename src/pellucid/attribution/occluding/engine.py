"""The logits of inputs with a window replaced, recomputed only where the window reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from pellucid.attribution.occluding.fills import Fill
from pellucid.attribution.occluding.naive import replaced
from pellucid.attribution.occluding.plan import Chunk, Plan, Unfit
from pellucid.attribution.occluding.planning import planned
from pellucid.attribution.occluding.slabs import LAST, Rows
from pellucid.attribution.occluding.windows import Window
from pellucid.attribution.run import Run
from pellucid.attribution.tape.recording import Recorded


class Engine:
    """The windows of one sample, ready to be run.

    Parameters
    ----------
    checked
        Number of the window whose logits are also found in the plain way.

    Attributes
    ----------
    clean, plain
        The logits without a window and with the checked one, by the module itself, shape (logit,).

    Raises
    ------
    Unfit
        Where the engine cannot follow the module.
    """

    def __init__(self, run: Run, sample: int, windows: Sequence[Window], fill: Fill, checked: int) -> None:
        self._windows, self._fill = windows, fill
        self._row = run.rows[run.number][sample]
        twice = torch.full((2,), sample)
        rows = [tensor[twice] for tensor in run.rows]
        rows[run.number][1] = replaced(self._row, windows[checked : checked + 1], fill)[0]
        recorded = Recorded(run.question, tuple(rows), run.question.arguments_for(run.samples[twice]))
        self.clean, self.plain = recorded.logits
        spans = [_spans(window) for window in windows]
        starts = np.array([[span.start for span in pair] for pair in spans], dtype=np.int64)
        self._widths = tuple(max(span.stop - span.start for span in pair) for pair in zip(*spans, strict=True))
        channels = self._row.shape[0]
        self._channels = [w[0].start if w[0].stop - w[0].start < channels else None for w in windows]
        apart = any(channel is not None for channel in self._channels)
        self.plan = planned(recorded.tape, run.number, starts, self._widths, apart=apart)

    def logits(self, most: int) -> Iterator[Tensor]:
        """Yield the logits of the windows, (window, logit), at most so many at a time."""
        for rows in self._chunks(most):
            channel = self._channels[rows[0]]
            chunk = Chunk(self.plan, rows, channel)
            chunk.states[self.plan.source] = self._changes(rows)
            yield self.plan.run(chunk)

    def _chunks(self, most: int) -> Iterator[Rows]:
        first = 0
        while first < len(self._windows):
            last = first + 1
            while last < min(first + most, len(self._windows)) and self._channels[last] == self._channels[first]:
                last += 1
            yield np.arange(first, last)
            first = last

    def _changes(self, rows: Rows) -> Tensor:
        """Return what replacing some windows changes in the input, (window, channel, height, width)."""
        channels = self._windows[rows[0]][0]
        shape = (len(rows), channels.stop - channels.start, *self._widths)
        changes = torch.zeros(shape, dtype=self._row.dtype, device=self._row.device).to(memory_format=LAST)
        for change, row in zip(changes, rows, strict=True):
            window = self._windows[row]
            found = self._fill(window) - self._row[window]
            found = found if found.ndim == 3 else found[:, None]
            change[:, : found.shape[1], : found.shape[2]] = found
        return changes


def _spans(window: Window) -> tuple[slice, slice]:
    if not 2 <= len(window) <= 3:
        raise Unfit("the input has no axes in space or time, or more than two")
    *_, height, width = (slice(0, 1), *window[1:])
    return height, width


__all__ = ["Engine", "Plan"]
