"""Which parts an input is cut into: a label map of the caller's own, windows of each channel, or superpixels."""

from __future__ import annotations

import torch
from torch import Tensor

from pellucid.attribution.run import Run
from pellucid.core.errors import InvalidInputError, missing_extra

WINDOWS = 16  # a channel, where nothing was said
SUPERPIXELS = 50


class Parts:
    """The parts of some samples.

    Parameters
    ----------
    labels
        Number of the part that an element belongs to, -1 where it is never changed; shape (batch, *input) or what can
        be broadcast to it.
    count
        How many parts there are; a sample may lack some.
    shape
        Of one input.

    Attributes
    ----------
    present
        For each sample the numbers of the parts that it has, ascending.
    """

    def __init__(self, labels: Tensor, count: int, shape: tuple[int, ...]) -> None:
        self.labels, self.count, self.shape = labels, count, shape
        self.present = [torch.unique(own[own >= 0]).cpu() for own in labels]

    def masked(self, sample: int, kept: Tensor, rows: Tensor, start: Tensor) -> Tensor:
        """Return a sample with the parts that are not kept replaced, shape (row, *input).

        Parameters
        ----------
        kept
            Shape (row, part): of the parts that the sample has, those that stay.
        rows, start
            The sample and what replaces it, (*input).
        """
        every = torch.ones(len(kept), self.count + 1, dtype=torch.bool)  # the last column is that of label -1
        every[:, self.present[sample]] = kept
        return torch.where(every.to(rows.device)[:, self.labels[sample]], rows, start)

    def spread(self, weights: Tensor) -> Tensor:
        """Return (batch, target, part) as (batch, target, *input): each part's weight evenly on its elements."""
        return torch.stack([self._spread(sample, weights[sample]) for sample in range(len(weights))])

    def _spread(self, sample: int, weights: Tensor) -> Tensor:
        labels = self.labels[sample]
        copies = torch.Size(self.shape).numel() // labels.numel()  # of a label, where it is broadcast
        sizes = torch.bincount(labels.flatten() + 1, minlength=self.count + 1)[1:] * copies
        shares = torch.nn.functional.pad(weights / sizes.clamp(min=1).to(weights), (0, 1))
        return shares[:, labels].expand(-1, *self.shape)


def parts_of(run: Run, number: int | None) -> Parts:
    """Return the parts of a run's samples.

    Parameters
    ----------
    number
        Used where no `parts=` was given at the call. In one dimension the windows of each channel, 16 by default and
        at most one a sample; in two or three the most superpixels, 50 by default. Inputs without space or time,
        (batch, feature), have a part for each feature.

    Raises
    ------
    InvalidInputError
        For a label map of floats, of a wrong shape or with fewer than two parts, and for more windows than samples.
    MissingExtraError
        Where superpixels need scikit-image.
    """
    labels = run.option("parts")
    inputs = run.rows[run.number]
    if labels is not None:
        parts = _given(labels, run)
    elif inputs.ndim <= 3:
        parts = _windows(inputs, number)
    else:
        parts = _superpixels(inputs, SUPERPIXELS if number is None else number)
    for sample, numbers in zip(run.samples, parts.present, strict=True):
        if len(numbers) < 2:
            raise InvalidInputError(f"parts must be two or more; sample {int(sample)} has {len(numbers)}.")
    return parts


def _given(labels: object, run: Run) -> Parts:
    if not isinstance(labels, Tensor):
        raise InvalidInputError(
            f"parts at the call must be a tensor of labels; got {type(labels).__name__}. "
            "From numpy: torch.from_numpy(array). A number is a setting: method(..., parts=16)."
        )
    if labels.is_floating_point() or labels.is_complex():
        raise InvalidInputError(f"parts must be labels, whole numbers; got {labels.dtype}.")
    inputs = run.question.inputs[run.number]
    shape = tuple(inputs.shape[1:])
    spread = labels.reshape((1,) * (inputs.ndim - labels.ndim) + labels.shape)
    fits = 0 < labels.ndim <= inputs.ndim
    if not fits or any(own not in (1, of) for own, of in zip(spread.shape, inputs.shape, strict=True)):
        raise InvalidInputError(
            f"parts must fit the shape of one input, {shape}, or of all, {tuple(inputs.shape)}, where an axis may "
            f"have size 1; got {tuple(labels.shape)}."
        )
    spread = spread.detach().to(inputs.device, torch.int64)
    names = torch.unique(spread[spread >= 0])
    numbers = torch.where(spread >= 0, torch.searchsorted(names, spread.contiguous()), -1)
    return Parts(numbers.expand(len(inputs), *numbers.shape[1:])[run.samples.to(inputs.device)], len(names), shape)


def _windows(inputs: Tensor, number: int | None) -> Parts:
    shape = tuple(inputs.shape[1:])
    channels, size = shape if len(shape) == 2 else (shape[0], 1)
    windows = min(WINDOWS, size) if number is None else number
    if windows > size:
        raise InvalidInputError(f"parts must be at most one a sample, {size} for each channel; got {windows}.")
    window = torch.arange(size, device=inputs.device) * windows // size
    labels = torch.arange(channels, device=inputs.device)[:, None] * windows + window
    return Parts(labels.reshape(shape).expand(inputs.shape), channels * windows, shape)


def _superpixels(inputs: Tensor, number: int) -> Parts:
    if number < 4:
        raise InvalidInputError(f"parts must be 4 superpixels or more; got {number}. Fewer: a label map at the call.")
    labels = torch.stack([superpixels(image, number) for image in inputs])
    return Parts(labels[:, None].to(inputs.device), number, tuple(inputs.shape[1:]))


def superpixels(image: Tensor, number: int) -> Tensor:
    """Return at most `number` superpixels of an image, shape (*space) of (channel, *space), by SLIC.

    SLIC treats the number as a hint and merges what noise tears apart: where it comes out too high the hint is
    lowered, where at less than half the cells are held together more tightly.
    """
    try:
        from skimage.segmentation import slic
    except ImportError as error:
        raise missing_extra("scikit-image", "image", "cutting an image into superpixels") from error

    values = image.detach().cpu().double().numpy()
    hint, compactness = number, 0.1
    for _ in range(20):
        labels = slic(
            values, n_segments=hint, compactness=compactness, channel_axis=0, start_label=0, convert2lab=False
        )
        found = int(labels.max()) + 1
        if found > number:
            hint = max(1, min(hint - 1, hint * number // found))
        elif 2 * found < number:
            compactness *= 10
        else:
            break
    if found > number:
        raise InvalidInputError(f"superpixels of an image {tuple(image.shape)} must be {number} at most; got {found}.")
    return torch.from_numpy(labels)
