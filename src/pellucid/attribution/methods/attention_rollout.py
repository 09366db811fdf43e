"""Attention rollout: attention weights multiplied through the layers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from pellucid.attribution.attribution import Kind
from pellucid.attribution.method import Method
from pellucid.attribution.parts import Parts, parts_of
from pellucid.attribution.rules.attention import attentions, refuse_windows
from pellucid.attribution.rules.derivatives import gradient
from pellucid.attribution.rules.engine import Step, propagate
from pellucid.attribution.rules.way_back import starts
from pellucid.attribution.run import Run
from pellucid.attribution.tape.tape import Tape, Value
from pellucid.core.errors import InvalidInputError, NotApplicableError


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionRollout(Method):
    """How much each token reaches the last layer, if attention were all that happened.

    plain:      R = A_L ... A_1,   A = (mean over heads + I) / 2
    weighted:   R <- R + mean over heads of max(dz_c/dA * A, 0) R,   from I

    The score of a token is the column mean of R, or the row of the first (class) token. `details["tokens"]` has the
    scores, `details["entropy"]` how even they are (1: all the same, which says nothing).

    Parameters
    ----------
    gradient
        Weigh by the gradient, which makes it specific to a class.
    read_out
        "mean" over all tokens, or "first" where the logits are read off a class token.

    At the call `parts=` maps tokens to the input: a label map shaped like one input (or what can be broadcast to it)
    with the number of the token that an element went into, -1 for none. Without one the scores cannot be drawn.

    Axioms: none; values, feed-forward layers and norms are ignored.
    Cost: one pass forward; weighted, for each class one back.
    Source: Abnar and Zuidema 2020, arXiv 2005.00928; weighted: Chefer et al. 2021, arXiv 2103.15679, equations 5, 6.
    """

    taped: ClassVar[bool] = True
    several_inputs: ClassVar[bool] = False
    options: ClassVar[tuple[str, ...]] = ("parts",)

    gradient: bool = False
    read_out: Literal["mean", "first"] = "mean"

    @property
    def kind(self) -> Kind:
        """Always positive."""
        return "positive"

    def relevance(self, run: Run) -> Tensor:
        """Return each token's score, evenly on the elements that went into it."""
        batch = len(run.samples)
        weights = attentions(run.recorded.tape, batch)
        for value in weights:
            refuse_windows(value, batch)
        if self.gradient:
            rolled = torch.stack([_weighted(run.recorded.tape, start, weights, batch) for start in starts(run)], 1)
        else:
            rolled = _plain(weights, batch)[:, None].expand(-1, run.classes.shape[1], -1, -1)
        scores = rolled.mean(-2) if self.read_out == "mean" else rolled[..., 0, :]
        run.declare(details={"tokens": scores, "entropy": _evenness(scores)})
        return _tokens(run, scores.shape[-1]).spread(scores)


def _heads(value: Value, batch: int) -> Tensor:
    """Return attention weights as (batch, head, query, key)."""
    data = value.data
    return data.reshape(batch, -1, *data.shape[-2:])


def _plain(weights: list[Value], batch: int) -> Tensor:
    rolled = _eye(weights, batch)
    half = rolled / 2
    for value in weights:
        rolled = (_heads(value, batch).mean(1) / 2 + half) @ rolled
    return rolled


def _weighted(tape: Tape, start: Tensor, weights: list[Value], batch: int) -> Tensor:
    seen: dict[Value, Tensor] = {}
    wanted = set(weights)

    def watched(step: Step) -> None:
        if step.node.outs[0] in wanted and step.message.c is not None:
            seen[step.node.outs[0]] = step.message.c
        gradient(step)

    propagate(tape, start, lambda node: watched)
    rolled = _eye(weights, batch)
    for value in weights:
        slope = seen[value].reshape(batch, -1, *value.data.shape[-2:])
        rolled = rolled + (slope * _heads(value, batch)).clamp(min=0).mean(1) @ rolled
    return rolled


def _eye(weights: list[Value], batch: int) -> Tensor:
    sizes = {tuple(value.data.shape[-2:]) for value in weights}
    if len(sizes) > 1 or any(rows != columns for rows, columns in sizes):
        raise NotApplicableError(
            "attention rollout needs layers in which the same tokens attend to each other; the attention weights here "
            f"have the sizes {', '.join(f'{q}x{k}' for q, k in sorted(sizes))}. `attention_lrp` takes any."
        )
    data = weights[0].data
    return torch.eye(data.shape[-1], dtype=data.dtype, device=data.device).expand(batch, -1, -1)


def _evenness(scores: Tensor) -> Tensor:
    shares = scores / scores.sum(-1, keepdim=True).clamp(min=torch.finfo(scores.dtype).tiny)
    entropy: Tensor = -torch.special.xlogy(shares, shares).sum(-1)
    return entropy / math.log(max(2, scores.shape[-1]))


def _tokens(run: Run, count: int) -> Parts:
    if run.option("parts") is None:
        raise NotApplicableError(
            f"attention_rollout scores {count} tokens; where they lie on the input is not in the module. Give "
            "parts=, a label map shaped like one input with each element's token, or -1 for none."
        )
    given, inputs = run.option("parts"), run.rows[run.number]
    shape = parts_of(run, None).shape  # refuses what is no label map
    labels = given.reshape((1,) * (inputs.ndim - given.ndim) + given.shape).to(inputs.device, torch.int64)
    if int(labels.max()) >= count:
        raise InvalidInputError(
            f"parts must number the module's {count} tokens, 0 to {count - 1}; got {int(labels.max())}."
        )
    whole = labels.expand(run.question.batch, *labels.shape[1:])
    return Parts(whole[run.samples.to(inputs.device)].clamp(min=-1), count, shape)
