"""Which logit is explained: one class for all, one a sample, or all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pellucid.attribution.finite import all_finite
from pellucid.core.errors import InvalidInputError, NotApplicableError

Target = int | Sequence[int] | Tensor | NDArray[np.integer[Any]] | Literal["all"] | None


@dataclass(frozen=True, slots=True)
class Targets:
    """The classes asked for, resolved.

    Attributes
    ----------
    classes
        Shape (batch, target): indices of logits.
    single
        One class a sample was asked for: the answer has no axis for it.
    stated
        As JSON can hold it: an index, a list, "all" or None.
    """

    classes: Tensor
    single: bool
    stated: int | list[int] | list[list[int]] | str | None


def resolve(target: Target, *, batch: int, logits: int) -> Targets:
    """Return what `target` means for `batch` samples of `logits` logits each.

    Parameters
    ----------
    target
        An index for all samples; a list, array or tensor with one a sample, or a 2-D one with several a sample,
        (batch, target); "all"; None where the module has one logit.

    Raises
    ------
    InvalidInputError
        For a missing, unknown or out-of-range class and a list of the wrong length.
    """
    if target is None:
        if logits != 1:
            raise InvalidInputError(
                f"target must name one of the module's {logits} logits, 0 to {logits - 1}, or 'all'; got None. "
                "Only a module of one logit needs no target."
            )
        return Targets(torch.zeros(batch, 1, dtype=torch.int64), True, None)
    if isinstance(target, str):
        if target != "all":
            raise InvalidInputError(
                f"target must be an index of a logit, a list with one a sample, or 'all'; got {target!r}. "
                "Class names are known to a Network, not to a module: use its classes.index(name)."
            )
        return Targets(torch.arange(logits).repeat(batch, 1), False, "all")
    if isinstance(target, Tensor | np.ndarray | list | tuple | range):
        return _many(target, batch, logits)
    try:
        number = whole(target)
    except TypeError:
        raise InvalidInputError(
            f"target must be an index of a logit, a list with one a sample, or 'all'; got {target!r}."
        ) from None
    _refuse_outside([number], logits)
    return Targets(torch.full((batch, 1), number, dtype=torch.int64), True, number)


def _many(target: Tensor | NDArray[Any] | Sequence[Any], batch: int, logits: int) -> Targets:
    try:
        if isinstance(target, Sequence) and all(isinstance(item, Tensor) for item in target):
            target = [item.item() for item in target]
        classes = torch.as_tensor(target).detach().cpu()
    except (TypeError, ValueError, RuntimeError) as error:
        raise InvalidInputError(f"target must be whole numbers, one a sample; got {target!r}.") from error
    if classes.is_floating_point() or classes.is_complex() or classes.dtype == torch.bool:
        raise InvalidInputError(f"target must be indices of logits, whole numbers; got {classes.dtype}.")
    if classes.ndim == 0:
        return resolve(int(classes), batch=batch, logits=logits)
    if classes.ndim > 2 or len(classes) != batch or classes.numel() == 0:
        raise InvalidInputError(
            f"target must hold one class a sample, {batch} for this batch; got the shape {tuple(classes.shape)}. "
            "A single index stands for all samples."
        )
    classes = classes.to(torch.int64)
    _refuse_outside(classes.flatten().tolist(), logits)
    single = classes.ndim == 1
    return Targets(classes.reshape(batch, -1), single, classes.tolist())


def whole(value: Any) -> int:
    """Return a whole number of any kind, numpy's too.

    Raises
    ------
    TypeError
        For anything else, booleans among it.
    """
    if isinstance(value, bool | np.bool_):
        raise TypeError
    return index(value)


def _refuse_outside(classes: list[int], logits: int) -> None:
    for number in classes:
        if not 0 <= number < logits:
            raise InvalidInputError(
                f"target must lie in 0 to {logits - 1}, for the module has {logits} logit{'s' * (logits > 1)}; "
                f"got {number}."
            )


def logits_of(output: Any, field: str | int | None, rows: int) -> Tensor:
    """Return a module's logits, shape (row, logit), out of what it gave.

    Parameters
    ----------
    field
        Which entry of a tuple (its number) or dict (its key, or an attribute's name) holds the logits.

    Raises
    ------
    InvalidInputError
        For a field that is not there, or missing where there are several.
    NotApplicableError
        For logits of any other shape than (batch, logit), (batch, 1) or (batch,), and for NaN.
    """
    value = chosen(output, field)
    if not isinstance(value, Tensor):
        raise NotApplicableError(
            f"the module must give a tensor of logits; it gave {type(value).__name__}. {_choices(value)}"
        )
    if value.ndim not in (1, 2) or len(value) != rows or value.numel() == 0:
        raise NotApplicableError(
            f"the module must give logits of the shape ({rows}, logit) or ({rows},) for {rows} "
            f"sample{'s' * (rows > 1)}; it gave {tuple(value.shape)}. Wrap it in a module that picks or pools them."
        )
    if not value.is_floating_point():
        raise NotApplicableError(f"the module must give logits as floating-point numbers; it gave {value.dtype}.")
    if not all_finite(value):
        raise NotApplicableError("the module gave NaN or infinite logits for these inputs; nothing can be explained.")
    return value.reshape(rows, -1)


def chosen(output: Any, field: str | int | None) -> Any:
    """Return what a module gave, or the field of it that was asked for.

    Raises
    ------
    InvalidInputError
        For a field that is not there.
    """
    if field is None:
        return output
    try:
        if isinstance(field, str) and not isinstance(output, Mapping):
            return getattr(output, field)
        return output[field]
    except (KeyError, IndexError, AttributeError, TypeError):
        raise InvalidInputError(
            f"output must name a field of what the module gives; got {field!r}. {_choices(output)}"
        ) from None


def _choices(output: Any) -> str:
    if isinstance(output, Mapping):
        return f"Choose its logits with output=, one of {', '.join(map(repr, output))}."
    if isinstance(output, tuple | list):
        names = getattr(output, "_fields", range(len(output)))
        return f"Choose its logits with output=, one of {', '.join(map(repr, names))}."
    return f"It gave {type(output).__name__}."
