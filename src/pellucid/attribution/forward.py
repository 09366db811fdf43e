"""One pass of a module over some rows, ready for the way back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from pellucid.attribution.acceptance import is_of_memory
from pellucid.attribution.finite import all_finite
from pellucid.attribution.first_look import FirstLook
from pellucid.attribution.layers import Capture
from pellucid.attribution.question import Question
from pellucid.attribution.recorder import Recorder
from pellucid.attribution.target import logits_of
from pellucid.core.errors import NotApplicableError

_GRADIENTS = 4  # one part in so many of the memory is for the gradients of several targets


class Forward:
    """The logits of some rows, with gradients to a copy of the inputs of their own.

    Parameters
    ----------
    rows
        The inputs of these rows, (row, *input) each.
    arguments
        Of the same rows.
    watched
        Whether this is the first pass, which refuses chance and measures its cost.

    Attributes
    ----------
    logits
        Shape (row, logit).
    bytes_a_row
        What a row costs; 0 if the pass was neither watched nor recorded.
    doubtful
        Whether only a pass of two rows can tell if the module mixes them.
    """

    def __init__(
        self, question: Question, rows: tuple[Tensor, ...], arguments: tuple[Any, ...], *, watched: bool = False
    ) -> None:
        self.question = question
        self.leaves = tuple(_leaf(tensor) for tensor in rows)
        entrances = [leaf.clone() for leaf in self.leaves]  # a module may write into what it is given
        self.recorder = Recorder(entrances[0]) if question.recorded else None
        look = self.recorder or (FirstLook() if watched else None)
        self.capture = Capture(question.module, question.layer if question.recorded else None)
        with self.capture:
            if look is None:
                output = question.module(*entrances, *arguments)
            else:
                with look:
                    output = question.module(*entrances, *arguments)
        self.logits = logits_of(output, question.output, len(rows[0]))
        self.bytes_a_row = look.bytes // len(rows[0]) if look is not None else 0
        self.doubtful = look is not None and look.doubtful and len(rows[0]) == 1

    def gradients(
        self, classes: Tensor, sources: tuple[Tensor, ...] | None = None, *, keep: bool
    ) -> tuple[Tensor, ...]:
        """Return the gradient of each row's logit of its class, by default to the inputs.

        Parameters
        ----------
        classes
            Shape (row,).
        keep
            Whether more gradients will be asked of this pass.

        Raises
        ------
        NotApplicableError
            Where a source does not reach the logit, and for NaN.
        """
        wanted, name = (self.leaves, "input") if sources is None else (sources, "layer")
        score = self.logits.gather(1, classes.to(self.logits.device)[:, None]).sum()
        if not score.requires_grad:
            raise NotApplicableError(_unreached(name, wanted, 0))
        found = []
        for number, gradient in enumerate(_gradients(score, wanted, keep)):
            if gradient is None:
                raise NotApplicableError(_unreached(name, wanted, number))
            if not all_finite(gradient):
                raise NotApplicableError(
                    "the gradient of the logit is NaN or infinite (a root or a logarithm at zero, or a division by "
                    "zero); no method that uses it can answer. `occlusion` needs no gradient."
                )
            found.append(gradient)
        return tuple(found)

    def targets_at_once(self, source: Tensor) -> int:
        """Return for how many targets the gradient to a value may be asked at once: with hooks on the way, for one."""
        parts = self.question.module.modules()
        if any(part._forward_hooks or part._backward_hooks or part._backward_pre_hooks for part in parts):
            return 1  # they would see the gradients of many targets as one tensor of another kind
        return max(1, self.question.memory // (_GRADIENTS * source.numel() * source.element_size()))

    def gradients_at_once(self, classes: Tensor, source: Tensor) -> Tensor | None:
        """Return the gradient of all targets' logits to one value, (target, *value); None where torch has no such way.

        Large dense layers are then read once and not for each target, which may take a fraction of the time.

        Parameters
        ----------
        classes
            Shape (row, target).
        """
        starts = functional.one_hot(classes.T.to(self.logits.device), self.logits.shape[1]).to(self.logits)
        try:
            (found,) = torch.autograd.grad(self.logits, source, starts, retain_graph=True, is_grads_batched=True)
        except RuntimeError:  # for what reason, the way target by target will say in words
            return None
        return found if all_finite(found) else None


def _gradients(score: Tensor, sources: tuple[Tensor, ...], keep: bool) -> tuple[Tensor | None, ...]:
    try:
        return torch.autograd.grad(score, sources, retain_graph=keep, allow_unused=True)
    except RuntimeError as error:
        if is_of_memory(error):
            raise
        reason = str(error).split(". ")[0].split(" Hint:")[0]
        remedy = "A module that can be trained can be explained: write what is overwritten in place out of place."
        if "use_reentrant" in str(error):
            remedy = "Call torch.utils.checkpoint with use_reentrant=False."
        raise NotApplicableError(f"the way back through the module fails: {reason}. {remedy}") from error


def _leaf(tensor: Tensor) -> Tensor:
    plain = tensor.detach()
    return (plain.clone() if plain.is_inference() else plain).requires_grad_()


def _unreached(kind: str, sources: tuple[Tensor, ...], number: int) -> str:
    name = f"{kind} {number}" if len(sources) > 1 else f"the {kind}"
    return (
        f"{name} does not reach the logit: the module does not use it, or cuts the way back (detach, no_grad, numpy, "
        "argmax). Pass what is not to be explained with arguments=(...)."
    )
