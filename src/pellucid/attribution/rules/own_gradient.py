"""Whether a module's gradient is the slope of what it computes, or one of its own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pellucid.attribution.forward import Forward
from pellucid.attribution.question import Question
from pellucid.attribution.rules.derivatives import gradient
from pellucid.attribution.rules.engine import one_hot, propagate
from pellucid.attribution.tape.recording import Recorded


def own_gradient(
    question: Question, recorded: Recorded, rows: tuple[Tensor, ...], arguments: tuple[Any, ...], classes: Tensor
) -> str | None:
    """Return what must be said of a module whose gradient is another than the slope of what it computes.

    Asked only where a step ran while gradients were off. Cost: then a pass forward and two ways back.

    Parameters
    ----------
    recorded
        The pass of these rows and arguments.
    classes
        Shape (row,).
    """
    if not recorded.ungraded:
        return None
    start = one_hot(recorded.tape, recorded.logits, classes)
    try:
        written = Forward(question, rows, arguments).gradients(classes, keep=False)
        slopes = propagate(recorded.tape, start, lambda _: gradient)
    except Exception:  # noqa: BLE001  # a backward of its own may fail in any way; then there is nothing to compare
        return None
    if not any(_differ(one, other.c) for one, other in zip(written, slopes, strict=True) if other is not None):
        return None
    return (
        "the module's gradient is not the slope of what it computes: a part runs under torch.no_grad, or in an "
        "autograd function with a backward of its own (straight-through, reversed). This method follows what is "
        "computed; saliency and the other methods of the plain gradient follow the module's own."
    )


def _differ(one: Tensor, other: Tensor | None) -> bool:
    other = torch.zeros_like(one) if other is None else other
    scale = torch.maximum(one.abs().max(), other.abs().max())
    return bool((one - other).abs().max() > torch.finfo(one.dtype).eps ** 0.5 * scale)
