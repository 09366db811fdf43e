"""Whether a sample has an answer of its own, the same each time and whatever else is in its batch."""

from __future__ import annotations

import pickle
import random

import torch
from numpy.random import get_state
from torch import Tensor

from pellucid.attribution.acceptance import REFUSALS, accepted
from pellucid.attribution.question import Question
from pellucid.attribution.target import logits_of
from pellucid.core.errors import NotApplicableError


def refuse_mixing(question: Question, alone: Tensor, together: Tensor) -> None:
    """Refuse a module whose logits about a sample are others in company than alone.

    Parameters
    ----------
    question
        What the module computes in, which its logits may not tell.
    alone, together
        The logits of one sample, (1, logit).

    Raises
    ------
    NotApplicableError
        Where they differ by more than rounding.
    """
    alone, together = alone.detach(), together.detach()
    if _differ(question, alone, together):
        worst = int((alone - together).abs().argmax())
        raise NotApplicableError(
            f"the module's answer about a sample depends on what else is in its batch (logit {worst} is "
            f"{float(alone.flatten()[worst]):.4g} alone, {float(together.flatten()[worst]):.4g} in company), so that "
            "no sample has an explanation of its own. Transformer layers need batch_first=True; statistics over the "
            "batch, or chance, must go. A tensor in arguments= with as many entries as the batch is taken as one a "
            "sample: wrap it in the module if it is none."
        )


def _differ(question: Question, logits: Tensor, others: Tensor) -> bool:
    """Return whether they differ by more than rounding, measured by the largest: one near zero may be all rounding."""
    scale = torch.maximum(logits.abs().max(), others.abs().max())
    tensors = (logits, *question.inputs, *question.module.parameters())
    coarsest = max(torch.finfo(kind).eps for kind in {tensor.dtype for tensor in tensors} if kind.is_floating_point)
    return bool((logits - others).abs().max() > coarsest**0.5 * scale)


def beside_another(question: Question) -> Tensor | None:
    """Return the first sample's logits with a louder copy of it in the batch, (1, logit); None if those are no numbers.

    A module that refuses the louder one has its like beside it. Cost: one pass forward of two rows.

    Raises
    ------
    NotApplicableError
        For a module that takes one sample, and not two.
    """
    twice = tuple(tensor.detach()[[0, 0]] for tensor in question.inputs)
    rows = tuple(torch.cat([tensor[:1], tensor[1:] * 1.5]) for tensor in twice)
    arguments = question.arguments_for(torch.zeros(2, dtype=torch.int64))
    with torch.no_grad():
        try:
            output = question.module(*rows, *arguments)
        except REFUSALS:
            with accepted(question, twice, arguments):
                output = question.module(*(row.clone() for row in twice), *arguments)
    try:
        return logits_of(output, question.output, 2)[:1]
    except NotApplicableError:  # the louder copy lies outside of what the module can take
        return None


def dice() -> tuple[object, bytes]:
    """Return the states of Python's and numpy's global generators, which torch does not see."""
    state = get_state(legacy=False)  # noqa: NPY002  # what a module may draw with; it is only read
    return random.getstate(), pickle.dumps(state)


def refuse_chance(question: Question, rows: tuple[Tensor, ...], logits: Tensor) -> None:
    """Refuse a module that answers otherwise when it is asked again.

    Cost: one pass forward; for where a global generator has moved, which may have been another thread's doing.

    Parameters
    ----------
    rows, logits
        Of the first pass.

    Raises
    ------
    NotApplicableError
        Where the logits differ by more than rounding.
    """
    arguments = question.arguments_for(torch.zeros(len(logits), dtype=torch.int64))
    with torch.no_grad():
        again = logits_of(question.module(*(row.clone() for row in rows), *arguments), question.output, len(logits))
    if _differ(question, again, logits.detach()):
        raise NotApplicableError(
            "the module draws random numbers of Python or numpy in its forward pass, so that no two passes are of the "
            "same function. Take the chance out of it, or let it depend on self.training and call module.eval()."
        )
