"""Whether a sample has an answer of its own, whatever else is in its batch."""

from __future__ import annotations

import torch
from torch import Tensor

from pellucid.attribution.question import Question
from pellucid.attribution.target import logits_of
from pellucid.core.errors import NotApplicableError


def refuse_mixing(alone: Tensor, together: Tensor) -> None:
    """Refuse a module whose logits about a sample are others in company than alone.

    Parameters
    ----------
    alone, together
        The logits of one sample, (1, logit).

    Raises
    ------
    NotApplicableError
        Where they differ by more than rounding.
    """
    alone, together = alone.detach(), together.detach()
    scale = torch.maximum(alone.abs().max(), together.abs().max())
    apart = (alone - together).abs()
    if bool(apart.max() > torch.finfo(alone.dtype).eps ** 0.5 * scale):
        worst = int(apart.argmax())
        raise NotApplicableError(
            f"the module's answer about a sample depends on what else is in its batch (logit {worst} is "
            f"{float(alone.flatten()[worst]):.4g} alone, {float(together.flatten()[worst]):.4g} in company), so that "
            "no sample has an explanation of its own. Transformer layers need batch_first=True; statistics over the "
            "batch, or chance, must go. A tensor in arguments= with as many entries as the batch is taken as one a "
            "sample: wrap it in the module if it is none."
        )


def beside_another(question: Question) -> Tensor | None:
    """Return the first sample's logits with a louder copy of it in the batch, (1, logit); None if those are no numbers.

    Cost: one pass forward of two rows.
    """
    rows = tuple(torch.cat([tensor.detach()[:1], tensor.detach()[:1] * 1.5]) for tensor in question.inputs)
    arguments = question.arguments_for(torch.zeros(2, dtype=torch.int64))
    with torch.no_grad():
        output = question.module(*rows, *arguments)
    try:
        return logits_of(output, question.output, 2)[:1]
    except NotApplicableError:  # the louder copy lies outside of what the module can take
        return None
