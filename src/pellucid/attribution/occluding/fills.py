"""What a window is replaced with."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from pellucid.attribution import baseline
from pellucid.attribution.baseline import Baseline, starting
from pellucid.attribution.occluding.windows import Window
from pellucid.attribution.run import Run
from pellucid.core.errors import InvalidInputError, SettingError, unknown_name
from pellucid.core.provenance import array_hash
from pellucid.core.randomness import generator

Fill = Callable[[Window], Tensor]
_OWN = ("interpolation", "noise")
_STREAM = 2  # of a seed: other methods that draw for a sample take other numbers


def checked(value: Baseline) -> None:
    """Refuse a setting that names nothing to replace a window with.

    Raises
    ------
    SettingError
        With the known names.
    """
    if isinstance(value, str) and value not in (*baseline.NAMES, *_OWN):
        names = (*baseline.NAMES, *_OWN)
        raise SettingError(str(unknown_name("baseline", value, names, remedy="Or a number, or a tensor at the call.")))
    if not isinstance(value, str):
        baseline.checked(value)


def fills(run: Run, setting: Baseline, seed: int) -> list[Fill]:
    """Return, for each sample of the run, what a window of it is replaced with.

    Parameters
    ----------
    setting
        What `baseline.reference` knows; "interpolation", the straight line from the sample before the window to the
        one after it, or the only one that there is; "noise", Gaussian of the mean and variance of each channel.
        A tensor at the call goes before it.
    seed
        Of the noise, which follows from it and the sample's own values.
    """
    rows, given = run.rows[run.number], run.option("baseline") is not None
    if setting == "interpolation" and not given:
        if rows.ndim != 3:
            raise InvalidInputError(
                f"baseline 'interpolation' draws a line along one axis; got inputs of the shape {tuple(rows.shape)}. "
                "For images: 'mean' or 'blurred'."
            )
        return [_line(row) for row in rows]
    if setting == "noise" and not given:
        starts = torch.stack([_noise(row, seed, run.number) for row in rows])
    else:
        starts = starting(run, setting, run.number)
    return [start.__getitem__ for start in starts]


def _line(row: Tensor) -> Fill:
    def fill(window: Window) -> Tensor:
        channels, span = window
        before, after = row[channels, max(0, span.start - 1)], row[channels, min(row.shape[-1] - 1, span.stop)]
        if span.start == 0 and span.stop == row.shape[-1]:
            raise InvalidInputError("baseline 'interpolation' needs a sample beside the window; it covers all of them.")
        if span.start == 0:
            before = after
        elif span.stop == row.shape[-1]:
            after = before
        width = span.stop - span.start
        share = torch.arange(1, width + 1, dtype=row.dtype, device=row.device) / (width + 1)
        return torch.lerp(before[:, None], after[:, None], share)

    return fill


def _noise(row: Tensor, seed: int, number: int) -> Tensor:
    content = int(array_hash(row.detach().cpu().float().numpy())[:16], 16)
    drawn = torch.from_numpy(generator(seed, content, number, _STREAM).standard_normal(tuple(row.shape))).to(row)
    if row.ndim == 1:  # features have no spread of their own
        return row.mean() + row.std(correction=0) * drawn
    flat = row.flatten(1)
    shape = (-1, *(1,) * (row.ndim - 1))
    return flat.mean(1).reshape(shape) + flat.std(1, correction=0).reshape(shape) * drawn
