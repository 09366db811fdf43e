"""The logits of inputs with a window replaced, recomputed only where the window reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from pellucid.attribution.occluding.fills import Fill
from pellucid.attribution.occluding.naive import replaced
from pellucid.attribution.occluding.plan import Chunk
from pellucid.attribution.occluding.planning import Planner
from pellucid.attribution.occluding.record import Record, Unfit
from pellucid.attribution.occluding.region import Cells, Region, covering
from pellucid.attribution.occluding.slabs import LAST, Rows
from pellucid.attribution.occluding.tiles import tiled
from pellucid.attribution.occluding.windows import Window
from pellucid.attribution.run import Run
from pellucid.attribution.tape.recording import Recorded


class Engine:
    """One sample and its windows.

    Parameters
    ----------
    checked
        Number of the window that is also replaced in the plain way.

    Attributes
    ----------
    clean, plain
        The logits of the input, and with the checked window replaced, by the module itself; shape (logit,).

    Raises
    ------
    Unfit
        Where the engine cannot follow the module.
    """

    def __init__(self, run: Run, sample: int, windows: Sequence[Window], fill: Fill, checked: int) -> None:
        self._windows, self._fill, self._row = windows, fill, run.rows[run.number][sample]
        if not 2 <= self._row.ndim <= 3:
            raise Unfit("the input has no axes in space or time, or more than two")
        twice = torch.full((2,), sample)
        rows = [tensor[twice] for tensor in run.rows]
        rows[run.number][1] = replaced(self._row, windows[checked : checked + 1], fill)[0]
        self._recorded = Recorded(run.question, tuple(rows), run.question.arguments_for(run.samples[twice]))
        try:
            self.clean, self.plain = self._recorded.logits
            if torch.finfo(self.clean.dtype).bits < 32:
                raise Unfit(f"logits of {self.clean.dtype} are too coarse to be checked")
            self._planner = Planner(Record(self._recorded.tape, self._recorded.tape.inputs[run.number]))
        except BaseException:
            self._recorded.forget()
            raise

    def logits(self, most: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield numbers of windows, (window,), and their logits, (window, logit), at most so many at once.

        Afterwards the record is let go of, whether all were taken or not: an engine is asked once.
        """
        try:
            yield from self._logits(most)
        finally:
            self._recorded.forget()

    def _logits(self, most: int) -> Iterator[tuple[Tensor, Tensor]]:
        *_, height, width = (1, *self._row.shape[1:])
        for tile in tiled(self._windows, len(self._row)):
            region = covering(tile.starts, tile.ends, (height, width))
            plan = self._planner.planned(region, apart=None not in tile.windows)
            for channel, numbers in tile.windows.items():
                for first in range(0, len(numbers), most):
                    rows = np.arange(first, min(first + most, len(numbers)))
                    chunk = Chunk(plan, rows, channel)
                    chunk.states[self._planner.source] = self._changes(numbers[rows], region, rows)
                    yield torch.from_numpy(numbers[rows]), plan.run(chunk)

    def _changes(self, numbers: Cells, region: Region, rows: Rows) -> Tensor:
        """Return what replacing windows changes in the input, (window, channel, height, width)."""
        channels = self._windows[numbers[0]][0]
        shape = (len(numbers), channels.stop - channels.start, *region.widths)
        changes = torch.zeros(shape, dtype=self._row.dtype, device=self._row.device).to(memory_format=LAST)
        for change, number, (top, left) in zip(changes, numbers, region.starts[rows].tolist(), strict=True):
            window = self._windows[number]
            _, y, x = window if len(window) == 3 else (window[0], slice(0, 1), window[1])
            found = self._fill(window) - self._row[window]
            found = found if found.ndim == 3 else found[:, None]
            change[:, y.start - top : y.stop - top, x.start - left : x.stop - left] = found
        return changes
