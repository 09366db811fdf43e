"""The reference input that stands for "nothing": what a method compares with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pellucid.attribution.finite import all_finite
from pellucid.core.errors import InvalidInputError, SettingError, unknown_name

if TYPE_CHECKING:
    from pellucid.attribution.run import Run

Baseline = str | float
NAMES = ("zero", "mean", "median", "blurred")
_BLUR = 0.02  # of an axis: 0.2 s of ten
_REACH = 4.0  # standard deviations at which a Gaussian is cut


def checked(value: Baseline) -> None:
    """Refuse a baseline setting that is none.

    Raises
    ------
    SettingError
        With the known names.
    """
    if isinstance(value, str):
        if value not in NAMES:
            raise SettingError(
                str(unknown_name("baseline", value, NAMES, remedy="Or a number, or a tensor at the call."))
            )
    elif isinstance(value, bool) or not math.isfinite(value):
        raise SettingError(f"baseline must be a finite number or one of {', '.join(NAMES)}; got {value!r}.")


def reference(value: Baseline, inputs: Tensor) -> Tensor:
    """Return the reference for `inputs`, shape (batch, *input), of the same shape.

    Parameters
    ----------
    value
        "zero" (0 mV is the isoelectric line); a number (for images the normalised black, which is not zero);
        "mean" or "median" of each channel of each sample; "blurred" by a Gaussian of 2 % of each axis in space or time.
    """
    if isinstance(value, int | float):
        return torch.full_like(inputs, float(value))
    if value == "zero":
        return torch.zeros_like(inputs)
    if value == "blurred":
        return blurred(inputs, [max(1.0, _BLUR * size) for size in inputs.shape[2:]])
    flat = inputs.flatten(min(2, inputs.ndim - 1))
    middle = flat.mean(-1) if value == "mean" else median(flat)
    return middle.reshape(middle.shape + (1,) * (inputs.ndim - middle.ndim)).expand_as(inputs).clone()


def median(values: Tensor) -> Tensor:
    """Return the median over the last axis, the mean of the middle two where their number is even."""
    ordered = values.sort(-1).values
    size = values.shape[-1]
    return (ordered[..., (size - 1) // 2] + ordered[..., size // 2]) / 2


def starting(run: Run, setting: Baseline, number: int) -> Tensor:
    """Return the reference for one of a run's inputs, (batch, *input): given at the call, or by the setting.

    Raises
    ------
    InvalidInputError
        For a tensor that does not fit, for another number of them than the module has inputs, and for "blurred" where
        no input has space or time: it would be the input itself.
    """
    tensors, rows = run.option("baseline"), run.rows[number]
    if tensors is None:
        if setting == "blurred" and all(part.shape[2:].numel() == 1 for part in run.rows):
            raise InvalidInputError(
                "baseline='blurred' must have an axis in space or time to blur along, (batch, channel, time); got an "
                f"input of the shape {tuple(rows.shape)}. Take 'zero', 'mean', a number, or a tensor at the call."
            )
        return reference(setting, rows)
    tensors = tuple(tensors) if isinstance(tensors, tuple | list) else (tensors,)
    if len(tensors) != len(run.rows):
        raise InvalidInputError(
            f"baseline must be a tensor for each of the {len(run.rows)} inputs; got {len(tensors)}."
        )
    return given(tensors[number], run.question.inputs[number])[run.samples.to(rows.device)]


def given(baseline: object, inputs: Tensor) -> Tensor:
    """Return a caller's own baseline, shape (*input) or (1, *input) or (batch, *input), spread over the batch.

    Raises
    ------
    InvalidInputError
        For another shape, with both shapes, and for anything but a tensor.
    """
    if not isinstance(baseline, Tensor):
        raise InvalidInputError(
            f"baseline at the call must be a tensor; got {str(baseline)[:40]!r}. A name or a number is a setting: "
            "method(..., baseline=...). From numpy: torch.from_numpy(array)."
        )
    shape = tuple(inputs.shape)
    if tuple(baseline.shape) not in (shape, shape[1:], (1, *shape[1:])):
        raise InvalidInputError(
            f"baseline must have the shape of one input, {shape[1:]}, or of all, {shape}; got {tuple(baseline.shape)}."
        )
    if not all_finite(baseline):
        raise InvalidInputError("baseline must be finite; got NaN or infinite values.")
    return baseline.detach().to(inputs).expand_as(inputs)


def blurred(x: Tensor, sigmas: Sequence[float]) -> Tensor:
    """Return x blurred along its last axes, each by a Gaussian of so many cells; the edge values go on beyond it."""
    for axis, sigma in enumerate(sigmas, x.ndim - len(sigmas)):
        reach = math.floor(_REACH * sigma + 0.5)
        taps = torch.arange(-reach, reach + 1, dtype=x.dtype, device=x.device)
        kernel = torch.exp(-0.5 * (taps / sigma) ** 2)
        rows = x.movedim(axis, -1)
        padded = nn.functional.pad(rows.reshape(-1, 1, rows.shape[-1]), (reach, reach), mode="replicate")
        smooth = nn.functional.conv1d(padded, (kernel / kernel.sum())[None, None]).reshape(rows.shape)
        x = smooth.movedim(-1, axis)
    return x
